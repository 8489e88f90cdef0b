"""`pip install .` in a clean environment gives a working `listserver` outside the checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("listserver-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `listserver` of an environment that has the wheel, and otherwise what it depends on."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")  # a .pth in there is not followed
    return folder / "bin/listserver"


def test_the_wheel_holds_what_is_not_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in ("config/listserver.toml", "templates/mail/en/held-post.txt.j2", "archive/README.md"):
        assert f"listserver/_share/{wanted}" in names
    assert not [name for name in names if name.startswith(("tests", "bench"))]
    assert any(name.endswith("LICENSE") for name in names)


def test_it_works_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "LISTSERVER_CONFIG": str(tmp_path / "site/listserver.toml")}

    def run(*args: str) -> str:
        done = subprocess.run([installed, *args], cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [str(installed.with_name("python")), "-c", "import listserver; print(listserver.__file__)"]
    assert str(installed.parent.parent) in subprocess.run(where, cwd=tmp_path, capture_output=True, text=True).stdout
    env_of_init = env.pop("LISTSERVER_CONFIG")
    run("init", "--domain", "lists.example.org", "--dir", str(tmp_path / "site"))
    env["LISTSERVER_CONFIG"] = env_of_init
    run("list", "create", "talk")
    assert "relay_domains = lists.example.org" in run("config", "mta", "postfix")  # a template of config/
    assert "talk" in run("lists")
