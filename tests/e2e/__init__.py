"""End to end: real clients, the real command, and an upstream of our own."""
