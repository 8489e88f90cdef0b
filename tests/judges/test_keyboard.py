"""Pages by keyboard alone, in Chromium: skip link, order, a focus that is seen and never covered, folds by Enter."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.sites import SESSION, Archive

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("judges")]

MOST = 2_000  # steps; more is a trap
KINDS = ("site", "front", "thread", "post", "month", "author", "search", "unanswered", "sign-in", "join", "missing")
OWN = ("me", "options", "held", "held-one", "settings", "members")

# What has the focus: its place among all that can have it, and how it is seen.
FOCUS = """() => {
  const here = document.activeElement
  if (!here || here === document.body) return null
  const able = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter(each => each.checkVisibility() && each.type !== 'hidden' && each.tabIndex >= 0)
  const box = [...here.getClientRects()][0]
  const x = Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1)
  const y = box.y + box.height / 2, seen = document.elementFromPoint(x, Math.min(Math.max(y, 0), innerHeight - 1))
  const style = getComputedStyle(here)
  return {
    at: able.indexOf(here), of: able.length, html: here.outerHTML.slice(0, 120), skip: here.classList.contains('skip'),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: !(seen && (here.contains(seen) || seen.contains(here))),
    ring: style.outlineStyle !== 'none' ? parseFloat(style.outlineWidth) : 0
  }
}"""


@pytest.fixture
def width() -> int:
    """Of the window; a test that minds it has its own."""
    return 320


@pytest.fixture
def page(chromium: Browser, demo_archive: Archive, width: int) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": width, "height": 700})
    context.add_cookies([{"name": "session", "value": SESSION, "url": demo_archive.url}])
    yield context.new_page()
    context.close()


def walk(page: Page) -> list[dict[str, Any]]:
    """What has the focus at each press of Tab, until it leaves the page."""
    steps: list[dict[str, Any]] = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None or (steps and focus["at"] == 0):
            return steps
        if not steps or focus["at"] != steps[-1]["at"]:  # the day, month and year of a date are one field
            steps.append(focus)
    raise AssertionError("Tab does not leave the page")


@pytest.mark.parametrize(
    ("kind", "width"),
    [*((kind, 320) for kind in (*KINDS, *OWN)), *((kind, 1280) for kind in ("front", "thread", "me"))],
)
def test_everything_is_reached_in_order_and_seen(page: Page, demo_archive: Archive, kind: str) -> None:
    page.goto(demo_archive.url + {**demo_archive.pages, **demo_archive.own}[kind])
    steps = walk(page)
    assert steps[0]["skip"]
    assert [step["at"] for step in steps] == list(range(steps[0]["of"]))
    assert [step["html"] for step in steps if not step["inside"] or step["covered"] or step["ring"] < 3] == []


def test_the_skip_link_leads_to_the_text(page: Page, demo_archive: Archive) -> None:
    page.goto(demo_archive.url + demo_archive.pages["thread"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_fold_opens_and_closes_by_Enter(page: Page, demo_archive: Archive) -> None:
    page.goto(demo_archive.url + demo_archive.pages["long"])
    folds = page.locator(".body .fold > summary")
    assert folds.count()
    for opened in (True, False):
        folds.first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('.body .fold').open") is opened


@pytest.mark.parametrize("width", [320, 1280])
def test_the_outline_is_there_on_a_wide_screen_and_folded_on_a_phone(
    page: Page, demo_archive: Archive, width: int
) -> None:
    page.goto(demo_archive.url + demo_archive.pages["thread"])
    assert page.locator(".outline li").first.is_visible() is (width > 1000)
    if width < 1000:
        page.locator(".outline summary").focus()
        page.keyboard.press("Enter")
        assert page.locator(".outline li").first.is_visible()
