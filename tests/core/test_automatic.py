"""Which mails are a program's (RFC 3834; standards L5). None of these is a copy of a real one."""

import pytest

from listserver.core.message import read

AUTOMATIC = [
    ("auto-submitted", "Auto-Submitted: auto-replied"),
    ("auto-submitted", "auto-submitted: AUTO-GENERATED; owner=x"),
    ("report", "Content-Type: multipart/report; report-type=delivery-status; boundary=b"),
    ("x-autoreply", "X-Autoreply: yes"),
    ("x-failed-recipients", "X-Failed-Recipients: a@b.example"),
    ("x-auto-response-suppress", "X-Auto-Response-Suppress: All"),
    ("precedence", "Precedence: auto_reply"),
    ("precedence", "Precedence: junk"),
    ("x-apple-action", "X-Apple-Action: VACATION"),
    ("null-sender", "Return-Path: < >"),
    ("robot-sender", "Return-Path: <prvs=701fd58e1=www-data@web.example>"),
    ("robot-sender", "From: Mail Delivery <MAILER-DAEMON@mx.example>"),
    ("robot-sender", "From: postmaster@mx.example\nSubject: Undeliverable: hello"),
    ("stamped-sender", "Return-Path: <bounces+anna=example.org@shop.example>"),
    ("subject", "Subject: [Auto-Generated] your ticket"),
    ("subject-of-answer", "Subject: [desk #3] AutoReply: printer\nIn-Reply-To: <1@a.example>"),
    ("subject-of-answer", "Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : bonjour\nReferences: <1@a.example>"),
    ("subject-and-text", "Subject: Automatic reply: printer\n\nI am away until Monday."),
    ("subject-and-text", "Subject: Out of Office\n\nI will be out of the office."),
    ("subject-and-text", "Subject: Anna Smith is out of the office\n\nback on Monday"),
    ("subject-and-text", "Subject: Abwesend: Drucker\n\nIch bin erst am 3. wieder im Büro."),
    ("subject-and-text", "Subject: Автоматический ответ: Привет\n\nЯ в отпуске"),
    ("subject-and-text", "Subject: 부재중\n\n휴가"),
]
HUMAN = [
    "Auto-Submitted: no",
    "Auto-Submitted:",
    "X-Autoreply: no",
    "Precedence: bulk",
    "From: postmaster@mx.example\nSubject: Question about the list",
    "Return-Path: <anna@example.org>",
    "Return-Path: <bounces+anna=example.org@lists.example>\nList-Id: <talk.lists.example>",
    "Subject: Automatic reply: how do I switch it on?\n\nMy server does not answer.",
    "Subject: Vacation & Linux Expo\n\nI am away until Monday, who comes with me?",
    "Subject: Re: Out of Office\nIn-Reply-To: <1@a.example>\n\nYou are out of the office again?",
    "Subject: Out of office messages: how?\n\n> I am out of the office.\n\nHow to stop such mails?",
    "Subject: Automatic Gain Control\nReferences: <1@a.example>\n\nI will be back on Monday.",
]


def mail(head: str) -> bytes:
    return (head if "\n\n" in head else head + "\n\nHello\n").encode()


@pytest.mark.parametrize(("sign", "head"), AUTOMATIC)
def test_L5_a_programs_mail_is_found_by_its_sign(sign: str, head: str) -> None:
    assert read(mail(head)).automatic == sign


@pytest.mark.parametrize("head", HUMAN)
def test_L5_a_persons_mail_is_left_alone(head: str) -> None:
    assert read(mail(head)).automatic == ""
