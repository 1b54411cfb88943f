"""Processes: how the command is started and who serves it."""
