"""Commands by mail: one mail, one answer; what changes something needs a proof (email interface §3)."""

from dataclasses import replace

import pytest

from listserver import email_commands
from listserver.actions import joining, lists, membership
from listserver.core.actor import OPERATOR
from listserver.core.verp import member_token
from tests.actions import mails
from tests.actions.conftest import SITE, Community
from tests.actions.robot import ANNA, EVE, KIM, OLGA, REQUEST, ROBOT, Robot


# --- joining ----------------------------------------------------------------------------------------------------------
def test_subscribe_asks_and_any_answer_but_no_joins(robot: Robot) -> None:
    robot.send("subscribe Anna Berg")
    text = robot.only("confirm-commands")
    assert "subscribe talk" in text and "Talk about drift" in text and robot.member() is None
    robot.reply("whatever you say")
    assert "You are now a member of Talk about drift." in robot.only("welcome")
    member = robot.member()
    assert member is not None and (member.name, member.mode, member.known) == ("Anna Berg", "each", False)
    assert [row["name"] for row in robot.rows("events")][-1] == "member-joined"


def test_an_empty_answer_confirms_and_no_declines(robot: Robot) -> None:
    robot.send("", to="talk+subscribe@lists.example.org")
    robot.reply("no")
    assert "You said no, so nothing was done." in robot.only() and robot.member() is None
    robot.send("", to="talk-subscribe-digest@lists.example.org")
    robot.reply("")
    member = robot.member()
    assert member is not None and member.mode == "digest"


@pytest.mark.parametrize("joining_", ["open", "confirm", "approve", "confirm+approve"])
@pytest.mark.parametrize("proved", [False, True])
def test_what_it_takes_to_join_under_each_setting(community: Community, joining_: str, proved: bool) -> None:
    robot = Robot(community)
    talk = robot.create(joining=joining_)
    robot.join(talk, KIM, role="moderator")
    robot.send("subscribe", proved=proved)
    asks = not (proved and joining_ in ("open", "approve"))
    assert bool(robot.notices("confirm-commands")) is asks
    if asks:
        assert robot.member() is None and robot.notices("held-join") == []
        robot.reply()
    if "approve" in joining_:
        assert robot.member() is None
        assert "asked to let anna@example.org in" in mails.text(robot.notices("your-commands")[-1])
        robot.reply("ok", KIM, "held-join")
        assert "They are now a member" in mails.text(robot.notices("your-decision")[-1])
    assert robot.member() is not None and [row["address"] for row in robot.notices("welcome")] == [ANNA]


def test_a_moderator_says_no_to_a_request_and_the_second_one_is_told(community: Community) -> None:
    robot = Robot(community)
    talk = robot.create(joining="approve")
    robot.join(talk, KIM, "bob@example.org", role="moderator")
    robot.send("subscribe", proved=True)
    robot.send("subscribe", proved=True)
    assert len(robot.notices("held-join")) == 2  # one for each moderator, however often somebody asks
    bobs = next(row for row in robot.notices("held-join") if row["address"] == "bob@example.org")
    kims = next(row for row in robot.notices("held-join") if row["address"] == KIM)
    robot.arrive(mails.answer("phone", "no please use your work address", kims, KIM), KIM, mails.to(kims))
    assert "use your work address" in mails.text(robot.notices("your-join-rejected")[0])
    robot.arrive(mails.answer("phone", "ok", bobs, "bob@example.org"), "bob@example.org", mails.to(bobs))
    assert "has already rejected it" in mails.text(robot.notices("already-decided")[0])
    assert robot.member() is None


@pytest.mark.parametrize(
    ("joining_", "words"), [("invite", "people who were invited"), ("closed", "takes no new members")]
)
def test_lists_that_nobody_joins_by_themselves(community: Community, joining_: str, words: str) -> None:
    robot = Robot(community)
    robot.create(joining=joining_)
    robot.send("subscribe")
    assert words in robot.only()


def test_an_invitation_is_answered_like_a_question(community: Community) -> None:
    robot = Robot(community)
    talk = robot.create(joining="invite", description="About the drift of sensors.")
    robot.join(talk, OLGA, role="owner")
    robot.send("invite anna@example.org", OLGA, proved=True)
    assert "was invited" in mails.text(robot.notices("your-commands")[-1])
    assert "About the drift of sensors." in mails.text(robot.notices("invitation")[0])
    robot.send("invite anna@example.org", OLGA, proved=True)
    assert (
        "It is asked at most" in mails.text(robot.notices("your-commands")[-1])
        and len(robot.notices("invitation")) == 1
    )
    robot.reply("yes please", name="invitation")
    assert robot.member() is not None
    robot.reply("yes please", name="invitation")
    assert "longer be answered" in robot.only("token-expired")


def test_already_a_member_changes_the_options_that_came_along(anna: Robot) -> None:
    anna.send("subscribe digest", proved=True)
    text = anna.only()
    assert "is already a member of Talk about drift" in text and "mode = digest" in text


def test_the_page_of_a_question_acts_as_an_answer_does(robot: Robot) -> None:
    robot.send("subscribe")
    token = mails.to(robot.notices()[-1]).partition(".")[2].partition("@")[0]
    assert robot.write(lambda c: email_commands.confirm(c, SITE, token, robot.now)) == ()
    assert robot.member() is not None
    assert robot.write(lambda c: email_commands.confirm(c, SITE, token, robot.now)) is None
    assert robot.write(lambda c: email_commands.confirm(c, SITE, "nothing", robot.now)) is None


# --- leaving ----------------------------------------------------------------------------------------------------------
def test_leaving_is_confirmed_and_can_be_taken_back(anna: Robot) -> None:
    anna.write(lambda c: membership.change(c, OPERATOR, anna.list(), anna.member(), {"mode": "weekly"}, anna.now))
    anna.send("unsubscribe")
    assert anna.member() is not None
    anna.reply()
    assert "is no longer a member of:\n  - Talk about drift" in anna.only() and anna.member() is None
    anna.reply("undo")
    assert "you are again a member" in anna.only()
    member = anna.member()
    assert member is not None and member.mode == "weekly"


def test_who_is_proved_leaves_at_once_and_all_lists_with_a_star(anna: Robot) -> None:
    anna.join(anna.create("news", title="News"), ANNA)
    anna.send("SIGNOFF *", to=ROBOT, proved=True)
    assert "- Talk about drift" in anna.only() and "- News" in anna.only()
    assert anna.member() is None and anna.member(name="news") is None


def test_an_open_list_lets_everybody_go_without_a_question(community: Community) -> None:
    robot = Robot(community)
    robot.join(robot.create(leaving="open"), ANNA)
    robot.send("", to="talk-leave@lists.example.org")
    assert "is no longer a member" in robot.only() and robot.member() is None
    robot.send("unsubscribe")
    assert "is not a member" in robot.only("your-commands") or robot.new()


def test_L12_a_bare_unsubscribe_to_the_list_is_never_distributed(anna: Robot) -> None:
    anna.send("unsubscribe", to="talk@lists.example.org", subject="unsubscribe")
    assert anna.rows("posts") == [] and anna.rows("holds") == []
    assert "unsubscribe talk" in anna.only("confirm-commands")


def test_5_out_of_office_mail_to_the_list_is_never_distributed_nor_answered(anna: Robot) -> None:
    anna.send(
        "I am away.", to="talk@lists.example.org", subject="Automatic reply: Drift", Auto_Submitted="auto-replied"
    )
    assert anna.rows("posts") == [] and anna.new() == []


def _token(robot: Robot) -> str:
    member = robot.member()
    assert member is not None
    return member_token(SITE.secret, "leave", member.id)


def test_the_unsubscribe_address_of_a_copy_is_proof_enough(anna: Robot) -> None:
    to = f"talk+unsubscribe.{_token(anna)}@lists.example.org"
    anna.send("", to=to)
    assert "is no longer a member of Talk about drift" in anna.only("goodbye") and anna.member() is None
    anna.send("", to=to)
    assert anna.only("token-expired")


def test_5_who_was_forwarded_a_mail_unsubscribes_nobody(anna: Robot) -> None:
    anna.send("", EVE, to=f"talk+unsubscribe.{_token(anna)}@lists.example.org")
    assert anna.member() is not None and f"{EVE} asked for this" in anna.only("confirm-commands")
    anna.reply("ok")
    assert anna.member() is None


def test_L3_one_action_for_the_mail_and_for_the_page(anna: Robot) -> None:
    token = _token(anna)
    left = anna.write(lambda c: joining.leave_by_token(c, SITE, anna.list(), token, anna.now, "web"))
    assert left is not None and left.address == ANNA
    assert anna.write(lambda c: joining.leave_by_token(c, SITE, anna.list(), token, anna.now, "web")) is None
    assert anna.write(lambda c: joining.leave_by_token(c, SITE, anna.list(), "feed", anna.now, "web")) is None


# --- settings ---------------------------------------------------------------------------------------------------------
def test_set_pause_and_undo(anna: Robot) -> None:
    anna.send("set digest\nset noconceal", proved=True)
    assert "talk: mode = digest" in anna.only()
    anna.send("pause until 2027-01-31", proved=True)
    assert "talk: pause until = 2027-01-31" in anna.only()
    anna.reply("undo")
    member = anna.member()
    assert member is not None and (member.state, member.mode) == ("active", "digest")


def test_several_settings_in_one_mail_are_shown_once_as_they_are_in_the_end(anna: Robot) -> None:
    anna.create("news")
    anna.join(anna.list("news"), ANNA)
    anna.send("set digest\nset myposts off ack\nset * daily\nset * conceal\nwhich", proved=True)
    said = anna.only()
    assert said.count("talk: mode = ") == 3 and said.count("Your settings were changed") == 2
    assert (
        "talk: myposts = off" in said and "set nothing here: ack" in said and "pause" not in said.split("To change")[0]
    )
    anna.reply("undo")
    member = anna.member()
    assert member is not None and member.mode == "each" and member.own_copies


def test_language_and_time_zone_are_set_by_mail_and_taken_back(anna: Robot) -> None:
    anna.send("set zone Europe/Berlin\nset language german", proved=True)
    member = anna.member()
    assert member is not None and (member.zone, member.language) == ("Europe/Berlin", "de")
    assert "talk: zone = Europe/Berlin" in anna.only() and "Ihre Einstellungen" in anna.only()
    anna.reply("undo")
    member = anna.member()
    assert member is not None and (member.zone, member.language) == ("", "")
    anna.send("set zone Europe/Atlantis", proved=True)
    assert "Europe/Berlin" in anna.only()


def test_set_with_a_star_is_for_all_lists_and_which_shows_them(anna: Robot) -> None:
    anna.join(anna.create("news"), ANNA)
    anna.send("set * nomail", to=ROBOT, proved=True)
    anna.send("which", to=ROBOT, proved=True)
    assert anna.only().count("mode = nomail") == 2


def test_errors_teach_and_show_the_settings_to_who_is_proved(anna: Robot) -> None:
    anna.send("set nomial", proved=True)
    text = anna.only()
    assert "nomail" in text and "talk: mode = each" in text
    anna.send("set nomial")
    assert "nomail" in anna.only() and "mode = each" not in anna.only()
    anna.send("subscrbie talk")
    assert "Did you mean: subscribe" in anna.only()
    anna.send("set ack", proved=True)
    assert "These words set nothing here: ack" in anna.only()


def test_topics_are_kept_shown_and_given_back(anna: Robot) -> None:
    anna.send("set topics: +gis -jobs", proved=True)
    assert "talk: topics = +gis -jobs" in anna.only()
    member = anna.member()
    assert member is not None and member.topics == "+gis,-jobs"
    options = membership.options_of(replace(member, topics="+spatial models,-jobs"))
    assert membership.parse_options({"topics": options["topics"]}) == {"topics": "+spatial models,-jobs"}
    for chosen in ("none", ""):
        options = membership.options_of(replace(member, topics=chosen))
        assert membership.parse_options({"topics": options["topics"]}) == {"topics": chosen}
    anna.send("set topics: all", proved=True)
    assert "topics" not in anna.only()
    anna.reply("undo", name="your-commands")
    member = anna.member()
    assert member is not None and member.topics == "+gis,-jobs"


def test_a_new_address_must_be_proved_too(anna: Robot) -> None:
    new = "anna@home.example"
    anna.send(f"change * {new}", to=ROBOT)
    anna.reply("ok")
    assert [row["address"] for row in anna.new()] == [new, ANNA]
    assert "A mail went to anna@home.example" in mails.text(anna.new()[1])
    anna.reply("ok", new, "confirm-commands")
    member = anna.member()
    assert member is not None and member.address == new
    anna.reply("undo", new, "your-commands")
    member = anna.member()
    assert member is not None and member.address == ANNA
    assert anna.post(new).code == 250 and len(anna.rows("posts")) == 1  # one may write from any address


def test_an_address_of_ours_is_no_members(anna: Robot) -> None:
    told = "is an address of this list server itself, and cannot be a member"
    for command, who in (
        ("subscribe talk address=talk@lists.example.org", EVE),
        ("subscribe talk address=Listserv@Lists.Example.Org", EVE),
        ("change talk+owner@lists.example.org", ANNA),
        ("add talk talk-request@lists.example.org", OLGA),
        ("invite talk postmaster@lists.example.org", OLGA),
    ):
        anna.send(command, who, proved=True)
        assert told in " ".join(anna.only(to=who).split()), command
    anna.send("add talk somebody@lists.example.org", OLGA, proved=True)  # people may have mailboxes there
    assert anna.member("somebody@lists.example.org")


def test_an_address_that_somebody_had_becomes_the_same_person(anna: Robot) -> None:
    anna.join(anna.create("news"), "anna@home.example")
    anna.join(anna.list(), "anna@home.example")
    anna.send("change talk anna@home.example", proved=True)
    anna.reply("ok", "anna@home.example", "confirm-commands")
    assert len([row for row in anna.rows("members") if row["list_id"] == anna.list().id]) == 3
    assert anna.member(ANNA, "news") is not None and anna.member(ANNA) == anna.member("anna@home.example")


def test_who_shows_what_the_list_lets_see(anna: Robot) -> None:
    anna.send("who", proved=True)
    assert "shown to its owners only" in anna.only()
    anna.send("who", OLGA, proved=True)
    assert "anna@example.org  (Anna)" in anna.only(to=OLGA)
    anna.send("set-list members_visible_to=members", OLGA, proved=True)
    anna.write(lambda c: membership.change(c, OPERATOR, anna.list(), anna.member(KIM), {"concealed": "on"}, anna.now))
    anna.send("who", proved=True)
    assert OLGA in anna.only() and KIM not in anna.only()


# --- owners -----------------------------------------------------------------------------------------------------------
def test_owner_commands_need_a_proof_and_an_owner(anna: Robot) -> None:
    anna.send("add new@example.org New One", OLGA)
    assert anna.member("new@example.org") is None and anna.only("confirm-commands", OLGA)
    anna.reply("ok", OLGA)
    assert anna.member("new@example.org") is not None
    assert [(row["name"], row["address"]) for row in anna.new()] == [
        ("welcome", "new@example.org"),
        ("your-commands", OLGA),
    ]
    anna.reply("undo", OLGA)
    assert anna.member("new@example.org") is None
    anna.send("delete anna@example.org", KIM, proved=True)
    assert "Only the people who run" in anna.only(to=KIM) and anna.member() is not None


def test_delete_set_list_stats_remind(anna: Robot) -> None:
    anna.send("delete anna@example.org", OLGA, proved=True)
    assert "is no longer a member of Talk about drift" in anna.only(to=OLGA) and anna.member() is None
    anna.reply("undo", OLGA)
    assert anna.member() is not None
    anna.send("set-list moderation=all", OLGA, proved=True)
    assert anna.list().settings.moderation == "all"
    anna.reply("undo", OLGA)
    assert anna.list().settings.moderation == "first-posts"
    anna.send("stats", KIM, proved=True)
    assert "members: 3" in anna.only(to=KIM)
    anna.send("remind", OLGA, proved=True)
    assert len([row for row in anna.new() if row["name"] == "membership-reminder"]) == 3
    anna.send("add anna@example.org", OLGA, proved=True)
    assert "was already a member" in anna.only(to=OLGA)


@pytest.mark.parametrize(
    ("command", "english", "german"),
    [
        ("delete olga@example.org", "is the last owner", "Nur noch olga@example.org leitet die Liste"),
        ("delete eve@example.net", "is not a member", "ist nicht Mitglied"),
        ("set-list moderation=often", 'cannot be "often". It can be: none, first-posts, all.', "Möglich ist »none,"),
        ("set-list first_posts=many", "Write it like 10.", "Schreiben Sie es wie 10."),
        ("set-list digest_zone=Berlin", "Write it like Europe/Berlin", "Schreiben Sie es wie Europe/Berlin"),
        ("set-list colour=red", "there is no setting", "gibt es nicht. Es gibt »title, description,"),
    ],
)
def test_what_cannot_be_is_said_in_the_language_and_what_can(
    anna: Robot, command: str, english: str, german: str
) -> None:
    anna.send(command, OLGA, proved=True)
    assert english in " ".join(anna.only(to=OLGA).split())
    anna.write(lambda conn: lists.change(conn, OPERATOR, anna.list(), {"language": "de"}, anna.now))
    anna.send(command, OLGA, proved=True)
    assert german in " ".join(anna.only(to=OLGA).split())


def test_modindex_and_the_batch_answer(anna: Robot) -> None:
    for number in range(5):
        anna.post(f"eve{number}@example.net", Subject=f"Spam {number}")
    anna.send("modindex", KIM, proved=True)
    assert "  5  Spam 4" in anna.only("waiting-posts", KIM)
    anna.reply("ok 1 3\nno 2 too long\ndiscard rest", KIM, "waiting-posts")
    assert [hold["decision"] for hold in anna.rows("holds")] == [
        "approved",
        "rejected",
        "approved",
        "discarded",
        "discarded",
    ]
    answer = mails.text(next(row for row in anna.new() if row["name"] == "your-commands"))
    assert answer.count("Approved") == 2 and answer.count("Discarded") == 2
    anna.reply("well", KIM, "waiting-posts")
    assert "nothing was done" in anna.only(to=KIM)
    anna.reply("ok 1", KIM, "waiting-posts")
    assert "Was already decided" in anna.only(to=KIM)
    anna.reply("ok 1", EVE, "waiting-posts")
    assert anna.new() == []
    anna.send("modindex", KIM, proved=True)
    assert "Nothing waits" in anna.only(to=KIM)


def test_the_batch_answer_of_who_moderates_no_more_decides_nothing(anna: Robot) -> None:
    anna.post(EVE, Subject="Spam")
    anna.send("modindex", KIM, proved=True)
    talk = anna.list()
    kim = anna.store.read_now(lambda c: membership.find(c, talk, KIM))
    anna.write(lambda c: membership.change(c, OPERATOR, talk, kim, {"role": "member"}, anna.now))
    anna.reply("ok 1", KIM, "waiting-posts")
    assert "nothing was done" in anna.only(to=KIM)
    assert [hold["decision"] for hold in anna.rows("holds")] == [None]


# --- people and robots ------------------------------------------------------------------------------------------------
def test_content_decides_at_owner_and_request(robot: Robot) -> None:
    for to in ("talk-request@lists.example.org", "talk-owner@lists.example.org"):
        robot.send("I cannot post any more. Could you look?", to=to, subject="A question")
        assert [(row["name"], row["address"]) for row in robot.new()] == [("forwarded", OLGA)]
    robot.send("unsubscribe", to="owner-talk@lists.example.org")
    assert [row["name"] for row in robot.new()] == ["confirm-commands"]
    robot.send("Out until Monday", to=REQUEST, subject="Out of office", Auto_Submitted="auto-replied")
    assert robot.new() == []
    robot.send("Hello?", to=ROBOT)
    assert "What you can write" in robot.only()


def test_confirm_and_moderation_commands_with_a_token_in_the_text(robot: Robot) -> None:
    robot.send("subscribe")
    token = mails.to(robot.notices()[-1]).partition(".")[2].partition("@")[0]
    robot.send(f"AUTH {token} SUB talk", to=ROBOT)
    assert robot.member() is not None
    robot.post(EVE)
    token = mails.link(robot.notices("held-post")[-1], "approve").partition(".")[2].partition("@")[0]
    robot.send(f"DISTRIBUTE talk {token}", KIM, to=ROBOT)
    assert robot.rows("holds")[-1]["decision"] == "approved"
    robot.send("confirm 0123456789abcdef", to=ROBOT)
    assert robot.only("token-expired")
    robot.send("confirm")
    assert "needs the mail that it answers" in robot.only()


# --- who runs a list --------------------------------------------------------------------------------------------------
def test_C4_owners_are_told_of_each_change_among_them_and_can_take_it_back(anna: Robot) -> None:
    anna.join(anna.list(), "otto@example.org", role="owner")
    anna.send("delete olga@example.org", "otto@example.org", proved=True)
    assert anna.member(OLGA) is None
    told = {row["address"]: row for row in anna.notices("owners-changed")}
    assert set(told) == {"otto@example.org", OLGA}
    assert "olga@example.org was owner and is no longer a member" in mails.text(told[OLGA])
    anna.arrive(mails.answer("phone", "undo", told[OLGA], OLGA), OLGA, mails.to(told[OLGA]))
    assert anna.member(OLGA) is None  # who is no owner any more cannot; another owner can
    row = told["otto@example.org"]
    anna.arrive(mails.answer("phone", "undo", row, "otto@example.org"), "otto@example.org", mails.to(row))
    member = anna.member(OLGA)
    assert member is not None and member.role == "owner"


def test_C4_a_moved_owner_is_told_at_the_old_address_and_can_go_back(anna: Robot) -> None:
    anna.send("change talk thief@example.net", OLGA, proved=True)
    anna.reply("ok", "thief@example.net", "confirm-commands")
    member = anna.member(OLGA)
    assert member is not None and member.address == "thief@example.net"
    told = {row["address"]: row for row in anna.notices("owners-changed")}
    assert set(told) == {"thief@example.net", OLGA}
    anna.arrive(mails.answer("phone", "undo", told[OLGA], OLGA), OLGA, mails.to(told[OLGA]))
    member = anna.member(OLGA)
    assert member is not None and member.address == OLGA


def test_C4_who_is_no_member_any_more_gets_no_address_back(anna: Robot) -> None:
    anna.join(anna.list(), "otto@example.org", role="owner")
    anna.send("change talk olga@home.example", OLGA, proved=True)
    anna.reply("ok", "olga@home.example", "confirm-commands")
    anna.send("unsubscribe", "olga@home.example", proved=True)
    told = next(row for row in anna.notices("owners-changed") if row["address"] == OLGA)
    anna.seen = len(anna.notices())
    anna.arrive(mails.answer("phone", "undo", told, OLGA), OLGA, mails.to(told))
    assert "olga@example.org is not a member, so nothing was done." in anna.only(to=OLGA)
    assert anna.member(OLGA) is None


def test_C4_the_last_owner_stays(anna: Robot) -> None:
    anna.send("unsubscribe", OLGA, proved=True)
    assert "last owner" in anna.only(to=OLGA) and anna.member(OLGA) is not None


def test_a_moderator_who_leaves_is_told_of_and_a_member_is_not(anna: Robot) -> None:
    anna.send("unsubscribe", KIM, proved=True)
    anna.send("unsubscribe", ANNA, proved=True)
    assert {mails.text(row).split("\n")[1].strip() for row in anna.notices("owners-changed")} == {
        "kim@example.org was moderator and is no longer a member."
    }
