"""Lists: made, set, renamed and deleted, on both databases."""

import pytest

from listserver.actions import access, lists
from listserver.actions.access import Verb
from listserver.core.actor import OPERATOR, Actor, Proof
from listserver.errors import Refused, UsageError
from tests.actions.conftest import Community


def test_a_new_list_has_the_settings_of_its_preset_and_what_was_asked(community: Community) -> None:
    created = community.write(
        lambda c: lists.create(c, OPERATOR, "News", {"title": "All news"}, community.now, preset="announce")
    )
    lst = created.list
    assert (lst.name, lst.settings.posting, lst.settings.title) == ("news", "moderators", "All news")
    assert lst.settings.joining == "confirm"  # a default
    assert community.rows("events")[-1]["name"] == "list-created"
    found = community.store.read_now(lambda c: lists.find(c, "NEWS@lists.example.org"))
    assert found.id == lst.id


@pytest.mark.parametrize(
    ("name", "hint"), [("talk", "already"), ("talk-request", "address of the list talk"), ("ta lk", "letters")]
)
def test_a_name_that_cannot_be(community: Community, name: str, hint: str) -> None:
    community.create()
    with pytest.raises(Refused, match=hint):
        community.create(name)


def test_unknown_presets_settings_and_lists_say_what_there_is(community: Community) -> None:
    with pytest.raises(UsageError, match="discussion, announce"):
        community.write(lambda c: lists.create(c, OPERATOR, "a", {}, community.now, preset="party"))
    with pytest.raises(UsageError, match="no setting 'colour'"):
        community.create(colour="red")
    with pytest.raises(Refused, match="no lists yet"):
        community.store.read_now(lambda c: lists.find(c, "talk"))
    community.create()
    with pytest.raises(Refused, match="There are: talk"):
        community.store.read_now(lambda c: lists.find(c, "tlak"))


def test_settings_are_set_all_or_none_and_unset(community: Community) -> None:
    talk = community.create()
    with pytest.raises(UsageError):
        community.write(
            lambda c: lists.change(c, OPERATOR, talk, {"title": "T", "posting": "sometimes"}, community.now)
        )
    changed = community.write(lambda c: lists.change(c, OPERATOR, talk, {"posting": "anyone"}, community.now))
    assert (changed.settings.posting, changed.settings.title, changed.changed) == ("anyone", "", 1)
    again = community.write(lambda c: lists.reset(c, OPERATOR, changed, ["posting"], community.now))
    assert again.settings.posting == "members" and again.stored == {}
    with pytest.raises(UsageError):
        community.write(lambda c: lists.reset(c, OPERATOR, again, ["colour"], community.now))


def test_a_list_is_renamed_and_deleted(community: Community) -> None:
    talk = community.create()
    community.join(talk, "anna@example.org")
    renamed = community.write(lambda c: lists.rename(c, OPERATOR, talk, "chat", community.now))
    assert renamed.name == "chat" and renamed.members == 1
    community.write(lambda c: lists.delete(c, OPERATOR, renamed, community.now))
    assert community.rows("lists") == community.rows("members") == []
    assert [e["name"] for e in community.rows("events")][-2:] == ["list-renamed", "list-deleted"]


def test_access_what_each_role_may_do(community: Community) -> None:
    talk = community.create()
    for name, role in (("olga", "owner"), ("max", "moderator"), ("anna", "member")):
        community.join(talk, f"{name}@example.org", role=role)
    people = {row["name"]: row["id"] for row in community.rows("people")}

    def can(name: str, proof: Proof, verb: Verb, of: str = "") -> bool:
        actor = Actor(proof, name, people.get(name), "mail")
        return community.store.read_now(lambda c: access.may(c, actor, verb, talk.id, of_person=people.get(of)))

    assert can("Olga", Proof.TOKEN, Verb.CONFIGURE) and can("Olga", Proof.SESSION, Verb.MODERATE)
    assert can("Max", Proof.TOKEN, Verb.MODERATE) and not can("Max", Proof.TOKEN, Verb.MANAGE_MEMBERS)
    assert not can("Anna", Proof.TOKEN, Verb.MODERATE)
    assert can("Anna", Proof.SENDER, Verb.OWN_MEMBERSHIP, "Anna")
    assert not can("Anna", Proof.SENDER, Verb.OWN_MEMBERSHIP, "Max")
    assert can("Olga", Proof.SENDER, Verb.OWN_MEMBERSHIP, "Max")
    assert not can("Olga", Proof.NONE, Verb.CONFIGURE) and not can("Nobody", Proof.TOKEN, Verb.MODERATE)
    assert not can("Olga", Proof.TOKEN, Verb.CREATE_LISTS) and can("x", Proof.SHELL, Verb.CREATE_LISTS)
