"""Memberships: added, changed, ended, made equal to a file; what each change leaves due."""

from typing import Any

import pytest

from listserver.actions import bans, membership
from listserver.actions.membership import Entry
from listserver.core.actor import OPERATOR
from listserver.errors import Refused, UsageError
from listserver.store import lists as lists_rows
from listserver.store import members
from listserver.store.lists import List
from listserver.store.members import Member
from tests.actions.conftest import Community
from tests.conftest import Statements


def member(community: Community, lst: List, address: str = "anna@example.org") -> Member:
    return community.store.read_now(lambda c: membership.find(c, lst, address))


def change(community: Community, lst: List, address: str = "anna@example.org", **wanted: str) -> Member:
    found = member(community, lst, address)
    return community.write(lambda c: membership.change(c, OPERATOR, lst, found, wanted, community.now))


def test_adding_is_safe_to_repeat_and_folds_case(community: Community) -> None:
    talk = community.create()
    entries = [Entry("Anna@Example.org", "Anna"), Entry("anna@example.org"), Entry("ben@example.org")]
    first = community.write(lambda c: membership.add(c, OPERATOR, talk, entries, community.now))
    again = community.write(lambda c: membership.add(c, OPERATOR, talk, entries, community.now))
    assert (first.added, first.already, again.added, again.already) == (2, 0, 0, 2)
    assert community.rows("lists")[0]["members"] == 2
    assert member(community, talk, "ANNA@example.org").name == ""  # the later line of the two wins


def test_many_are_added_with_a_few_statements(community: Community, statements: Statements) -> None:
    talk = community.create()
    statements.clear()
    entries = [Entry(f"m{i}@example.org", f"M {i}") for i in range(1000)]
    done = community.write(lambda c: membership.add(c, OPERATOR, talk, entries, community.now))
    assert done.added == 1000 and len(statements) <= 30
    everybody = community.store.read_now(lambda c: members.of_list(c, talk.id))
    assert {(m.address, m.name) for m in everybody} == {(e.address, e.name) for e in entries}


def test_adding_with_a_higher_role_raises_it_and_never_lowers(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")
    community.join(talk, "anna@example.org", role="owner")
    assert member(community, talk).role == "owner"
    community.join(talk, "anna@example.org", role="moderator")
    assert member(community, talk).role == "owner"


@pytest.mark.parametrize(("options", "hint"), [({"role": "king"}, "moderator"), ({"mode": "hourly"}, "each, digest")])
def test_adding_with_what_cannot_be(community: Community, options: dict[str, str], hint: str) -> None:
    talk = community.create()
    with pytest.raises(UsageError, match=hint):
        community.join(talk, "anna@example.org", **options)


def test_a_member_keeps_what_was_due_when_the_mode_changes(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org", "ben@example.org")
    community.post()
    changed = change(community, talk, mode="digest")
    assert (changed.mode, changed.receives, changed.receives_since) == ("digest", "digest", 1)
    [past] = community.rows("past_receives")
    assert (past["receives"], past["since"], past["until"]) == ("each", 0, 1)
    same = change(community, talk, mode="digest")
    assert same.receives_since == 1 and len(community.rows("past_receives")) == 1
    paused = change(community, talk, pause_until="2027-01-31")
    assert (paused.state, paused.receives, str(paused.pause_until)) == (
        "paused",
        "nothing",
        "2027-02-01 00:00:00+00:00",
    )
    assert len(community.rows("past_receives")) == 1  # no post came while it was digest
    back = change(community, talk, mode="each")
    assert (back.state, back.pause_until, back.receives) == ("active", None, "each")


def test_from_nothing_nothing_is_left_due(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org", mode="nomail")
    community.join(talk, "ben@example.org")
    community.post("ben@example.org")
    change(community, talk, mode="each")
    assert community.rows("past_receives") == []


OPTIONS: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"mode": "summary"}, {"mode": "index"}),
    ({"mode": "postpone"}, {"mode": "nomail"}),
    ({"own_copies": "false"}, {"own_copies": False}),
    ({"concealed": "yes"}, {"concealed": True}),
    ({"moderated": "true"}, {"moderated": True}),
    ({"moderated": "list"}, {"moderated": None}),
    ({"known": "off"}, {"known": False}),
    ({"digest_form": "mime"}, {"digest_form": "mime"}),
    ({"zone": "Europe/Berlin", "name": " Anna  Berg ", "language": "de"}, {"name": "Anna Berg", "language": "de"}),
    ({"zone": ""}, {"zone": ""}),
    ({"name": "Anna B."}, {"name": "Anna B."}),
    ({"role": "moderator"}, {"role": "moderator"}),
    ({"pause_until": "none"}, {"pause_until": None, "state": "active"}),
    ({"pause_until": "2027-01-31T10:00+01:00"}, {"state": "paused"}),
]


@pytest.mark.parametrize(("wanted", "got"), OPTIONS)
def test_each_option(community: Community, wanted: dict[str, str], got: dict[str, Any]) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")
    changed = change(community, talk, **wanted)
    assert {name: getattr(changed, name) for name in got} == got


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ({"colour": "red"}, "no member setting 'colour'"),
        ({"own_copies": "perhaps"}, "true, false"),
        ({"pause_until": "soon"}, "2027-01-31"),
        ({"zone": "Mars/Olympus"}, "Europe/Berlin"),
        ({"zone": "../etc"}, "Europe/Berlin"),
        ({"digest_form": "wax"}, "html, plain, mime"),
    ],
)
def test_an_option_that_cannot_be_changes_nothing(community: Community, wanted: dict[str, str], hint: str) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")
    with pytest.raises(UsageError, match=hint):
        change(community, talk, mode="digest", **wanted)
    assert member(community, talk).mode == "each"


def test_who_leaves_has_no_row_any_more_and_the_last_owner_stays(community: Community) -> None:
    talk = community.create()
    community.join(talk, "olga@example.org", role="owner")
    community.join(talk, "anna@example.org")
    anna, olga = member(community, talk), member(community, talk, "olga@example.org")
    community.write(lambda c: membership.remove(c, OPERATOR, talk, anna, community.now))
    with pytest.raises(Refused, match=r"anna@example\.org is not a member"):
        member(community, talk)
    assert community.rows("lists")[0]["members"] == 1
    with pytest.raises(Refused, match="last owner"):
        community.write(lambda c: membership.remove(c, OPERATOR, talk, olga, community.now))
    with pytest.raises(Refused, match="last owner"):
        change(community, talk, "olga@example.org", role="member")
    community.join(talk, "oskar@example.org", role="owner")
    community.write(lambda c: membership.remove(c, OPERATOR, talk, olga, community.now))
    with pytest.raises(Refused, match="not a member"):
        member(community, talk, "nobody@example.org")


def test_sync_makes_the_members_equal_but_keeps_who_runs_the_list(community: Community) -> None:
    talk = community.create()
    community.join(talk, "olga@example.org", role="owner")
    community.join(talk, "anna@example.org", "ben@example.org")
    wanted = [Entry("BEN@example.org"), Entry("cleo@example.org")]
    for dry_run in (True, False):
        lst = community.store.read_now(lambda c: lists_rows.get(c, talk.id))
        done = community.write(
            lambda c, d=dry_run, s=lst: membership.sync(c, OPERATOR, s, wanted, community.now, dry_run=d)
        )
        assert done == membership.Synced(("cleo@example.org",), ("anna@example.org",))
        assert community.rows("lists")[0]["members"] == 3
    addresses = {row["id"]: row["address"] for row in community.rows("addresses")}
    assert {addresses[m["address_id"]] for m in community.rows("members")} == {
        "olga@example.org",
        "ben@example.org",
        "cleo@example.org",
    }


def test_bans_are_added_once_and_lifted(community: Community) -> None:
    talk = community.create()

    def ban(lst: List | None, pattern: str) -> bool:
        return community.write(lambda c: bans.add(c, OPERATOR, lst, pattern, community.now))

    assert ban(talk, "EVE@example.net ") and not ban(talk, "eve@example.net")
    assert ban(None, "*@spam.example") and not ban(None, "*@spam.example")
    for pattern in ("", "*", "*@", "a b@c.example", "<a@b.example>"):
        with pytest.raises(UsageError, match="no pattern"):
            ban(talk, pattern)
    assert community.write(lambda c: bans.remove(c, OPERATOR, None, "*@spam.example", community.now))
    assert not community.write(lambda c: bans.remove(c, OPERATOR, None, "*@spam.example", community.now))


def test_the_options_of_somebody_paused_can_be_given_back(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")
    paused = change(community, talk, pause_until="2027-01-31", own_copies="off", digest_form="mime")
    kept = membership.options_of(paused)
    change(community, talk, pause_until="none", own_copies="on", digest_form="html")
    again = change(community, talk, **kept)
    assert (again.state, again.pause_until, again.own_copies) == ("paused", paused.pause_until, False)
