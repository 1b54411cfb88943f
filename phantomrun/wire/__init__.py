"""Protocols, sans-IO: bytes in, actions out."""
