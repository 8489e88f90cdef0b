"""HTML made plain (standards R13: HTML-only mails are read, not refused)."""

import pytest

from listserver.core.html_text import MAX_INPUT, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain  words\n here", "plain words here"),
        ("<p>one</p>\n<p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br><br>three<br><br><br>four", "one\ntwo\n\nthree\n\nfour"),
        ("<ul><li>one<li>two</ul>after", "* one\n* two\n\nafter"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n>> b\n\nc"),
        ("</blockquote>a</pre>", "a"),
        ("<pre>a\n  b\n\nc </pre>d", "a\n  b\n\nc\n\nd"),
        ("a<hr>b", "a\n--------------------\nb"),
        ("<table><tr><td>a<td>b<tr><th>c</table>", "a b\nc"),
        ("<style>x{}</style><script>if (a<b) alert()</SCRIPT >y<title>t</title>", "y"),
        ("x<style>never closed <p>z", "x"),
        ("a<!-- <p>b --> c<!doctype html>d<?php?>", "a cd"),
        ("a<!-- never closed <p>b", "a"),
        (
            '<a href="https://x.example/">see</a> <a href=https://y.example>https://y.example</a>',
            "see <https://x.example/> https://y.example",
        ),
        ('<b>bold</b> <a alt=x href="https://x.example">see</a>', "bold see <https://x.example>"),
        ("<a href='mailto:a@b.example'>write</a><a name=x>y</a>", "writey"),
        ('<img alt="a picture"><img src=x>', "a picture"),
        ("a &lt; b &amp; c &#x41; &nope; 1 < 2 <3", "a < b & c A &nope; 1 < 2 <3"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ('<p>unfinished <a href="x', 'unfinished <a href="x'),
        ("x" * (MAX_INPUT + 9), "x" * MAX_INPUT),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert to_text(html) == text
