"""core.misdirected: requests for the robot that were sent to the list."""

import pytest

from listserver.core.misdirected import misdirected


@pytest.mark.parametrize(
    ("subject", "own", "found"),
    [
        ("unsubscribe", "", "unsubscribe"),
        ("Re: [Talk] UNSUBSCRIBE", "", "unsubscribe"),
        ("", "unsubscribe", "unsubscribe"),
        ("A post", "Please unsubscribe me.\n\nThanks\nAnna Berg", "unsubscribe"),
        ("Leave", "Please remove me from your mailing list. Thanks", "unsubscribe"),
        ("", "Hello,\nplease take... unsubscribe", None),
        ("", "Hi all,\nunsubscribe anna@b.example\nBest regards", "unsubscribe"),
        ("", "Hi Bob Smith,\nunsubscribe please", "unsubscribe"),
        ("Unsubscribe", "Unsubscribe\n\nAnna Berg\n\n1 Fox Street\n\nKansas City, MO 64155", "unsubscribe"),
        ("Unsubscribe me from the list", "Please unsubscribe me from your mailing list!!", "unsubscribe"),
        ("subscribe", "", "subscribe"),
        ("", "subscribe talk", "subscribe"),
        ("", "signoff talk", "unsubscribe"),
        ("help", "", "help"),
        ("", "set nomail", "set"),
        ("", "lists", "lists"),
        ("Abmelden", "abmelden", "unsubscribe"),
        ("", "Hallo,\nbitte von der Liste abmelden.\nViele Grüße\nAnna Berg", "unsubscribe"),
        ("", "Ich möchte mich abmelden.", "unsubscribe"),
        ("", "Bitte austragen, danke!", "unsubscribe"),
        ("abbestellen", "", "unsubscribe"),
        ("désabonnement", "Merci de me désabonner de cette liste.", "unsubscribe"),
        ("", "Bonjour,\nje souhaite me désinscrire, s'il vous plaît.\nCordialement\nPaul", "unsubscribe"),
        ("", "s'abonner", "subscribe"),
        ("", "Wie kann ich das Gerät abmelden, ohne die Daten zu verlieren?", None),
        ("Abmeldung", "Ich melde mich für das Treffen am Freitag ab, bin auf Reisen.", None),
        ("Abmeldung vom Treffen", "Leider krank.", None),
        ("", "La désinscription automatique ne marche plus sur le serveur.", None),
        ("help", "My model does not converge, can you help me?", None),
        ("Unsubscribe", "Hi!\n\na) please tell your administration that this happens to you", None),
        ("Re: how to unsubscribe", "Click on the link below each post.", None),
        ("unsubscribe", "How do I unsubscribe from this list if I have lost my password and the page is down?", None),
        ("", "leave", None),
        ("", "ok", None),
        ("", "Thanks!", None),
        ("", "Join us", None),
        ("", "remove", None),
        ("", "set the option to none please", None),
        ("", "help me", None),
        ("", "Anna, unsubscribe talk now", None),
        ("", "unsubscribe\nthe callback when the observer is gone", None),
        ("", "", None),
        ("", "x" * 500 + " unsubscribe", None),
    ],
)
def test_L12_only_bare_requests(subject: str, own: str, found: str | None) -> None:
    assert misdirected(subject, own) == found
