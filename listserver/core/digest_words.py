"""The fixed words of digests, by language."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Words:
    """headings: by core.digest.Heading. months: January first. How they are used is in core.digest_html and _text."""

    contents: str
    headings: dict[str, str]
    waiting: str
    waiting_why: str
    post: tuple[str, str]
    thread: tuple[str, str]
    inside: str
    reply: str
    archive: str
    quoted: tuple[str, str]
    more: tuple[str, str]
    files: str
    somebody: str
    no_subject: str
    how: str
    leave: str
    months: tuple[str, ...]
    date: str

    def count(self, posts: int, threads: int) -> str:
        """ "12 posts in 5 threads"."""
        return f"{posts} {self.post[posts != 1]} {self.inside} {threads} {self.thread[threads != 1]}"

    def day(self, at: datetime) -> str:
        """ "3 March 2026"."""
        return self.date.format(day=at.day, month=self.months[at.month - 1], year=at.year)

    def moment(self, at: datetime) -> str:
        """ "3 March, 14:05"."""
        day = self.date.format(day=at.day, month=self.months[at.month - 1], year="").strip(" ,").removesuffix(" de")
        return f"{day}, {at:%H:%M}"

    def lines_more(self, count: int) -> str:
        """ "12 more lines"."""
        return f"{count} {self.more[count != 1]}"

    def lines_quoted(self, count: int) -> str:
        """ "12 quoted lines"."""
        return f"{count} {self.quoted[count != 1]}"


_LANGUAGES = {
    "en": Words(
        contents="Contents",
        headings={"new": "New questions", "answered": "Asked and answered", "rest": "Discussions going on"},
        waiting="Still waiting for an answer",
        waiting_why="Can you help?",
        post=("post", "posts"),
        thread=("thread", "threads"),
        inside="in",
        reply="Reply",
        archive="Archive",
        quoted=("quoted line", "quoted lines"),
        more=("more line", "more lines"),
        files="Attached",
        somebody="Somebody",
        no_subject="(no subject)",
        how="Each “Reply” answers that one post, in its thread.",
        leave="To leave, or to get each post or fewer digests, write to",
        months=(
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ),
        date="{day} {month} {year}",
    ),
    "de": Words(
        contents="Inhalt",
        headings={"new": "Neue Fragen", "answered": "Gefragt und beantwortet", "rest": "Laufende Gespräche"},
        waiting="Noch ohne Antwort",
        waiting_why="Können Sie helfen?",
        post=("Beitrag", "Beiträge"),
        thread=("Thema", "Themen"),
        inside="in",
        reply="Antworten",
        archive="Archiv",
        quoted=("zitierte Zeile", "zitierte Zeilen"),
        more=("weitere Zeile", "weitere Zeilen"),
        files="Angehängt",
        somebody="Jemand",
        no_subject="(kein Betreff)",
        how="Jedes »Antworten« antwortet auf genau diesen Beitrag, in seinem Thema.",
        leave="Abmelden, oder jeden Beitrag einzeln oder seltener Post bekommen: schreiben Sie an",
        months=(
            "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
            "Dezember",
        ),
        date="{day}. {month} {year}",
    ),
    "es": Words(
        contents="Contenido",
        headings={
            "new": "Preguntas nuevas",
            "answered": "Preguntas con respuesta",
            "rest": "Conversaciones en curso",
        },
        waiting="Todavía sin respuesta",
        waiting_why="¿Puede usted ayudar?",
        post=("mensaje", "mensajes"),
        thread=("tema", "temas"),
        inside="en",
        reply="Responder",
        archive="Archivo",
        quoted=("línea citada", "líneas citadas"),
        more=("línea más", "líneas más"),
        files="Adjuntos",
        somebody="Alguien",
        no_subject="(sin asunto)",
        how="Cada «Responder» contesta a ese mensaje, en su tema.",
        leave="Para darse de baja, o recibir cada mensaje o menos resúmenes, escriba a",
        months=(
            "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
            "noviembre", "diciembre",
        ),
        date="{day} de {month} de {year}",
    ),
    "fr": Words(
        contents="Sommaire",
        headings={"new": "Nouvelles questions", "answered": "Questions et réponses", "rest": "Discussions en cours"},
        waiting="Encore sans réponse",
        waiting_why="Pouvez-vous aider ?",
        post=("message", "messages"),
        thread=("discussion", "discussions"),
        inside="dans",
        reply="Répondre",
        archive="Archives",
        quoted=("ligne citée", "lignes citées"),
        more=("ligne de plus", "lignes de plus"),
        files="Pièces jointes",
        somebody="Quelqu'un",
        no_subject="(sans objet)",
        how="Chaque « Répondre » répond à ce message-là, dans sa discussion.",
        leave="Pour quitter la liste, ou recevoir chaque message ou moins de recueils, écrivez à",
        months=(
            "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
            "novembre", "décembre",
        ),
        date="{day} {month} {year}",
    ),
}  # fmt: skip


def words_of(language: str) -> Words:
    """The words of a language; English where we do not have it."""
    return _LANGUAGES.get(language.partition("-")[0].lower(), _LANGUAGES["en"])
