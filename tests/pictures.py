"""Pictures of the demonstration for docs/pictures, in real Chromium: `python -m tests.pictures`.

Each page at 1280 and 390 pixels, light and dark, into a folder (an argument; docs/pictures by default, which keeps only
the pictures that README and docs show).
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

ROOT = Path(__file__).parent.parent
PORT = 18_900
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
KEPT = {"demo-1280-light": "demo", "demo-mail-390-light": "moderation"}  # in docs/pictures, by these names


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


def main() -> None:
    """Make them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/pictures"
    with demo() as url, chromium() as browser:
        for name, page in pages(url):
            for width in (1280, 390):
                for dark in (False, True):
                    called = f"{name}-{width}-{'dark' if dark else 'light'}"
                    if len(sys.argv) > 1 or called in KEPT:
                        file = folder / f"{called if len(sys.argv) > 1 else KEPT[called]}.png"
                        shoot(browser, page, file, width, dark=dark)


if __name__ == "__main__":
    main()
