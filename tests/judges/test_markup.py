"""Every kind of page before vnu, html-validate, axe-core (WCAG 2.2 AA, best practice) and pa11y: no findings.

In Chromium at 320, 390 and 1280 px, light and dark; with the text spacing of WCAG 1.4.12 and text at 200 % as well.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import sites
from tests.conftest import need
from tests.interop.peers import PEERS
from tests.sites import Archive

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges-markup")]

MODULES = PEERS.absolute() / "judges"
SCRIPT = Path(__file__).parent / "judges.js"
SIZES = [(320, "light"), (1280, "dark"), (390, "light"), (320, "dark"), (1280, "light"), (390, "dark")]
ALIKE = ("by-date", "older", "search-empty")  # in the long form only
SOME = ("front", "thread", "long", "post", "author", "search")


@pytest.fixture(scope="module")
def judges() -> Path:
    """Where the judges are."""
    need((MODULES / "node_modules/vnu-jar").is_dir() and shutil.which("node"), "no judges: `tests/needs` fetches them")
    return MODULES


@pytest.fixture(scope="module")
def java() -> str:
    """The program that runs vnu."""
    found = shutil.which("java")
    need(found, "no java for vnu (Debian: apt install default-jre-headless)")
    return str(found)


def judged(
    archive: Archive,
    judges: Path,
    pages: Mapping[str, str],
    own: Mapping[str, str],
    *,
    each: int,
    mail: bool = False,
) -> list[str]:
    """What html-validate (not of the HTML of mails), axe-core, pa11y and our own eyes have to say.

    each: at how many of SIZES a page is looked at; page after page they take turns.
    """
    asked = {
        "modules": str(judges),
        "chromium": shutil.which("chromium"),
        "base": archive.url,
        "cookie": sites.SESSION,
        "pages": list(pages.values()),
        "own": list(own.values()),
        "sizes": SIZES,
        "each": each,
        "mail": mail,
    }
    said = subprocess.run(["node", str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return [f"{each['path']} {each['judge']}: {each['says']}" for each in json.loads(said.stdout)]


def checked(java: str, judges: Path, folder: Path, pages: Mapping[str, bytes]) -> str:
    """What the Nu Html Checker says of pages."""
    for name, octets in pages.items():
        (folder / f"{name}.html").write_bytes(octets)
    jar = judges / "node_modules/vnu-jar/build/dist/vnu.jar"
    names = sorted(str(path) for path in folder.glob("*.html"))
    said = subprocess.run([java, "-jar", str(jar), *names], capture_output=True, text=True, check=False)
    return said.stderr.replace(f"file:{folder}/", "")


def _all(archive: Archive) -> dict[str, bytes]:
    pages = {name: archive.get(path) for name, path in archive.pages.items()}
    return pages | {name: archive.get(path, cookie=f"session={sites.SESSION}") for name, path in archive.own.items()}


def test_pages_of_the_demonstration_are_valid(demo_archive: Archive, judges: Path, java: str, tmp_path: Path) -> None:
    assert checked(java, judges, tmp_path, _all(demo_archive)) == ""


def test_pages_with_real_mail_are_valid(real_archive: Archive, judges: Path, java: str, tmp_path: Path) -> None:
    assert checked(java, judges, tmp_path, _all(real_archive)) == ""


@pytest.mark.parametrize("language", ["de", "fr"])
def test_pages_in_other_languages_are_valid(
    demo_archive: Archive, judges: Path, java: str, tmp_path: Path, language: str
) -> None:
    spoken = {name: demo_archive.get(path, accept_language=language) for name, path in demo_archive.pages.items()}
    cookie = f"session={sites.SESSION}"
    spoken |= {
        n: demo_archive.get(path, cookie=cookie, accept_language=language) for n, path in demo_archive.own.items()
    }
    assert sum(f'<html lang="{language}">'.encode() in page for page in spoken.values()) > len(demo_archive.own)
    assert checked(java, judges, tmp_path, spoken) == ""


def test_everybody_can_read_the_demonstration(demo_archive: Archive, judges: Path) -> None:
    pages = {name: path for name, path in demo_archive.pages.items() if name not in ALIKE}
    assert judged(demo_archive, judges, pages, demo_archive.own, each=1) == []


def test_everybody_can_read_real_mail(real_archive: Archive, judges: Path) -> None:
    some = {name: real_archive.pages[name] for name in SOME}
    assert judged(real_archive, judges, some, {}, each=1) == []


def test_the_stylesheet_is_valid(judges: Path, java: str) -> None:
    jar = judges / "node_modules/vnu-jar/build/dist/vnu.jar"
    css = Path(__file__).parents[2] / "archive/static/archive.css"
    said = subprocess.run([java, "-jar", str(jar), "--css", str(css)], capture_output=True, text=True, check=False)
    assert said.stderr == ""


@pytest.mark.soak
def test_300_real_threads_are_valid(whole_archive: Archive, judges: Path, java: str, tmp_path: Path) -> None:
    pages = {str(at): whole_archive.get(path) for at, path in enumerate(sites.threads(whole_archive, 300))}
    assert checked(java, judges, tmp_path, pages) == ""


@pytest.mark.soak
def test_everybody_can_read_all_kinds_of_pages(whole_archive: Archive, demo_archive: Archive, judges: Path) -> None:
    assert judged(demo_archive, judges, demo_archive.pages, demo_archive.own, each=len(SIZES)) == []
    some = {path: path for path in sites.threads(whole_archive, 30)}
    assert judged(whole_archive, judges, {**whole_archive.pages, **some}, {}, each=len(SIZES)) == []
