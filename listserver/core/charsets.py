"""Octets and the charset somebody declared -> text. Never raises (standards R9)."""

import re
from encodings.aliases import aliases

# Names are never looked up in the codec registry: it would import by a stranger's word, knows zlib and
# unicode_escape, and remembers every unknown name for ever. This table is all there is.
_ALLOWED = """
    ascii big5hkscs cp037 cp437 cp850 cp852 cp855 cp866 cp874 cp932 cp949 cp950 cp1250 cp1251 cp1252 cp1253 cp1254
    cp1255 cp1256 cp1257 cp1258 euc_jis_2004 euc_jp gb18030 gbk hz iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_3
    iso2022_jp_ext iso2022_kr iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9
    iso8859_10 iso8859_11 iso8859_13 iso8859_14 iso8859_15 iso8859_16 johab koi8_r koi8_u latin_1 mac_cyrillic
    mac_greek mac_latin2 mac_roman mac_turkish ptcp154 shift_jis_2004 tis_620 utf_7 utf_8 utf_16 utf_16_be utf_16_le
    utf_32 utf_32_be utf_32_le"""
_CODECS = frozenset(_ALLOWED.split())
# What senders mean by a narrower name (as browsers read it, https://encoding.spec.whatwg.org/#names-and-labels).
_WIDER = {
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
}
_OTHER_NAMES = {
    "cp_850": "cp850",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "unicode_1_1_utf_7": "utf_7",
    "utf8mb4": "utf_8",
    "windows_874": "cp874",
    "x_gbk": "gb18030",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_roman": "mac_roman",
    "x_sjis": "cp932",
    "x_x_big5": "big5hkscs",
    "ks_c_5601_1987": "cp949",
    "unknown_8bit": "ascii",
    "x_unknown": "ascii",
}


def _table() -> dict[str, str]:
    names = {**aliases, **{codec: codec for codec in (*_CODECS, *_WIDER)}, **_OTHER_NAMES}
    wide = {name: _WIDER.get(codec, codec) for name, codec in names.items()}
    return {name: codec for name, codec in wide.items() if codec in _CODECS}


_CODEC_OF = _table()
_HIGH = bytes(range(128, 256))
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def codec_of(charset: str) -> str:
    """The Python codec for a declared charset (any case), "" where it is unknown or not allowed."""
    return _CODEC_OF.get(_NOT_WORD.sub("_", charset[:60].lower()).strip("_"), "")


def decode(octets: bytes, charset: str = "") -> str:
    """Text of octets: as declared, else as UTF-8, else as Windows-1252; what fits nowhere becomes U+FFFD."""
    codec = codec_of(charset) or "ascii"
    if codec == "ascii":
        return decode_undeclared(octets)
    try:
        text = octets.decode(codec)
    except UnicodeDecodeError:
        return decode_undeclared(octets)
    if codec == "utf_7":  # the one decoder here that lets lone surrogates through
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def decode_undeclared(octets: bytes) -> str:
    """Text of octets nobody (truly) named a charset for."""
    if octets.isascii():
        return octets.decode("ascii")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("utf-8", "replace")
    # One bad octet in much good UTF-8 (a mail cut in mid-character) must not turn all of it into "Ã¤".
    bad = text.count("\ufffd")
    good = len(text) - len(octets.translate(None, _HIGH)) - bad
    return text if good > bad else octets.decode("cp1252", "replace")
