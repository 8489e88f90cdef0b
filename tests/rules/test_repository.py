"""What the repository must not hold, and what it must: looked up in the files themselves."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

# In pieces, so that this file does not hold what it forbids.
HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.",
    "deb.debian" + ".org",
    "crates" + ".io",
    "proxy.go" + "lang",
)
MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|opt/py" + r"pi)(?:/|\b)(?!\.)")


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and not name.startswith("tests/data/")]


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def test_no_file_names_a_package_registry() -> None:
    named = [(path.name, host) for path in _tracked() for host in HOSTS if host in _text(path)]
    assert not named


def test_no_file_names_a_path_of_one_machine() -> None:
    named = [
        (path.name, found[0]) for path in _tracked() if path.suffix != ".svg" and (found := MACHINE.search(_text(path)))
    ]
    assert not named


def test_python_lies_where_the_design_says() -> None:
    outside = [
        p
        for p in _tracked()
        if p.suffix == ".py" and p.relative_to(ROOT).parts[0] not in ("listserver", "tests", "bench")
    ]
    assert not outside


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0]).lower()


def _imported(folder: str) -> set[str]:
    """The top-level modules that a folder's files import from elsewhere."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(_text(path))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"listserver", "tests", "bench"}


@pytest.mark.parametrize(
    ("folder", "declared"),
    [
        ("listserver", PROJECT["project"]["dependencies"]),
        ("tests", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_every_import_is_a_declared_dependency(folder: str, declared: list[str]) -> None:
    packages = packages_distributions()
    known = {_normal(name) for name in declared}
    missing = {m for m in _imported(folder) if not known & {_normal(d) for d in packages.get(m, [m])}}
    assert not missing


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    pinned = {_normal(line) for line in _text(ROOT / "constraints.txt").splitlines() if not line.startswith("#")}
    reasons = _text(ROOT / "docs/decisions/dependencies.md").casefold()
    runtime = PROJECT["project"]["dependencies"]
    assert {_normal(d) for d in runtime + PROJECT["dependency-groups"]["dev"]} <= pinned
    assert not [d for d in runtime if f"| {re.split(r'[<>=]', d)[0].casefold()} |" not in reasons]


def test_the_makefile_is_one_page_and_explains_itself() -> None:
    makefile = _text(ROOT / "Makefile")
    assert len(makefile.splitlines()) <= 80
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target}" in shown for target in ("run", "test", "check", "bench", "soak", "help"))
