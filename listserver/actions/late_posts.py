"""Posts that do not go out: who owns the list hears of it once, and who runs the server can mend it."""

from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from listserver.actions import notices, stopped_posts
from listserver.core.fate import GIVE_UP
from listserver.core.notices import PostsNotSent
from listserver.core.site import Site
from listserver.store import lists, queue, ticks
from listserver.store.queue import Late

PATIENCE = timedelta(hours=4)  # that a copy may wait without a word
MOST = 200  # posts that are looked at
SHOWN = 5  # of a list
TOLD = "late-posts"  # under which store.ticks remembers who was told of what


def tell(conn: Connection, site: Site, now: datetime) -> int:
    """Tell the owners of each list, and the operator, what is late there, once; to how many lists it happened."""
    before = now - PATIENCE
    found = sorted(queue.late(conn, before, MOST), key=lambda late: (late.list_id, late.stopped, late.since))
    count = 0
    for (list_id, _), some in groupby(found, key=lambda late: (late.list_id, late.stopped)):
        posts = list(some)
        if ticks.tick(conn, TOLD, f"{list_id} {posts[0].key}", now):
            _tell(conn, site, posts, queue.late_copies(conn, list_id, before), now)
            count += 1
    return count


def _tell(conn: Connection, site: Site, posts: list[Late], copies: int, now: datetime) -> None:
    lst, first = lists.get(conn, posts[0].list_id), posts[0]
    notice = PostsNotSent(
        list_name=lst.name,
        list_title=lst.settings.title or lst.name,
        posts=tuple((late.author, late.subject) for late in posts[:SHOWN]),
        more=max(0, len(posts) - SHOWN),
        copies=copies,
        since=f"{first.since:%-d %B %Y, %H:%M} UTC",
        until=f"{first.since + GIVE_UP:%-d %B %Y}",
        stopped=first.stopped,
        why=next((late.why for late in posts if late.why), "")[: stopped_posts.SAID],
        operator=site.admin_email,
    )
    people = dict(stopped_posts.owners(conn, site, lst))
    people.setdefault(site.admin_email, site.language)
    for to, language in people.items():
        notices.send(conn, site, notice, to, now, lst=lst, language=language)
