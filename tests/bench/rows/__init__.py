"""What is measured: one file per group of rows, each with a `measure` that returns them."""
