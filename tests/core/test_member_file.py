import pytest

from listserver.core.member_file import read
from listserver.errors import UsageError

ANNA = ("Anna Lind", "anna@example.org")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ()),
        ("anna@example.org\n", (("", "anna@example.org"),)),
        ('"Anna Lind" <anna@example.org>\r\n\r\n# a remark\nbo@example.org', (ANNA, ("", "bo@example.org"))),
        ("\ufeffemail\nanna@example.org\n", (("", "anna@example.org"),)),
        (
            "Name,E-Mail,Town\nAnna Lind,anna@example.org,Oslo\n,,\nBo,bo@example.org\n",
            (ANNA, ("Bo", "bo@example.org")),
        ),
        ('address;name\nanna@example.org;"Anna  Lind"\nbo@example.org\n', (ANNA, ("", "bo@example.org"))),
        ("address\tname\nanna@example.org\tAnna Lind\n", (ANNA,)),
    ],
)
def test_every_form_gives_name_and_address(text: str, wanted: object) -> None:
    assert read(text, "members.txt") == wanted


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("anna@example.org\nnobody\n", r"^members.txt, line 2: .*nobody.* Nothing was changed.$"),
        ("one\ntwo\nthree\n", r"line 1: .* 2 more lines are wrong"),
        ("one\ntwo\nbo@example.org\n", r"line 1: .* 1 more line is wrong"),
        ("anna@example.org bo@example.org, cy@example.org\n", r"has several addresses: write one a line"),
        ("anna@example.org; bo@example.org\n", r"has several addresses"),
        ("name,email\nAnna,anna@example.org\nBo,\n", r"line 3: "),
    ],
)
def test_a_wrong_line_is_named_and_nobody_is_taken(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        read(text, "members.txt")
