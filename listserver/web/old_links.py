"""Links into the archive that was here before: Mailman 2's, Mailman 3's, MHonArc's."""

from listserver.core.old_links import read
from listserver.store import lists
from listserver.store import old_links as rows
from listserver.web.http import Response, redirect
from listserver.web.posts import post_url
from listserver.web.visit import Visit


def old_link(visit: Visit, parts: list[str]) -> Response | None:
    """301 to the post, month or list that such a link means; None for another path, or one that nobody knows."""
    meant = read(parts)
    lst = lists.find(visit.conn, meant[0]) if meant else None
    if meant is None or lst is None or not visit.may_read(lst):
        return None
    name = meant[1]
    if not name or (name[0] in "12" and name[4:5] == "/"):
        return redirect(f"{visit.root}/{lst.name}/{name + '/' if name else ''}", 301)
    found = rows.find(visit.conn, lst.id, name)
    return None if found is None else redirect(post_url(visit, lst, found), 301)
