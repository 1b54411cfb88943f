"""A command behaves as under env(1): every probe runs both ways, and both must look alike."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.e2e.behaviour import (
    ENV,
    PHANTOMRUN,
    Seen,
    Stage,
    Way,
    bash,
    children_of,
    ended,
    finish,
    make_vault,
    proc,
    stat,
    tool,
    until_it_is,
)
from tests.e2e.canary import WORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into Linux's /proc")
WAYS = pytest.mark.parametrize("way", [ENV, PHANTOMRUN], ids=["env", "phantomrun"])
ALL_BYTES = bytes(range(256))
PYTHON = f"{sys.executable} -I -S -c"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vault(tmp_path_factory.mktemp("vault"))


@pytest.fixture
def stage(tmp_path: Path, vault: Path) -> Stage:
    return Stage(tmp_path, vault)


# Each row: a script, and what it must print on stdout, exit with 0 and leave stderr empty.
SHELL: dict[str, tuple[str, bytes]] = {
    "status-of-a-background-job": ("$RUN sh -c 'exit 7' & wait $!; echo $?", b"7\n"),
    "pid-and-parent": (
        "$RUN sh -c 'echo $$ $PPID' >out & wait; read p q <out;"
        "[ $p = $! ] && [ $q = $$ ] && echo same",
        b"same\n",
    ),
    "group-and-session": (
        "set -m; $RUN sh -c 'read p c s pp g sid r </proc/$$/stat; echo $((g == $$))'",
        b"1\n",
    ),
    "setsid": (
        "setsid -w $RUN sh -c 'read p c s pp g sid r </proc/$$/stat; echo $((sid == $$))'",
        b"1\n",
    ),
    "nohup": ("nohup $RUN sh -c 'kill -HUP $$; echo survived'", b"survived\n"),
    "timeout": ("timeout 1 $RUN sleep 1000; echo $?", b"124\n"),
    "timeout-own-status": ("timeout 100 $RUN sh -c 'exit 9'; echo $?", b"9\n"),
    "exec": ("(exec $RUN sh -c 'exit 5'); echo $?", b"5\n"),
    "and-or-not": ("$RUN true && ! $RUN false && $RUN false || echo or", b"or\n"),
    "errexit": ("(set -e; $RUN true; $RUN sh -c 'exit 4'; echo no); echo $?", b"4\n"),
    "xargs-parallel": (
        "printf '%s\\n' 1 2 3 4 5 6 | xargs -P 4 -n 1 $RUN sh -c 'echo got-$0' | sort",
        b"got-1\ngot-2\ngot-3\ngot-4\ngot-5\ngot-6\n",
    ),
    "xargs-stops-at-255": (
        "printf '%s\\n' 1 2 | xargs -n 1 $RUN sh -c 'exit 255' 2>err; echo $?",
        b"124\n",
    ),
    "command-substitution": ('x="$($RUN printf "a\\n\\n")"; echo "[$x]"', b"[a]\n"),
    "process-substitution": ("$RUN cat <(echo one) <($RUN echo two)", b"one\ntwo\n"),
    "output-substitution": ("echo x > >($RUN cat); wait $!", b"x\n"),
    "coprocess": (
        'coproc $RUN cat; echo hi >&"${COPROC[1]}"; read x <&"${COPROC[0]}"; echo "$x"',
        b"hi\n",
    ),
    "here-string": ("$RUN cat <<<doc", b"doc\n"),
    "inherited-fds": ("exec 7<<<seven; $RUN sh -c 'cat <&7; echo nine >&9' 9>&1", b"seven\nnine\n"),
    "pipe-breaks": ("$RUN yes | head -1; echo ${PIPESTATUS[@]}", b"y\n141 0\n"),
    "pipe-breaks-before-us": ("yes | $RUN head -1; echo ${PIPESTATUS[@]}", b"y\n141 0\n"),
    "large-output": ("$RUN head -c 3000000 /dev/zero | wc -c", b"3000000\n"),
    "stdin-of-the-next": ("printf 'a\\nb\\n' | { $RUN true; cat; }", b"a\nb\n"),
    "stdin-file-of-the-next": (
        "printf 'a\\nb\\n' >in; { $RUN true; $RUN head -c 2; cat; } <in",
        b"a\nb\n",
    ),
    "stdin-of-a-loop": (
        "printf 'a\\nb\\nc\\n' | while read x; do $RUN echo $x; done",
        b"a\nb\nc\n",
    ),
    "umask": ("umask 027; $RUN sh -c umask", b"0027\n"),
    "nice": ("nice -n 5 $RUN nice", b"5\n"),
    "directory": ("mkdir sub; cd sub; $RUN sh -c 'pwd -P' | sed 's,.*/,,'", b"sub\n"),
    "removed-directory": ("mkdir gone; cd gone; rmdir ../gone; $RUN echo fine", b"fine\n"),
    "unreadable-directory": ("mkdir no; cd no; chmod 0 .; $RUN echo fine", b"fine\n"),
    "odd-directory": ("mkdir $'\\xff\\n'; cd $'\\xff\\n'; $RUN sh -c pwd | wc -l", b"2\n"),
    "no-home": ("unset HOME; $RUN echo fine", b"fine\n"),
    "empty-home": ("HOME= $RUN echo fine", b"fine\n"),
    "relative-home": ("HOME=here $RUN echo fine", b"fine\n"),
    "few-descriptors": ("ulimit -n 10; $RUN sh -c 'ulimit -n'", b"10\n"),
    "little-memory": ("ulimit -v 200000; $RUN sh -c 'ulimit -v'", b"200000\n"),
    "file-size": ("ulimit -f 0; $RUN sh -c 'ulimit -f' | cat", b"0\n"),
    "ignored-signals": (
        "trap '' INT HUP USR2; $RUN cat /proc/self/status | grep SigIgn",
        b"SigIgn:\t0000000000000803\n",
    ),
    "handled-signals-reset": (
        "trap 'echo no' INT TERM; $RUN cat /proc/self/status | grep -E 'Sig(I|C|B)'",
        b"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n",
    ),
    "script-without-a-shebang": (
        "echo 'echo \"${0##*/} $1\"' >plain; chmod +x plain; $RUN ./plain one",
        b"plain one\n",
    ),
    "script-without-a-shebang-on-path": (
        "echo 'echo \"${0##*/} $1\"' >plain; chmod +x plain; PATH=$PWD:$PATH; $RUN plain one",
        b"plain one\n",
    ),
    "script-with-a-shebang": (
        "printf '#!/bin/sh -e\\necho \"${0##*/} $1\"\\n' >bang; chmod +x bang; $RUN ./bang one",
        b"bang one\n",
    ),
    "empty-script": (">nothing; chmod +x nothing; $RUN ./nothing; echo $?", b"0\n"),
    "no-children-in-sight": (
        f"$RUN {PYTHON} 'import os\ntry: os.wait()\nexcept ChildProcessError: print(\"none\")'",
        b"none\n",
    ),
    "shell-has-no-other-child": ("$RUN true & wait; $RUN true; wait -n; echo $?", b"127\n"),
    "dash-words": ("$RUN printf -- '%s|' -- -x --help -- ''", b"--|-x|--help|--||"),
}


@pytest.mark.parametrize(("script", "stdout"), SHELL.values(), ids=SHELL)
def test_a_shell_cannot_tell(stage: Stage, script: str, stdout: bytes) -> None:
    by_env, by_us = stage.both(script)

    assert by_us == by_env
    assert by_env == Seen(0, stdout)


def test_a_timeout_that_kills_is_a_kill(stage: Stage) -> None:
    by_env, by_us = stage.both("timeout -s KILL 1 $RUN sleep 1000 2>err; exit $?")

    assert by_us.status == by_env.status == 137


def test_every_exit_code_comes_back(stage: Stage) -> None:
    script = 'for n in $(seq %d 4 255); do $RUN sh -c "exit $n"; echo $n=$?; done'

    started = [stage.shell(PHANTOMRUN, script % first) for first in range(4)]
    by_env = [finish(stage.shell(ENV, script % first)) for first in range(4)]
    by_us = [finish(each, within_s=110) for each in started]

    assert by_us == by_env
    codes = set(b"".join(seen.stdout for seen in by_us).split())
    assert codes == {b"%d=%d" % (n, n) for n in range(256)}


HARMLESS = {
    signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH,
    signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
}  # fmt: skip
LETHAL = sorted(set(range(1, 65)) - HARMLESS)


def test_every_signal_kills_as_it_does(stage: Stage) -> None:
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda number: _suicides(stage, number), LETHAL))

    by_env, by_us = zip(*seen, strict=True)
    assert by_us == by_env
    assert by_env == tuple(Seen(-number) for number in LETHAL)


def _suicides(stage: Stage, number: int) -> tuple[Seen, Seen]:
    argv = ["/bin/sh", "-c", "kill -$0 $$", str(number)]
    if number in (32, 33):  # the C library's own: a shell refuses to send them
        kill = "import os, sys; os.kill(os.getpid(), int(sys.argv[1])); os._exit(99)"
        argv = [*PYTHON.split(), kill, str(number)]
    return stage.each(["/bin/sh", "-c", 'ulimit -c 0; exec "$@"', "sh", *argv])


@WAYS
def test_a_signal_from_outside_reaches_the_command_itself(stage: Stage, way: Way) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV):
        with ended(stage.start(way, [*way.argv, "sleep", "1000"])) as sleeper:
            until_it_is("sleep", sleeper.pid)
            sleeper.send_signal(number)

            assert finish(sleeper) == Seen(-number)


@WAYS
def test_stopping_and_continuing_are_seen(stage: Stage, way: Way) -> None:
    stops = "kill -STOP $$; exit 6"
    with ended(stage.start(way, [*way.argv, "/bin/sh", "-c", stops])) as stopped:
        seen = os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
        assert seen is not None
        assert (seen.si_code, seen.si_status) == (os.CLD_STOPPED, signal.SIGSTOP)

        stopped.send_signal(signal.SIGCONT)

        assert finish(stopped) == Seen(6)


def test_a_core_is_dumped_as_without_us(stage: Stage) -> None:
    seen = []
    for way in (ENV, PHANTOMRUN):
        crash = ["-c", "ulimit -c unlimited 2>/dev/null; exec \"$@\" sh -c 'kill -QUIT $$'", "x"]
        with ended(stage.start(way, [bash(), *crash, *way.argv])) as crashed:
            how = os.waitid(os.P_PID, crashed.pid, os.WEXITED | os.WNOWAIT)
            assert how is not None
            seen.append((how.si_code, how.si_status, os.path.exists(stage.cwd(way) + "/core")))

    assert seen[1] == seen[0]
    assert seen[0][1] == signal.SIGQUIT
    for file in stage.root.glob("phantomrun/here/core*"):
        assert WORD not in file.read_bytes()


def test_an_alarm_set_before_still_rings(stage: Stage) -> None:
    script = (
        "import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 0.5);"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )

    started = [
        stage.start(way, [*PYTHON.split(), script, *way.argv, "sleep", "1000"])
        for way in (ENV, PHANTOMRUN)
    ]
    by_env, by_us = map(finish, started)

    assert by_us == by_env == Seen(-signal.SIGALRM)


@pytest.fixture
def blocked_signals() -> Iterator[set[int]]:
    blocked = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    yield {int(number) for number in blocked}
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_the_signal_mask_is_kept(stage: Stage, blocked_signals: set[int]) -> None:
    by_env, by_us = stage.each(["cat", "/proc/self/status"])

    assert _signals(by_us, "SigBlk") == _signals(by_env, "SigBlk") == blocked_signals


# Not PIPE and XFSZ: a Python ignores them itself, and cannot know whether they had been before.
IGNORABLE = signal.valid_signals() - {
    signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ,
}  # fmt: skip


def test_ignored_signals_stay_ignored(stage: Stage) -> None:
    script = (
        "import os, signal, sys\n"
        "for n in map(int, sys.argv[1].split()): signal.signal(n, signal.SIG_IGN)\n"
        "for n in (13, 25): signal.signal(n, signal.SIG_DFL)\n"
        "os.execv(sys.argv[2], sys.argv[2:])"
    )
    ignored = {int(number) for number in IGNORABLE}
    ignoring = [*PYTHON.split(), script, " ".join(map(str, ignored))]

    started = [
        stage.start(way, [*ignoring, *way.argv, "cat", "/proc/self/status"])
        for way in (ENV, PHANTOMRUN)
    ]
    by_env, by_us = map(finish, started)

    assert _signals(by_us, "SigIgn") == _signals(by_env, "SigIgn") == ignored


def _signals(seen: Seen, name: str) -> set[int]:
    """Return the signals in one line of /proc/PID/status."""
    (line,) = [each for each in seen.stdout.splitlines() if each.startswith(name.encode())]
    mask = int(line.split()[1], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_the_kernel_knows_no_difference(stage: Stage) -> None:
    counters = r"^(Pid|Tgid|NStgid|NSpid|NSpgid|NSsid|PPid|Vm|Rss|SigQ|Hugetlb|.*ctxt)"
    files = " ".join(
        f"/proc/self/{name}"
        for name in ("limits", "oom_score_adj", "timerslack_ns", "coredump_filter", "cgroup",
                     "loginuid", "personality", "uid_map", "attr/current")
    )  # fmt: skip
    script = (
        "ulimit -n 100; ulimit -s 4096; ulimit -S -c 0;"
        f"$RUN cat {files} 2>/dev/null; $RUN cat /proc/self/status | grep -vE '{counters}'"
    )

    by_env, by_us = stage.both(script)

    assert by_us == by_env
    assert b"NoNewPrivs" in by_env.stdout


PRCTL = """
import ctypes
libc = ctypes.CDLL(None)
word = ctypes.c_int(0)
for option in (2, 37):  # PDEATHSIG and CHILD_SUBREAPER write to an address
    libc.prctl(option, ctypes.byref(word), 0, 0, 0)
    print(option, word.value)
for option in (3, 7, 21, 27, 30, 39, 42):  # DUMPABLE KEEPCAPS SECCOMP SECUREBITS TIMERSLACK NNP THP
    print(option, libc.prctl(option, 0, 0, 0, 0))
"""


def test_prctl_knows_no_difference(stage: Stage) -> None:
    by_env, by_us = stage.each([sys.executable, "-I", "-c", PRCTL])

    assert by_us == by_env
    assert b"3 1\n" in by_env.stdout  # dumpable: debuggers may attach


@WAYS
def test_ps_shows_the_command(stage: Stage, way: Way) -> None:
    with ended(stage.start(way, [*way.argv, "sleep", "1000"])) as sleeper:
        until_it_is("sleep", sleeper.pid)

        assert proc(sleeper.pid, "cmdline") == b"sleep\x001000\x00"
        assert os.readlink(f"/proc/{sleeper.pid}/exe") == os.path.realpath(tool("sleep"))
        seen = stat(sleeper.pid)
        assert seen is not None
        assert (seen.ppid, seen.pgrp, seen.session) == (os.getpid(), sleeper.pid, sleeper.pid)
        assert children_of(sleeper.pid) == []


@WAYS
def test_no_pipe_of_the_command_is_held_by_another(stage: Stage, way: Way) -> None:
    extra_read, extra_write = os.pipe()
    lets_go = 'exec 0</dev/null 1>/dev/null 2>&1; eval "exec $0>&-"; kill -STOP $$'
    argv = [*way.argv, bash(), "-c", lets_go, str(extra_write)]
    with ended(stage.start(way, argv, stdin=subprocess.PIPE, pass_fds=[extra_write])) as holder:
        os.close(extra_write)
        assert holder.stdin
        assert holder.stdout
        assert holder.stderr

        with os.fdopen(extra_read, "rb") as extra:
            ends = [pipe.read() for pipe in (holder.stdout, holder.stderr, extra)]
        with pytest.raises(BrokenPipeError):
            os.write(holder.stdin.fileno(), b"x")

        assert ends == [b"", b"", b""]
        assert holder.poll() is None


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1", "0 2", "1 2", "0 1 2"])
def test_closed_streams_stay_closed(stage: Stage, closed: str) -> None:
    listing = (
        'import os\\nopen_ = [n for n in range(256) if os.path.lexists(f"/proc/self/fd/{n}")]'
        '\\nopen("fds", "w").write(repr(open_))'
    )
    closing = " ".join(f"{n}>&-" for n in closed.split())
    script = f"$RUN {PYTHON} $'{listing}' 7</dev/null {closing}; cat fds"

    by_env, by_us = stage.both(script)

    assert by_us == by_env
    kept = {0, 1, 2, 7} - {int(n) for n in closed.split()}
    assert set(ast.literal_eval(by_env.stdout.decode())) - {3} == kept - {3}


def test_every_byte_goes_both_ways(stage: Stage) -> None:
    sent = ALL_BYTES * 5000

    by_env, by_us = stage.each(["cat"], stdin=sent)

    assert by_us == by_env == Seen(0, sent)


ARGUMENTS: list[str | bytes] = [
    b"", b" ", b"a b", b"\n", b"line\nline\n", b"\xff\xfe\x80", "ü€𝄞", b"-", b"--", b"-x",
    b"--help", b"*", b"$HOME", b"'\"\\", b"\x1b[0m", ALL_BYTES[1:], b"",
    b"x" * 100_000, b"a=b", b"\xc3",
]  # fmt: skip


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "xx_XX.nonsense"])
def test_arguments_are_the_same_bytes(stage: Stage, locale: str) -> None:
    environ = {**stage.environ, "LC_ALL": locale}
    argv = ["/bin/sh", "-c", "cat /proc/$$/cmdline", *ARGUMENTS]

    by_env, by_us = stage.each(argv, environ=environ)

    assert by_us == by_env
    encoded = [each if isinstance(each, bytes) else each.encode() for each in argv]
    assert by_env.stdout == b"".join(each + b"\0" for each in encoded)


ADDED = ("OPENAI_", "PHANTOMRUN", "NO_PROXY", "no_proxy")


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"LANG": "C"}, {"LC_CTYPE": "C"}, {}],
    ids=str,
)
def test_variables_are_the_same_bytes(stage: Stage, locale: dict[str, str]) -> None:
    odd = {
        **locale, "EMPTY": "", "SPACE NAME": "x", "dotted.name": "x", "1st": "x",
        "BYTES": os.fsdecode(bytes(range(1, 256))), "NEWLINE": "a\nb", "\udcff": "\udcfe",
        "EQUALS": "=a=b=", "BASH_FUNC_f%%": "() { :; }", "PYTHONHASHSEED": "7",
        "SIZE": "x" * 100_000,
    }  # fmt: skip
    environ = {name: value for name, value in stage.environ.items() if name != "LC_ALL"} | odd

    by_env, by_us = (
        seen._replace(stdout=_inherited(seen.stdout))
        for seen in stage.each(["cat", "/proc/self/environ"], environ=environ)
    )

    assert by_us == by_env
    assert b"SPACE NAME=x\0" in by_env.stdout


def _inherited(environ: bytes) -> bytes:
    added = tuple(map(str.encode, ADDED))
    return b"".join(each + b"\0" for each in environ.split(b"\0") if not each.startswith(added))


# Some are obeyed before a first line of ours can run: VERBOSE, PROFILEIMPORTTIME, HOME, PLATLIBDIR.
FOR_PYTHON = (
    "DEVMODE=1", "INSPECT=1", "INTMAXSTRDIGITS=640", "IOENCODING=ascii", "MALLOC=debug",
    "OPTIMIZE=2", "PATH=hostile", "SAFEPATH=1", "STARTUP=/nonexistent", "TRACEMALLOC=9",
    "UNBUFFERED=1", "USERBASE=/nonexistent", "UTF8=0", "WARNINGS=error",
)  # fmt: skip


@pytest.mark.parametrize("setting", FOR_PYTHON)
def test_variables_for_python_are_for_the_command_only(stage: Stage, setting: str) -> None:
    name, _, value = f"PYTHON{setting}".partition("=")
    script = (
        "mkdir hostile; for m in cryptography ctypes hashlib httptools json signal"
        " socket ssl tomllib; do echo 'print(\"mine\")' >hostile/$m.py; done;"
        f"export {name}={value}; echo in | $RUN sh -c 'echo ${name}; cat'"
    )

    by_env, by_us = stage.both(script)

    assert by_us == by_env == Seen(0, f"{value}\nin\n".encode())


# Each row: PATH, a name, and the exit code that the GNU C library and env make of it.
LOOKUPS: dict[str, tuple[str | None, str, int]] = {
    "first-entry-empty": (":/nonexistent", "tool", 0),
    "last-entry-empty": ("/nonexistent:", "tool", 0),
    "middle-entry-empty": ("/nonexistent::/nowhere", "tool", 0),
    "path-empty": ("", "tool", 0),
    "path-relative": ("bin", "tool", 0),
    "path-unset": (None, "cat", 0),
    "path-unset-finds-no-tool": (None, "tool", 127),
    "not-there": ("bin", "no-such-tool", 127),
    "no-such-path": ("bin", "./no/such/tool", 127),
    "empty-name": ("bin", "", 127),
    "not-executable": ("bin", "./not-executable", 126),
    "not-executable-on-path": (".", "not-executable", 126),
    "not-executable-then-executable": ("no:bin", "tool", 0),
    "directory": ("bin", "./dir", 126),
    "directory-on-path": (".", "dir", 126),
    "directory-then-executable": ("d:bin", "tool", 0),
    "below-a-file": ("bin", "./tool/tool", 126),
    "below-a-file-on-path": ("tool", "tool", 126),
    "dangling-link": ("bin", "./dangling", 127),
    "looping-link": ("bin", "./looping", 126),
    "interpreter-not-there": ("bin", "./interpreter-not-there", 127),
    "interpreter-not-there-then-tool": ("i:bin", "tool", 0),
    "name-too-long": ("bin", "x" * 300, 126),
    "path-with-a-slash-only": ("bin", "/", 126),
    "dot": (".", ".", 126),
}


def _furnish(directory: str) -> None:
    script = (
        "mkdir bin dir; printf '#!/bin/sh\\necho tool\\n' >bin/tool; chmod +x bin/tool;"
        "cp bin/tool .; echo x >not-executable; ln -s nothing dangling; ln -s looping looping;"
        "mkdir no d d/tool i; echo x >no/tool;"
        "printf '#!/nonexistent/sh\\n' >interpreter-not-there; chmod +x interpreter-not-there;"
        "cp interpreter-not-there i/tool"
    )
    subprocess.run(["/bin/sh", "-c", script], cwd=directory, check=True)


@pytest.mark.parametrize(("path", "name", "status"), LOOKUPS.values(), ids=LOOKUPS)
def test_a_command_is_found_or_refused_alike(
    stage: Stage, path: str | None, name: str, status: int
) -> None:
    environ = {k: v for k, v in stage.environ.items() if k != "PATH"}
    if path is not None:
        environ["PATH"] = path
    for way in (ENV, PHANTOMRUN):
        _furnish(stage.cwd(way))

    by_env, by_us = stage.each([name], environ=environ)

    assert (by_us.status, by_us.stdout) == (by_env.status, by_env.stdout)
    assert by_env.status == status
    assert bool(by_us.stderr) == bool(by_env.stderr) == (status != 0)


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_a_refusal_that_cannot_be_written_is_still_a_refusal(stage: Stage, stderr: str) -> None:
    by_env, by_us = stage.both(f"$RUN no-such-command {stderr}; exit $?")

    assert (by_us.stdout, by_us.stderr) == (by_env.stdout, by_env.stderr) == (b"", b"")
    assert by_env.status == 125  # because it could not write
    assert by_us.status in (125, 127)


@pytest.mark.parametrize("jobs", ["-j2", "-j1", "-j8"])
def test_make_shares_its_job_slots(stage: Stage, jobs: str) -> None:
    outer = "all: one two\none two:\n\t+@$(RUN) $(MAKE) --no-print-directory -f inner $@\n"
    inner = "one: a b\n\t@echo one\ntwo: c\n\t@echo two\na b c:\n\t@echo $@\n"
    if jobs == "-j2":  # only two jobs at the same time can meet
        inner = "one:\n\t@echo met >pipe\n\t@echo one\ntwo:\n\t@cat pipe\n\t@echo two\n"
    script = (
        f"mkfifo pipe; printf '%s' '{outer}' >outer; printf '%s' '{inner}' >inner;"
        f"{tool('make')} --no-print-directory {jobs} -f outer | sort; exit ${{PIPESTATUS[0]}}"
    )

    by_env, by_us = stage.both(script)

    assert by_us == by_env
    assert by_env.status == 0
    assert by_env.stderr == b""
    assert b"one\ntwo\n" in by_env.stdout


def test_works_as_the_first_process_of_a_container(stage: Stage) -> None:
    argv = [tool("unshare"), "--pid", "--fork"]
    allowed = subprocess.run([*argv, "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip("making a pid namespace is not allowed here")

    started = [
        stage.start(way, [*argv, *way.argv, "/bin/sh", "-c", "echo $$; exit 9"])
        for way in (ENV, PHANTOMRUN)
    ]
    by_env, by_us = map(finish, started)

    assert by_us == by_env == Seen(9, b"1\n")


def test_a_run_inside_a_run_is_the_same_run(stage: Stage) -> None:
    script = (
        "$RUN $RUN sh -c 'echo $$' >out & wait; [ $(cat out) = $! ] && echo same;"
        "$RUN sh -c \"$RUN sh -c 'exit 3'\"; echo $?;"
        "url='echo \\$OPENAI_BASE_URL'; $RUN sh -c \"$url; $RUN sh -c '$url'\" | uniq | wc -l"
    )

    by_env, by_us = stage.both(script)

    assert by_us == by_env == Seen(0, b"same\n3\n1\n")
