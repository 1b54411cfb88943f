"""What phantomrun is compared with: each peer does the same swap, toward the same upstream."""
