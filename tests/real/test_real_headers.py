"""Another parser's tables of dates and encoded words."""

import json
from pathlib import Path

from listserver.core import headers
from tests.core.test_headers import zoned


def test_dates_and_texts_agree_with_another_parsers_tables(shared: Path) -> None:
    folder = shared / "data/mime/stalwart-headers"

    def value(header: str) -> bytes:
        raw = b"X:" + header.encode()
        return headers.split_header(raw, 0, len(raw))[0][0].value

    different = []
    for case in json.loads((folder / "date.json").read_text()):
        said = case["expected"]
        if said is None:
            assert headers.date_of(value(case["header"])) is None
            continue
        zone = (said["tz_hour"] * 60 + said["tz_minute"]) * (-1 if said["tz_before_gmt"] else 1)
        moment = zoned(*(said[k] for k in ("year", "month", "day", "hour", "minute", "second")), minutes=zone)
        if headers.date_of(value(case["header"])) != moment:
            different.append(case["header"])
    # Before 1970 there was no mail: absurd. The last two are digits without a month's name.
    assert [one.split()[1:4] for one in different] == [
        ["30", "Dec", "1969"],
        ["13", "Feb", "1969"],
        ["13", "Feb", "1969"],
        ["11", "(some", "44"],
        ["8", "15", "16"],
    ]
    # Folds within an encoded-word, and the space before one that has none: they add a space, we do not.
    lenient = ("SUSPECTED SPAM", "?Q??=", "Hello")
    for case in json.loads((folder / "unstructured.json").read_text()):
        if not any(text in case["header"] for text in lenient) or "Saying" in case["header"]:
            assert headers.text_of(value(case["header"])) == case["expected"], case["header"]
