"""Log lines: one event each, nothing that a stranger sent can break them (D5)."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from listserver import log
from listserver.log import Event
from listserver.setting_kinds import Endpoint


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


def lines(form: Literal["text", "json"], level: str = "info") -> io.StringIO:
    out = io.StringIO()
    log.setup(level, form, out)
    return out


@pytest.mark.usefixtures("restored")
def test_D5_controls_are_escaped_in_text() -> None:
    out = lines("text")
    log.info(Event.POST_HELD, reasons=["forged", "over-rate"])
    assert out.getvalue().endswith('info post-held reasons="forged, over-rate"\n')
    log.info(Event.LISTENING, at=Endpoint("::1", 25))
    assert out.getvalue().endswith("info listening at=[::1]:25\n")
    out.seek(0)
    out.truncate()
    log.info(Event.INBOUND_REFUSED, sender="a\r\n\x1b[31m\u202eb", text='say "no" = x\\y', empty="")
    (line,) = out.getvalue().splitlines()
    assert line.split(" ", 1)[1] == (
        'info inbound-refused sender="a\\r\\n\\x1b[31m\\u202eb" text="say \\"no\\" = x\\\\y" empty=""'
    )


@pytest.mark.usefixtures("restored")
def test_D5_controls_are_escaped_in_json_and_numbers_stay_numbers() -> None:
    out = lines("json")
    log.info(Event.POST_FILED, list="talk\u2028", number=7, note=None)
    line = json.loads(out.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {"level": "info", "event": "post-filed", "list": "talk\\u2028", "number": 7, "note": None}


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_trace_follows_a_failure(form: Literal["text", "json"]) -> None:
    out = lines(form)
    try:
        raise ValueError("bad\x07")
    except ValueError as failure:
        log.error(Event.INBOUND_FAILED, failure, reference="x1")
    assert "ValueError: bad\\x07" in out.getvalue().replace("\\\\", "\\")
    assert "reference" in out.getvalue()


@pytest.mark.usefixtures("restored")
def test_long_values_are_cut_and_libraries_speak_in_the_same_form() -> None:
    out = lines("text")
    logging.getLogger("some.library").warning("odd: %s", "x" * 5000)
    logging.getLogger("some.library").info("not shown")
    (line,) = out.getvalue().splitlines()
    assert 'warning library source=some.library text="odd: xxx' in line
    assert len(line) < 1200


@pytest.mark.usefixtures("restored")
def test_the_level_is_obeyed() -> None:
    out = lines("text", "warning")
    log.info(Event.POST_FILED)
    log.warning(Event.RELAY_UNREACHABLE)
    assert [line.split(" ")[2] for line in out.getvalue().splitlines()] == ["relay-unreachable"]
    out = lines("text", "debug")
    log.debug(Event.POST_FILED)
    assert "debug post-filed" in out.getvalue()


def test_every_event_has_a_name_of_its_own_and_a_sentence() -> None:
    assert all(event.doc.endswith(".") for event in Event)
    assert len({str(event) for event in Event}) == len(Event)
