"""Pictures of the demonstration for docs/pictures, in real Chromium: `python -m tests.pictures`.

With a folder as argument: each kind of page at 1280 and 390 pixels, light and dark, of the demonstration and of two
real lists where ../shared is, to be looked at. Without: those that README and docs show.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests import sites

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
PORT = 18_900
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
KEPT = {  # in docs/pictures, by these names
    "demo-1280-light": "demo",
    "demo-mail-390-light": "moderation",
    "front-1280-light": "archive",
    "thread-1280-light": "thread",
    "thread-390-dark": "thread-phone",
}


@contextmanager
def demo(port: int = PORT) -> Iterator[str]:
    """A running demonstration; the URL of its page."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "listserver", "demo", "--port-base", str(port), "--dir", f"{folder}/demo"]
        with subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
        ) as running:
            url = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    urllib.request.urlopen(url).close()
                    break
                except OSError:
                    time.sleep(0.1)
            time.sleep(2)  # until the youngest posts are in the mailboxes
            try:
                yield url
            finally:
                running.terminate()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


def shoot(browser: Browser, url: str, file: Path, width: int, *, dark: bool = False) -> None:
    """A picture of the upper part of a page."""
    height = 1000 if width > 500 else 844
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page.goto(url)
    page.screenshot(path=file)
    page.close()


def pages(url: str) -> Iterator[tuple[str, str]]:
    """Name and URL of each page of the demonstration."""
    box = f"{url}/box/{urllib.parse.quote('kofi@community.example', safe='')}"
    with urllib.request.urlopen(box) as answer:
        found = re.findall(r'href="(/box/[^"]+/[^"]+)"', answer.read().decode())
    yield "demo", url
    yield "demo-box", box
    yield "demo-mail", url + found[-1]
    yield "demo-write", f"{url}/write"
    archive = url.replace(str(PORT), str(PORT + 1))
    with urllib.request.urlopen(f"{archive}/field-sensors/") as answer:
        thread = re.findall(r'href="(/field-sensors/t/[^"]+/drift-[^"]+)"', answer.read().decode())[0]
    yield "front", f"{archive}/field-sensors/"
    yield "thread", archive + thread


def looks() -> Iterator[tuple[int, bool]]:
    """Widths of windows, and whether they are dark."""
    return ((width, dark) for width in (1280, 390) for dark in (False, True))


def main() -> None:
    """Make them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with demo() as url, chromium() as browser:
        for name, page in pages(url):
            for width, dark in looks():
                called = f"{name}-{width}-{'dark' if dark else 'light'}"
                if folder:
                    shoot(browser, page, folder / f"{called}.png", width, dark=dark)
                elif called in KEPT:
                    shoot(browser, page, ROOT / f"docs/pictures/{KEPT[called]}.png", width, dark=dark)
    if folder and SHARED.is_dir():
        of_real_lists(folder)


def of_real_lists(folder: Path) -> None:
    """Each kind of page with all posts of two real lists."""
    with tempfile.TemporaryDirectory() as data, sites.of_lists(Path(data), SHARED) as archive, chromium() as browser:
        for name, path in archive.pages.items():
            for width, dark in looks():
                file = folder / f"real-{name}-{width}-{'dark' if dark else 'light'}.png"
                shoot(browser, archive.url + path, file, width, dark=dark)


if __name__ == "__main__":
    main()
