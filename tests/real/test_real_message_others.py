"""What another parser (stalwartlabs/mail-parser) made of the same mails, and where we differ on purpose."""

import json
from pathlib import Path
from typing import Any

from listserver.core.message import Post, read

DIFFERENT = {
    # Windows-1252 without a declaration, which we read as such where the other writes U+FFFD.
    "legacy/010.eml subject": "declared nowhere",
    "legacy/020.eml subject": "declared nowhere",
    "legacy/022.eml subject": "declared nowhere",
    "legacy/027.eml subject": "declared nowhere",
    "legacy/052.eml subject": "declared nowhere",
    "legacy/033.eml text": "declared nowhere",
    "legacy/052.eml text": "declared nowhere",
    "legacy/009.eml text": "format=flowed is joined",
    "malformed/005.eml text": "the outer boundary followed by -- is the inner one (R8: no guess)",
    "malformed/016.eml text": "boundaries of more than 70 characters (2046 §5.1.1, R8: opaque)",
    "malformed/020.eml text": "the inner multipart has no plain part: its header ran into it",
    "malformed/021.eml text": "the same",
    "thirdparty/000.eml text": "bare CR is a line end, NUL is U+FFFD",
    "thirdparty/007.eml authors": "`moderator` is no addr-spec (R4)",
    "thirdparty/015.eml text": "format=flowed is joined",
}


def boxes(value: Any) -> list[str]:
    found = (value or {}).get("Address", {})
    groups = found.get("Group") or [{"addresses": found.get("List", [])}]
    return [box["address"] for group in groups for box in group["addresses"] if box["address"]]


def compared(said: dict[str, Any], post: Post) -> dict[str, bool]:
    fields = {str(field["name"]): field["value"] for field in said["parts"][0]["headers"]} if said["parts"] else {}
    bodies = [said["parts"][number]["body"].get("Text") for number in said["text_body"]]
    text = (bodies[0] or "").replace("\r\n", "\n").strip() if bodies else ""

    def plain(name: str) -> str:
        value = fields.get(name)
        return value.get("Text", "") if isinstance(value, dict) else ""

    return {
        "subject": plain("subject") == post.subject,
        "message_id": plain("message_id") == post.message_id,
        "authors": boxes(fields.get("from")) == [box.address for box in post.authors],
        "text": text in post.text,
    }


def test_another_parser_reads_the_same(shared: Path) -> None:
    folder = shared / "data" / "mime" / "stalwart"
    different = set()
    for file in sorted(folder.rglob("*.eml")):
        said = json.loads(file.with_suffix(".eml.json").read_text())
        for what, same in compared(said, read(file.read_bytes())).items():
            if not same:
                different.add(f"{file.relative_to(folder)} {what}")
    assert different == set(DIFFERENT)
