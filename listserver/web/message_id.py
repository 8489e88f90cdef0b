"""Posts by their Message-IDs, as mail programs and other archives know them."""

from listserver.core.masking import author
from listserver.store import lists
from listserver.store import reading as rows
from listserver.store.lists import List
from listserver.store.reading import Line
from listserver.web.http import Response, redirect
from listserver.web.posts import post_url
from listserver.web.render import tells
from listserver.web.rows import SOMEBODY, title
from listserver.web.visit import Visit
from listserver.web.words import reading


def by_message_id(visit: Visit, message_id: str, lst: List | None = None) -> Response | None:
    """302 to the post with that Message-ID, 300 with a list of several; None if there is none."""
    where = [lst] if lst else [one for one in lists.everything(visit.conn) if visit.may_read(one)]
    found = rows.by_message_id(visit.conn, message_id.strip("<> "), [one.id for one in where])
    shown = [(one, line) for one, line in found if line.state == "shown"]
    if len(shown) == 1:
        one, line = shown[0]
        return redirect(post_url(visit, one, line.identifier), 302)
    if not shown:
        return None
    words = reading(visit, lst)

    def named(one: List, line: Line) -> str:
        name = author(line.author_name, line.author_address, words.say(SOMEBODY))
        about = {"title": title(visit, one, line.subject), "author": name, "list": one.name}
        return words.say("{title}, by {author}, {date}, on {list}", date=words.dates.day(line.sent_at), **about)

    links = [(post_url(visit, one, line.identifier), named(one, line)) for one, line in shown]
    return tells(visit, "There are several such posts", "They have the same Message-ID.", lst, 300, links=links)
