"""Scrubbing: secret → phantom in everything that comes back, however it is sliced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phantomrun.core.forms import Needles


class Scrubber:
    """Scrubs a stream, holding back only bytes that can still become a form of a secret."""

    __slots__ = ("_held", "_needles")

    def __init__(self, needles: Needles) -> None:
        self._needles = needles
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what may be passed on now."""
        if self._held:
            data = self._held + data
        held_from = self._needles.open_end(data, 0)
        if not self._needles.present(data):
            self._held = data[held_from:]
            return data[:held_from] if self._held else data
        return self._replacing(data, held_from)

    def flush(self) -> bytes:
        """Return what was held back; the stream has ended."""
        held, self._held = self._held, b""
        return self._needles.ended(held)

    def _replacing(self, data: bytes, held_from: int) -> bytes:
        done: list[bytes] = []
        start = 0
        # a form that starts where a longer one might still grow waits with it, so that the
        # result does not depend on where the stream was cut (test_slicing_never_matters)
        for at, end, replacement in self._needles.found(data):
            if at >= held_from:
                break
            done += (data[start:at], replacement)
            start = end
            if held_from < start:
                held_from = self._needles.open_end(data, start)
        self._held = data[held_from:]
        done.append(data[start:held_from])
        return b"".join(done)
