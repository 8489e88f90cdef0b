"""Words for the search, and extracts."""

import pytest

from listserver.core import words as words_module
from listserver.core.words import Piece, extract, fold, subject_words, words


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Running runs, RAN!", "en", ["run", "run", "ran"]),
        ("Läufer liefen", "de", ["lauf", "lief"]),
        ("Läufer", "", ["laufer"]),
        ("Läufer", "xx", ["laufer"]),
        ("pt-BR coração", "pt-BR", ["pt", "br", "coraca"]),
        ("crème brûlée CRÈME", "", ["creme", "brulee", "creme"]),
        ("snake_case foo.bar@example.org v1.2", "", ["snake", "case", "foo", "bar", "example", "org", "v1", "2"]),
        ("ﬁne ½ ² İstanbul Straße", "", ["fine", "1", "2", "2", "istanbul", "strasse"]),
        ("Привет, мир", "ru", ["привет", "мир"]),
        ("全文検索 with 字", "", ["全文", "文検", "検索", "with", "字"]),
        ("abc検索def", "", ["abc", "検索", "def"]),
        ("x" * 100, "", ["x" * 40]),
        ("", "en", []),
    ],
)
def test_words_are_folded_and_stemmed(text: str, language: str, found: list[str]) -> None:
    assert words(text, language) == found


def test_composed_and_decomposed_letters_are_one() -> None:
    assert words("e\u0301tude") == words("\u00e9tude") == ["etude"]
    assert fold("ΣΊΣΥΦΟΣ") == fold("Σίσυφος")


def test_a_text_has_at_most_twenty_thousand_words() -> None:
    assert len(words("a " * 30_000)) == 20_000


def test_subject_words_are_a_set() -> None:
    assert subject_words("run running", "en") == {"run"}


def test_an_extract_shows_where_most_words_are() -> None:
    text = "drift " + "x " * 300 + "the clock drift of the radio " + "y " * 300
    pieces = extract(text, subject_words("clock drifts", "en"), "en", 60)
    assert [p.text for p in pieces if p.hit] == ["clock", "drift"]
    assert pieces[0] == Piece("… ", False)
    assert pieces[-1] == Piece(" …", False)
    assert len("".join(p.text for p in pieces)) < 80


@pytest.mark.parametrize(
    ("text", "wanted", "pieces"),
    [
        ("no hit here", "zebra", [Piece("no hit here", False)]),
        ("no hit here", "検索", [Piece("no hit here", False)]),
        ("Crème brûlée", "creme", [Piece("Crème", True), Piece(" brûlée", False)]),
        ("Cre\u0300me", "creme", [Piece("Cre\u0300me", True)]),
        ("a\n\n b", "b", [Piece("a ", False), Piece("b", True)]),
        ("", "b", []),
        ("全文検索です", "検索", [Piece("全文", False), Piece("検索", True), Piece("です", False)]),
        ("b", "", [Piece("b", False)]),
    ],
)
def test_extracts_mark_words_as_they_are_written(text: str, wanted: str, pieces: list[Piece]) -> None:
    assert list(extract(text, frozenset({wanted} if wanted else ()), "")) == pieces


def test_pairs_of_letters_that_overlap_are_marked_as_one() -> None:
    pieces = extract("全文検索です", frozenset({"文検", "検索"}), "")
    assert pieces == (Piece("全", False), Piece("文検索", True), Piece("です", False))


def test_an_extract_without_spaces_is_cut() -> None:
    pieces = extract("z" * 1_000, frozenset({"q"}), "", 100)
    assert pieces == (Piece("z" * 100, False), Piece(" …", False))


def test_so_many_stems_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_module, "KEPT", 3)
    monkeypatch.setattr(words_module, "_known", kept := {"english": words_module._Stems("english")})
    assert words_module.stems(["drifting", "sensors", "humid", "ladders", "drifting"], "en") == [
        "drift", "sensor", "humid", "ladder", "drift",
    ]  # fmt: skip
    assert len(kept["english"]) == 2


@pytest.mark.parametrize("language", list(words_module._STEMMERS))
def test_every_word_of_a_language_is_marked_where_it_is_looked_for(language: str) -> None:
    letters = "aeiourstxycdgjm"
    made = [a + b + end for a in letters for b in letters for end in ("", "ing", "es", "ece", "neral", "onend")]
    for word in ["dying", "aeroplane", "general", "djaku", *made[::7]]:
        (stem,) = words(word, language)
        assert Piece(word, True) in extract(word, frozenset({stem}), language), word
