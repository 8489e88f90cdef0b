import json
from dataclasses import asdict

from listserver.core.envelope import Authenticity, AuthResult, DmarcPolicy, Envelope, Reply, from_stored


def test_an_envelope_survives_being_stored() -> None:
    authenticity = Authenticity(
        source="ours", spf=AuthResult.SOFTFAIL, dkim=(("a.example", AuthResult.PASS),), dmarc_policy=DmarcPolicy.REJECT
    )
    envelope = Envelope("anna@a.example", "talk@b.example", "smtp", client="192.0.2.1", authenticity=authenticity)
    assert from_stored(json.loads(json.dumps(asdict(envelope)))) == envelope


def test_a_reply_knows_whether_it_is_taken_or_passes() -> None:
    assert Reply(250, "2.0.0", "ok").accepted and not Reply(250, "2.0.0", "ok").temporary
    assert Reply(451, "4.3.0", "later").temporary and not Reply(451, "4.3.0", "later").accepted
    assert not Reply(550, "5.1.1", "no").temporary and not Reply(550, "5.1.1", "no").accepted
