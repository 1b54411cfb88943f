"""Sockets: carries out what a wire asks."""
