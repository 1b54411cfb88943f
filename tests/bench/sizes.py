"""How much of everything: enough to trust, enough to glance at, or enough to see that it works."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    name: str
    limit_s: int  # the whole run is stopped past this
    starts: int  # pairs of start-ups
    rounds: int  # rounds of single-connection requests
    requests: int  # per round and door
    load_rounds: int  # rounds at 32 connections
    load_s: int  # per round and door
    streams: int  # pairs of event streams
    events: int  # per stream
    soak_requests: int
    upload_bytes: int
    closings: int  # per way to end


SMOKE = Size("smoke", 120, 2, 1, 50, 1, 1, 1, 50, 1_000, 8 << 20, 3)
QUICK = Size("quick", 600, 15, 5, 400, 3, 2, 3, 500, 20_000, 256 << 20, 30)
FULL = Size("full", 1800, 61, 15, 1000, 9, 3, 9, 1000, 100_000, 1 << 30, 200)
