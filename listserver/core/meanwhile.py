"""Posts that are judged together: what those before one change of its facts, which were gathered for all at once."""

from collections import Counter
from dataclasses import replace

from listserver.core.filing import message_id
from listserver.core.message import Post
from listserver.core.policy import Author, Facts


class Meanwhile:
    """What became of the posts of a group so far. They are judged as if each was filed before the next one came."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, bytes]] = set()
        self._of_person: Counter[int | None] = Counter()
        self._of_member: Counter[int | None] = Counter()
        self._accepted = 0

    def held(self, post: Post) -> None:
        """A post that waits for a moderator: it is a duplicate if it comes again."""
        self._seen.add((message_id(post), post.content_hash))

    def accepted(self, post: Post, author: Author | None) -> None:
        """A post that goes out: it counts for its author and its list as well."""
        self.held(post)
        self._accepted += 1
        if author is not None:
            self._of_person[author.person_id] += author.person_id is not None
            self._of_member[author.member_id] += author.member_id is not None

    def seen_by(self, post: Post, facts: Facts) -> Facts:
        """The facts of the next post as they are by now."""
        if not self._seen:
            return facts
        person_id = facts.author.person_id if facts.author else None
        return replace(
            facts,
            authors=tuple(
                replace(one, accepted_posts=one.accepted_posts + self._of_member[one.member_id])
                for one in facts.authors
            ),
            duplicate=facts.duplicate or (message_id(post), post.content_hash) in self._seen,
            hour_posts=facts.hour_posts + self._of_person[person_id],
            day_posts=facts.day_posts + self._accepted,
        )
