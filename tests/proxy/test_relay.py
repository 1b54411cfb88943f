"""The relay on real sockets: back-pressure, hanging up, cut connections."""

from __future__ import annotations

import asyncio
import socket

import pytest

from phantomrun.proxy.relay import FIRST_REQUEST_S, Relay
from phantomrun.proxy.upstream import Pool
from phantomrun.wire.http.door import Door
from phantomrun.wire.http.exchange import HttpWire
from tests.proxy.ground import PHANTOM, REAL, Proxied, head, proxied, rest, serving

MIB = 1 << 20


def test_swaps_on_the_way_out_and_scrubs_on_the_way_back() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request), request))

    async def scenario() -> None:
        async with serving(echo) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            writer.write(door.request("/x", fields="Connection: close\r\n"))
            answer = await rest(reader)
            writer.close()

        assert b"GET /x HTTP/1.1" in answer
        assert b"Bearer " + PHANTOM in answer
        assert REAL not in answer

    asyncio.run(scenario())


def test_one_upstream_connection_serves_many_exchanges() -> None:
    opened = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await head(reader):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def scenario() -> None:
        async with serving(count) as port, proxied(f"http://127.0.0.1:{port}") as door:
            for _ in range(3):  # children that do not keep their own connections
                reader, writer = await door.open()
                for _ in range(3):
                    writer.write(door.request())
                    assert (await head(reader)).startswith(b"HTTP/1.1 204 ")
                writer.close()

    asyncio.run(scenario())
    assert opened == 1


def test_pipelined_requests_are_answered_in_order() -> None:
    async def slow_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await head(reader):
            body = request.split()[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def scenario() -> bytes:
        async with serving(slow_first) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            last = door.request("/3", fields="Connection: close\r\n")
            writer.write(door.request("/1") + door.request("/2") + last)
            answer = await rest(reader)
            writer.close()
            return answer

    answer = asyncio.run(scenario())

    assert [line for line in answer.split(b"\r\n") if line.startswith(b"/")] == [
        b"/1HTTP/1.1 200 OK",
        b"/2HTTP/1.1 200 OK",
        b"/3",
    ]


def test_an_upstream_that_does_not_read_stops_the_child() -> None:
    async def scenario() -> int:
        read_on = asyncio.Event()

        async def stubborn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            await read_on.wait()

        async with (
            serving(stubborn, limit=1024) as port,
            proxied(f"http://127.0.0.1:{port}") as door,
        ):
            child = socket.create_connection(("127.0.0.1", door.port))
            child.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(
                child, door.request("/up", method="PUT", fields=f"Content-Length: {512 * MIB}\r\n")
            )
            sent = 0
            try:
                while sent < 512 * MIB:
                    async with asyncio.timeout(1):  # nothing has moved for so long: it stands
                        await loop.sock_sendall(child, bytes(MIB))
                    sent += MIB
            except TimeoutError:
                pass
            child.close()
            read_on.set()
            return sent

    # kernel buffers on both sides and ours: far from the half gigabyte that was offered
    assert asyncio.run(scenario()) < 64 * MIB


def test_a_child_that_does_not_read_stops_the_upstream() -> None:
    sent = 0

    async def generous(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (512 * MIB))
        while sent < 512 * MIB:
            writer.write(bytes(MIB))
            async with asyncio.timeout(1):
                await writer.drain()
            sent += MIB

    async def scenario() -> None:
        stopped = asyncio.Event()

        async def until_it_stands(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            try:
                await generous(reader, writer)
            except TimeoutError:
                stopped.set()

        async with serving(until_it_stands) as port, proxied(f"http://127.0.0.1:{port}") as door:
            child = socket.create_connection(("127.0.0.1", door.port))
            child.sendall(door.request())
            await asyncio.wait_for(stopped.wait(), 20)
            child.close()

    asyncio.run(scenario())
    assert sent < 64 * MIB


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"0\r\n\r\n"),
    ],
    ids=["content-length", "chunked"],
)
def test_a_cut_upstream_is_a_cut_connection(answer: bytes, missing: bytes) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer)

    async def scenario() -> bytes:
        async with serving(cut) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            writer.write(door.request())
            heard = await rest(reader)
            writer.close()
            return heard

    heard = asyncio.run(scenario())

    assert b"half" in heard
    assert not missing or not heard.endswith(missing)


def test_a_cut_answer_of_unknown_length_is_a_reset_for_an_old_client() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")

    async def scenario() -> None:
        async with serving(cut) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            writer.write(door.request().replace(b"HTTP/1.1", b"HTTP/1.0"))
            with pytest.raises(ConnectionResetError):
                await rest(reader)
            writer.close()

    asyncio.run(scenario())


def test_a_child_that_goes_away_takes_its_upstream_connection_with_it() -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
            assert await reader.read() == b""
            gone.set()

        async with serving(forever) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            writer.write(door.request())
            await head(reader)
            writer.close()
            await asyncio.wait_for(gone.wait(), 10)

    asyncio.run(scenario())


def test_a_refusal_arrives_although_the_child_is_still_sending() -> None:
    async def scenario() -> bytes:
        async with proxied("http://127.0.0.1:9") as door:
            reader, writer = await door.open()
            request = door.request("/up", method="POST", fields=f"Content-Length: {8 * MIB}\r\n")
            writer.write(request.replace(PHANTOM, b"stolen") + bytes(8 * MIB))
            answer = await head(reader)
            writer.close()
            return answer

    assert asyncio.run(scenario()).startswith(b"HTTP/1.1 401 ")


def test_an_upstream_that_answers_nobody_is_not_reused() -> None:
    opened = 0

    async def chatty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await head(reader):
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n")

    async def scenario() -> None:
        async with serving(chatty) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            for _ in range(2):
                writer.write(door.request())
                assert (await head(reader)).startswith(b"HTTP/1.1 204 ")
            writer.close()

    asyncio.run(scenario())
    assert opened == 2


def test_a_stale_idle_connection_is_replaced_for_a_request_that_may_be_repeated() -> None:
    answered = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        await head(reader)
        answered += 1
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await head(reader)  # and closes instead of answering, as a server does whose time is up

    async def ask(door: Proxied) -> bytes:
        reader, writer = await door.open()
        writer.write(door.request())
        answer = await head(reader)
        writer.close()
        return answer

    async def scenario() -> tuple[bytes, bytes]:
        async with serving(once) as port, proxied(f"http://127.0.0.1:{port}") as door:
            return await ask(door), await ask(door)

    first, second = asyncio.run(scenario())

    assert first.startswith(b"HTTP/1.1 204 ")
    assert second.startswith(b"HTTP/1.1 204 ")
    assert answered == 2


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward: every timer that is due by then fires."""

    skipped_s = 0.0

    def time(self) -> float:
        return super().time() + self.skipped_s


def test_a_stream_may_think_for_minutes() -> None:
    async def scenario() -> bytes:
        go_on = asyncio.Event()

        async def thinking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhm\r\n")
            await go_on.wait()
            writer.write(b"3\r\naha\r\n0\r\n\r\n")

        async with serving(thinking) as port, proxied(f"http://127.0.0.1:{port}") as door:
            reader, writer = await door.open()
            writer.write(door.request(fields="Connection: close\r\n"))
            heard = await head(reader) + await reader.readexactly(7)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, SkippingLoop)
            for _ in range(8):
                loop.skipped_s += 60
                door.pool.sweep_once(loop.time())
                await asyncio.sleep(0.001)  # several rounds, in which timers fire
            go_on.set()
            heard += await reader.read()
            writer.close()
            return heard

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        heard = runner.run(scenario())

    assert heard.endswith(b"2\r\nhm\r\n3\r\naha\r\n0\r\n\r\n")


async def _put_forward(seconds: float) -> None:
    """Let so much time pass for every timer, in steps, with rounds in which they fire."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    for _ in range(10):
        loop.skipped_s += seconds / 10
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_an_answer_is_complete_however_slowly_it_is_read(version: bytes) -> None:
    size = 8 * MIB

    async def generous(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(size // 65536):
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def scenario() -> int:
        async with serving(generous) as port, proxied(f"http://127.0.0.1:{port}") as door:
            child = socket.create_connection(("127.0.0.1", door.port))
            child.setblocking(False)
            loop = asyncio.get_running_loop()
            request = door.request(fields="Connection: close\r\n")
            await loop.sock_sendall(child, request.replace(b"HTTP/1.1", version))
            heard = 0
            while piece := await loop.sock_recv(child, MIB):
                heard += len(piece)
                if heard < size // 2:
                    await _put_forward(60)
            child.close()
            return heard

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        assert runner.run(scenario()) > size


class Stalled(asyncio.Transport):
    """A child's transport that takes what it is given and notes whether we read from it."""

    noted: tuple[str, ...] = ("reading",)

    def write(self, data: object) -> None:
        """Keep nothing."""

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.noted += ("paused",)

    def resume_reading(self) -> None:
        self.noted += ("reading",)

    def abort(self) -> None:
        """Nothing to close."""


def test_a_child_that_sends_and_never_reads_is_not_read_from() -> None:
    async def scenario() -> None:
        child = Stalled()
        async with asyncio.TaskGroup() as tasks:
            relay = Relay(HttpWire(Door((), origin="http://127.0.0.1:1")), Pool(), tasks)
            relay.connection_made(child)
            relay.pause_writing()
            relay.data_received(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
            assert child.noted[-1] == "paused"

            relay.resume_writing()

            assert child.noted[-1] == "reading"
            relay.connection_lost(None)

    asyncio.run(scenario())


def test_a_connection_that_brings_no_phantom_is_closed_in_time() -> None:
    async def scenario() -> bytes:
        async with proxied("http://127.0.0.1:9") as door:
            reader, writer = await door.open()
            writer.write(b"GET /acme")
            await asyncio.sleep(0)
            await _put_forward(FIRST_REQUEST_S + 1)
            heard = await reader.read()
            writer.close()
            return heard

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        assert runner.run(scenario()) == b""
