"""Which project file counts, and which is refused."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from phantomrun import project
from phantomrun.core.manifest import Want
from phantomrun.core.settings import Settings
from phantomrun.errors import ConfigError, PolicyError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "[secrets]\nA = {}\nB = { required = true }\n[profile.ci.secrets]\nA = { vault = 'x' }\n"
NOT_OURS = frozenset({os.geteuid() + 4321})  # as if everything here were somebody else's


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with src/app/pkg below it."""
    (tmp_path / "home" / "src" / "app" / "pkg").mkdir(parents=True)
    return tmp_path.resolve() / "home"


def _found(start: Path, home: Path, *, ours: frozenset[int] | None = None) -> str | None:
    return project.find(str(start), str(home), ours=ours)


def _written(directory: Path, text: str = TEXT, name: str = project.MANIFEST) -> str:
    path = directory / name
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def test_the_nearest_manifest_wins(home: Path) -> None:
    outer = _written(home / "src")
    inner = _written(home / "src" / "app")

    assert _found(home / "src" / "app" / "pkg", home) == inner
    assert _found(home / "src" / "app", home) == inner
    assert _found(home / "src", home) == outer


def test_the_walk_ends_at_home(home: Path) -> None:
    _written(home.parent)
    assert _found(home / "src" / "app", home) is None
    assert _found(home, home) is None

    at_home = _written(home)
    assert _found(home / "src" / "app", home) == at_home


def test_without_a_home_the_walk_ends_at_the_root(home: Path) -> None:
    path = _written(home / "src")

    assert project.find(str(home / "src" / "app"), "") == path
    assert project.find("/", "") is None


def test_a_home_behind_a_symlink_is_the_same_home(home: Path) -> None:
    _written(home.parent)
    link = home.parent.parent / "link"
    link.symlink_to(home)

    assert _found(link / "src", home) is None
    assert _found(home / "src", link) is None


def test_the_local_file_alone_is_no_project(home: Path) -> None:
    _written(home / "src", name=project.LOCAL)

    assert _found(home / "src", home) is None


def test_does_not_climb_into_a_directory_of_somebody_else(home: Path) -> None:
    path = _written(home / "src")

    assert _found(home / "src" / "app", home, ours=NOT_OURS) is None
    assert _found(home / "src" / "app", home) == path


def test_does_not_climb_into_a_directory_that_was_given_away(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give directories away")
    _written(home / "src")
    os.chown(home / "src", 12345, 12345)

    assert _found(home / "src" / "app", home) is None


def test_does_not_climb_over_a_file_system_boundary(home: Path) -> None:
    path = _written(home / "src")
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare(1) here to mount a file system with")
    mounting = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*mounting, "mount -t tmpfs none /mnt"], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    root = os.path.dirname(os.path.dirname(os.path.abspath(project.__file__)))
    find = f"project.find({str(home / 'src' / 'app' / 'pkg')!r}, '')"
    program = f"import os; from phantomrun import project; print({find})"
    command = f'cd {root} && {sys.executable} -c "{program}"'
    mounted = f"mount -t tmpfs none {home}/src/app && mkdir {home}/src/app/pkg && {command}"

    without = subprocess.run([*mounting, command], check=True, capture_output=True, text=True)
    with_mount = subprocess.run([*mounting, mounted], check=True, capture_output=True, text=True)

    assert (without.stdout, with_mount.stdout) == (f"{path}\n", "None\n")


def test_a_directory_that_is_gone_has_no_project(home: Path) -> None:
    assert _found(home / "gone", home) is None


def test_loads_the_manifest_with_its_profile(home: Path) -> None:
    path = _written(home)

    assert project.load(path).secrets["A"] == Want("A", required=False)
    assert project.load(path, profile="ci").secrets["A"] == Want("x", required=False)


def test_the_local_file_beside_it_narrows(home: Path) -> None:
    path = _written(home)
    _written(home, "[secrets]\nA = false\n", name=project.LOCAL)

    assert list(project.load(path).secrets) == ["B"]


def test_a_mistake_in_either_file_names_it(home: Path) -> None:
    path = _written(home)
    local = _written(home, "\n[secrets]\nC = {}\n", name=project.LOCAL)

    with pytest.raises(ConfigError) as caught:
        project.load(path)

    assert caught.value.message == f"{local}:3: C is not in {path}"


def test_a_manifest_of_somebody_else_is_refused(home: Path) -> None:
    path = _written(home / "src")
    assert _found(home / "src", home, ours=NOT_OURS) == path

    with pytest.raises(PolicyError, match="belongs to somebody else"):
        project.load(path, ours=NOT_OURS)


@pytest.mark.parametrize("name", [project.MANIFEST, project.LOCAL])
def test_a_file_that_was_given_away_is_refused(home: Path, name: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    path = _written(home)
    _written(home, "", name=name)
    os.chown(home / name, 12345, 12345)

    with pytest.raises(PolicyError, match="belongs to somebody else"):
        project.load(path)


def test_a_link_of_somebody_else_to_a_file_of_ours_is_refused(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give links away")
    target = _written(home)
    link = home / "src" / project.MANIFEST
    link.symlink_to(target)
    os.chown(link, 12345, 12345, follow_symlinks=False)

    with pytest.raises(PolicyError, match="belongs to somebody else"):
        project.load(str(link))


@pytest.mark.parametrize("name", [project.MANIFEST, project.LOCAL])
def test_a_file_that_everybody_can_write_is_refused(home: Path, name: str) -> None:
    path = _written(home)
    _written(home, "", name=name)
    (home / name).chmod(0o666)

    with pytest.raises(PolicyError, match="can be written by everybody"):
        project.load(path)


@pytest.mark.parametrize("kind", ["directory", "fifo", "long", "latin-1", "nothing", "dangling"])
def test_what_cannot_be_read_as_text_is_refused_at_once(home: Path, kind: str) -> None:
    path = home / project.MANIFEST
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind != "nothing":
        path.write_bytes(b"#" * 1_048_577 if kind == "long" else b"# a\n# Bj\xf6rn\n")

    with pytest.raises(ConfigError) as caught:
        project.load(str(path))

    assert str(path) in caught.value.message
    if kind == "latin-1":
        assert caught.value.message == f"{path}:2: not UTF-8"


def test_a_dangling_manifest_is_not_passed_over(home: Path) -> None:
    _written(home)
    link = home / "src" / project.MANIFEST
    link.symlink_to("nowhere")

    assert _found(home / "src", home) == str(link)


def test_names_are_remembered_in_a_new_file(home: Path) -> None:
    path = str(home / project.MANIFEST)

    assert project.remember(path, ["B", "A"])
    assert not project.remember(path, ["A"])

    assert list(project.load(path).secrets) == ["B", "A"]
    assert os.listdir(home) in (["src", project.MANIFEST], [project.MANIFEST, "src"])


def test_names_are_added_to_a_file_with_its_comments(home: Path) -> None:
    path = _written(home, "# mine\n[secrets]\nA = {} # a\n\n[run]\n")
    os.chmod(path, 0o640)

    assert project.remember(path, ["A", "B"])

    with open(path) as file:
        assert file.read() == "# mine\n[secrets]\nA = {} # a\nB = {}\n\n[run]\n"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


def test_line_ends_of_the_file_are_kept(home: Path) -> None:
    path = home / project.MANIFEST
    path.write_bytes(b"[secrets]\r\nA = {}\r\n")

    assert project.remember(str(path), ["B"])

    assert path.read_bytes() == b"[secrets]\r\nA = {}\r\nB = {}\r\n"
    assert project.load(str(path)).secrets.keys() == {"A", "B"}


def test_nothing_is_added_to_a_file_of_somebody_else(home: Path) -> None:
    path = _written(home)

    with pytest.raises(PolicyError):
        project.remember(path, ["C"], ours=NOT_OURS)

    with open(path) as file:
        assert file.read() == TEXT


def test_settings_are_read_from_the_users_file(home: Path) -> None:
    assert project.settings(str(home)) == Settings()
    _written(home, "[run]\nno_input = true\n", name="config.toml")

    assert project.settings(str(home)) == Settings(no_input=True)


def test_settings_of_somebody_else_are_refused(home: Path) -> None:
    _written(home, "[run]\nno_input = true\n", name="config.toml")

    with pytest.raises(PolicyError):
        project.settings(str(home), ours=NOT_OURS)


def test_without_files_no_toml_parser_is_loaded(home: Path) -> None:
    program = (
        "import sys\n"
        "from phantomrun import project\n"
        f"project.find({str(home)!r}, {str(home)!r})\n"
        f"project.settings({str(home)!r})\n"
        "print(sorted({'tomllib', 'dataclasses', 'pathlib', 'difflib'} & {*sys.modules}))"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(project.__file__)))

    ended = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=root, check=True, capture_output=True, text=True
    )

    assert ended.stdout == "[]\n"
