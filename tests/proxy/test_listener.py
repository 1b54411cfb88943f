"""The doors: loopback only, and a clear word when there is none left."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from phantomrun.proxy import listener

NO_DESCRIPTORS = """
import resource
from phantomrun.errors import LaunchError
from phantomrun.proxy import listener
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
doors = []
try:
    while True:
        doors.append(listener.bind())
except LaunchError as failure:
    print(failure.exit_code, failure.code, failure.message)
"""


def test_a_door_is_on_the_literal_loopback_address() -> None:
    bound = listener.bind()
    port = listener.port(bound)

    with listener.opened(bound) as door:
        assert door.getsockname() == ("127.0.0.1", port)
        assert 1024 < port < 65536
        assert not door.get_inheritable()


def test_running_out_of_descriptors_is_a_launch_error() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 8

    done = subprocess.run(
        [sys.executable, "-c", NO_DESCRIPTORS], capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith("125 PR-PORT no port on 127.0.0.1 could be opened: "), done.stderr


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0,  # noqa: S607
    reason="needs a network namespace of its own, which this system does not allow",
)
def test_running_out_of_ports_is_a_launch_error() -> None:
    script = (
        "ip link set lo up 2>/dev/null; "
        'echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range && exec "$@"'
    )
    code = NO_DESCRIPTORS.replace("(8, 8)", "(64, 64)")

    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", script, "sh", sys.executable, "-c", code],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith(
        "125 PR-PORT no port on 127.0.0.1 could be opened: every port is taken"
    ), done.stderr
