"""The speed table: phantomrun beside nginx and its peers, measured in one run on one machine."""
