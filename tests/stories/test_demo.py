"""The demonstration: its community is what its page promises."""

from datetime import UTC, datetime

from listserver import demo
from listserver.core.site import Site
from listserver.store import holds, lists, members
from listserver.store.engine import Store

SITE = Site(demo.DOMAIN, "Demo", "hanne@community.example", "en", "http://127.0.0.1:8801", b"k" * 32)


def test_the_invented_community_is_there_and_two_posts_wait(sqlite_url: str) -> None:
    told = demo.community()
    with Store.open(sqlite_url) as store:
        store.write_now(lambda conn: demo.seed(conn, SITE, told, datetime(2026, 11, 25, 12, tzinfo=UTC)))
        rows = store.read_now(lists.everything)
        assert [row.name for row in rows] == ["field-sensors", "teaching-stats", "workshop-news"]
        assert [row.members for row in rows] == [40, 39, 39]
        assert sum(row.posts for row in rows) == sum(len(thread["posts"]) for thread in told["threads"])
        assert sum(row.threads for row in rows) == len(told["threads"])
        waiting = store.read_now(holds.waiting)
        assert [(hold.name, hold.reasons) for hold in waiting] == [
            ("Wanda Ferrante", ["not-a-member"]),
            ("Erik van Dam", ["first-post"]),
        ]
        kofi = store.read_now(lambda conn: members.with_role(conn, rows[0].id, "moderator"))
        assert [member.address for member in kofi] == ["kofi@community.example"]
