"""core.text: what the author wrote."""

import pytest

from listserver.core.text import Role, first_sentence, own_of, own_text, roles

# name: (text, own text)
CASES: dict[str, tuple[str, str]] = {
    "nothing": ("", ""),
    "plain": ("Yes.\r\n\r\n\r\n\r\nGood.\r", "Yes.\n\nGood."),
    "marked quote": ("> old\n> older\n\nnew\n", "new"),
    "interleaved": ("On 3 May 2021, Anna wrote:\n> a\n\none\n\n> b\n\ntwo", "one\n\ntwo"),
    "top-posted, quote unmarked": (
        "new\n\nOn 3 May 2021 at 10:12, Anna <a@b.example> wrote:\n\nold\n\nold 2",
        "new",
    ),
    "attribution over two lines": (
        "new\n\nOn 3 May 2021 at 10:12, Anna Berg <\na@b.example> wrote:\n\n> old",
        "new",
    ),
    "attribution over three lines": ("new\nOn May 3, 2021, at 10:12, Anna <\naaaa@b.example>\nwrote:\nold", "new"),
    "attribution in pieces": (
        "new\n\nOn 3 May 2021 at 11:16 A\n\n<\nmailto:A <a@b.example>\n> wrote:\n\nold",
        "new",
    ),
    "attribution on the line of the text": ("yes On Wed, Apr 4, 2012 at 3:59 PM, a@b.example wrote:\n> Hi", "yes"),
    "attribution without a date": ("Anna wrote:\n> old\n\nnew", "new"),
    "attribution, then elided": ("On 3 May Anna Berg wrote:\n[...]\n> old\nnew", "new"),
    "attribution by date alone": ("new\n\n2013/7/20 Anna <a@b.example>\n\nold", "new"),
    "attribution by date and zone": ("new\n\n2016-03-03 17:21 GMT+01:00 Anna Berg\n\nold", "new"),
    "a date is not an attribution": ("2016-03-03 17:21 is the time", "2016-03-03 17:21 is the time"),
    "attribution of pipermail": ("new\nOn Wed, Aug 4, 2021 Anna <a at b.example> wrote:\n> old", "new"),
    "quoting": ("Quoting Anna <a@b.example>:\n\n> old\nnew", "new"),
    "german": ("neu\n\nAm 03.05.2021 um 10:12 schrieb Anna Berg:\n\nalt", "neu"),
    "german, name first": ("neu\n\nAnna <a@b.example> schrieb am Fr., 28.\nApr. 2017 um 11:53 Uhr:\n\n> alt", "neu"),
    "french": ("oui\n\nLe 4 janv. 2016 19:03, Anna\n<a@b.example>\na écrit :\n\n> vieux", "oui"),
    "spanish": ("sí\n\nEl jueves, 21 de noviembre de 2013, Anna escribió:\n\nviejo", "sí"),
    "italian": ("ok\n\nIl 26 marzo 2016 alle 13.16 Anna <a@b.example> ha scritto:\n\nvecchio", "ok"),
    "dutch": ("ja\nOp 2 feb. 2015 om 05:28 heeft Anna <a@b.example> het volgende geschreven:\n> oud", "ja"),
    "portuguese": ("sim\n\nEm 2 de fevereiro de 2015 10:58, Anna <\na@b.example> escreveu:\n\nvelho", "sim"),
    "polish": ("tak\n\nW dniu 28 stycznia 2015 01:53 Anna <a@b.example>\nnapisał(a):\n\nstare", "tak"),
    "swedish": ("ja\n\nDen fre 28 feb. 2025 10:15 skrev Anna <a@b.example>:\n\ngammalt", "ja"),
    "danish": ("ja\n\nDen 24. nov. 2025 kl. 10.00 skrev Anna <a@b.example>:\n\ngammelt", "ja"),
    "norwegian": ("ja\nPå 14 september 2015 på 02:23:18, Anna (a@b.example) skrev:\n\ngammelt", "ja"),
    "finnish": ("kyllä\n\nto 3. toukok. 2021 klo 10.12 Anna (a@b.example) kirjoitti:\n\nvanha", "kyllä"),
    "czech": ("ano\n\npo 3. 5. 2021 v 10:12 odesílatel Anna <a@b.example> napsal:\n\nstaré", "ano"),
    "russian": ("да\n\n20 окт. 2016 г. 19:37 пользователь Anna <\na@b.example> написал:\n\n> старое", "да"),
    "japanese": ("はい\n\n2022年1月1日(金) 9:00 田中太郎 <t@b.example>:\n> 古い", "はい"),
    "chinese": ("好的\n\n在 2016年12月12日，下午8:45，安娜 <a@b.example> 写道：\n\n旧", "好的"),
    "vietnamese": ("vâng\n\nVào 14:24 8 tháng 6, 2017, Anna <a@b.example> đã viết:\n\ncũ", "vâng"),
    "prose that ends in a colon": ("On Monday I saw this:\n\nIt works.", "On Monday I saw this:\n\nIt works."),
    "a name, then prose": ("Anna Berg wrote:\n[...]\nnew", "Anna Berg wrote:\n[...]\nnew"),
    "prose about writing": ("As Anna wrote:\n\nIt works.", "As Anna wrote:\n\nIt works."),
    "prose that starts with On": ("On blah\nI wrote something", "On blah\nI wrote something"),
    "outlook": ("new\n\nFrom: Anna <a@b.example>\nSent: Monday\nTo: Bob\nSubject: x\n\nold", "new"),
    "outlook below a rule": ("new\n____________\nFrom: Anna\nSent: Monday\nTo: Bob\nSubject: x\n\nold", "new"),
    "outlook in bold": ("new\n\n*From:* Anna\n*Sent:* 2016\n*To:* b@c.example\n*Subject:* x\n\nold", "new"),
    "outlook, french": ("oui\n\nDe : Anna\nEnvoyé : lundi\nÀ : Bob\nObjet : x\n\nvieux", "oui"),
    "outlook, gaps": ("new\n\nFrom: Anna <a@b.example>\n\nDate: Sat\nTo: <b@c.example>\n\nSubject: x\n\nold", "new"),
    "outlook, long value": (
        "new\n\nFrom: Anna\n <a@b.example>\nSent: Mon\nTo: Bob\nSubject: long\nsubject\n\nold",
        "new",
    ),
    "fields of another kind": (
        "Date: Monday 3\nTime: 7 am\nAddress: 1 Fox St",
        "Date: Monday 3\nTime: 7 am\nAddress: 1 Fox St",
    ),
    "one field": ("From: here to there", "From: here to there"),
    "separator": ("new\n-----Original Message-----\n\nold", "new"),
    "separator, german": ("neu\n\n-----Ursprüngliche Nachricht-----\nalt", "neu"),
    "no separator": ("a\n---- Enter Feedback Below ----\nb", "a\n---- Enter Feedback Below ----\nb"),
    "forwarded": ("see\n\n---------- Forwarded message ---------\nFrom: Anna <a@b.example>\nSubject: x\n\nold", "see"),
    "forwarded by Apple": ("see\n\nBegin forwarded message:\n\n> From: Anna\n> Subject: x\n>\n> old\n\nold", "see"),
    "signature": ("text\n\n-- \nAnna\nTel 1", "text"),
    "signature above the quote": ("text\n\n--\nAnna\n\nOn 3 May 2021 10:12, Bob wrote:\n> old", "text"),
    "dashes far above the end": ("a\n--\n" + "b\n" * 40, "a\n--\n" + "b\n" * 39 + "b"),
    "signature by a dash": ("text\n\n-Anna Berg\n", "text"),
    "a dash that is an item": ("- one\n-Two\nthree", "- one\n-Two\nthree"),
    "signature below a line": ("text\n_______\nAnna\nBoss", "text"),
    "rules at the end": ("text\n***\n---", "text"),
    "phone": ("text\n\nSent from my iPhone", "text"),
    "phone, excused": ("text\nSent from my cell, please excuse any typos.", "text"),
    "phone, german": ("Text\n\nVon meinem Mobilgerät gesendet", "Text"),
    "phone, chinese": ("好\n從我的 iPhone 傳送", "好"),
    "not a phone": ("Sent from my desk, is easier than my phone.", "Sent from my desk, is easier than my phone."),
    "not a phone, long": ("Sent from my " + "x" * 120, "Sent from my " + "x" * 120),
    "sent from, a sentence": ("Sent from me to you all this week, ok?", "Sent from me to you all this week, ok?"),
    "list footer": ("text\n_______________\ntalk mailing list\ntalk@b.example\nhttp://b.example/listinfo/talk", "text"),
    "disclaimer": (
        "text\n\nThis e-mail is confidential and for the intended recipient only.\nNot you?\n\nMore.",
        "text",
    ),
    "disclaimer below a heading": ("text\n\nDisclaimer\n\nThe information here is confidential.", "text"),
    "disclaimer below a rule": ("text\n\n________________\nThis message is confidential, do not read it.", "text"),
    "banner": ("CAUTION: This email originated from outside of here. Do not click.\n\ntext", "text"),
    "not a disclaimer": ("This message is short.\n\nMore.", "This message is short.\n\nMore."),
    "notice in mid-paragraph": ("One\nthis email is confidential, I think", "One\nthis email is confidential, I think"),
    "a notice with much below it": (
        "a\n\nThis email is confidential, so they say in the office.\n\n" + "b\n" * 40,
        "a\n\n" + "b\n" * 39 + "b",
    ),
    "scrubbed": ("text\n\t[[alternative HTML version deleted]]\n", "text"),
    "quote wrapped in transport": ("> " + "long " * 15 + "\nend of it\n> next\n\nnew", "new"),
    "a line between short quotes": ("> a?\nyes\n> b?\nno", "yes\n\nno"),
    "link wrapped in transport": ("> see http://b.example/a\n_b=1)\n> next\nnew", "new"),
    "invisible marks": ("\ufefftext\u200b", "text"),
}


@pytest.mark.parametrize(("text", "own"), CASES.values(), ids=CASES.keys())
def test_I4_own_text(text: str, own: str) -> None:
    assert own_text(text).text == own


def test_own_text_says_what_was_left_out() -> None:
    assert (own_text("a").quoted, own_text("a").signed) == (False, False)
    assert (own_text("a\n> b").quoted, own_text("a\n-- \nb").signed) == (True, True)
    assert own_of(roles("a\n> b")) == own_text("a\n> b")


def test_roles_keep_every_line_and_its_depth() -> None:
    lines = roles("Hi\n> a\n>> b\n\nOn 3 May 2021 10:00, Bob wrote:\nc")
    assert [(line.role, line.depth, line.text) for line in lines] == [
        (Role.OWN, 0, "Hi"),
        (Role.QUOTE, 1, "a"),
        (Role.QUOTE, 2, "b"),
        (Role.OWN, 0, ""),
        (Role.ATTRIBUTION, 0, "On 3 May 2021 10:00, Bob wrote:"),
        (Role.QUOTE, 1, "c"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ""),
        ("Hi all,\n\nHow do I fit this? I tried it.", "How do I fit this?"),
        ("Hi all,\nHow do I fit this? I tried it.\n\nMore.", "How do I fit this?"),
        ("Hi all,", "Hi all,"),
        ("Hi, in the manual the search is broken. Why?", "in the manual the search is broken."),
        ("Hallo zusammen!\nWer kennt das? Ich nicht.", "Wer kennt das?"),
        ("Hello world does not print. Why?", "Hello world does not print."),
        ("Thanks.\n\nIt works.", "Thanks."),
        ("one two three four five", "one two three four five"),
        ("word " * 40, "word word word…"),
        ("x" * 50, "x" * 19 + "…"),
        ("こんにちは、みなさん！ありがとう。", "こんにちは、みなさん！"),
    ],
)
def test_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text, 20 if sentence.endswith("…") else 140) == sentence
