"""Posts by their Message-IDs, as mail programs and other archives know them."""

from listserver.core.masking import author
from listserver.store import lists, reading
from listserver.store.lists import List
from listserver.web import dates
from listserver.web.http import Response, redirect
from listserver.web.posts import post_url
from listserver.web.render import page
from listserver.web.rows import title
from listserver.web.visit import Visit


def by_message_id(visit: Visit, message_id: str, lst: List | None = None) -> Response | None:
    """302 to the post with that Message-ID, 300 with a list of several; None if there is none."""
    where = [lst] if lst else [one for one in lists.everything(visit.conn) if visit.may_read(one)]
    found = reading.by_message_id(visit.conn, message_id.strip("<> "), [one.id for one in where])
    shown = [(one, line) for one, line in found if line.state == "shown"]
    if len(shown) == 1:
        one, line = shown[0]
        return redirect(post_url(visit, one, line.identifier), 302)
    if not shown:
        return None
    links = [
        (
            post_url(visit, one, line.identifier),
            f"{title(one, line.subject)}, by {author(line.author_name, line.author_address)}, "
            f"{dates.day(line.sent_at)}, on {one.name}",
        )
        for one, line in shown
    ]
    said = "They have the same Message-ID."
    return page(visit, "said", lst, 300, title="There are several such posts", said=said, links=links)
