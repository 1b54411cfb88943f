"""phantomrun: run a command with phantom credentials."""

__version__ = "0.1.0"
