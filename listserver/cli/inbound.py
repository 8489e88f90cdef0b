"""listserver explain, listserver receive."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from listserver.cli import common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from listserver.core.envelope import Reply
    from listserver.core.policy import Finding

explain_app = typer.Typer()
receive_app = typer.Typer()


@explain_app.command()
def explain(
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="The list's name.")],
    mail: Annotated[Path, typer.Argument(metavar="MAIL.eml", help="The mail, as a file; - reads standard input.")],
    sender: Annotated[str | None, typer.Option("--from", help="Envelope sender; else the author's address.")] = None,
    as_json: common.Json = False,
) -> None:
    """Print every check's answer for a mail; nothing is changed."""
    from listserver import config
    from listserver.actions import lists
    from listserver.core import mailbox, policy
    from listserver.core.envelope import Envelope
    from listserver.core.message import read
    from listserver.store import facts

    post = read(mailbox.as_received(sys.stdin.buffer.read() if str(mail) == "-" else mail.read_bytes()))
    author = post.authors[0].address if post.authors else ""
    now = common.now()
    with common.open_store() as (settings, store):
        site = common.site(settings, store)
        checks = config.checks_of(settings)

        def unit(conn: "Connection") -> "tuple[tuple[str, Finding | None], ...]":
            lst = lists.find(conn, list_name)
            envelope = Envelope(author if sender is None else sender, site.address(lst.name), "smtp")
            return policy.explain(post, facts.gather(conn, site, lst, envelope, post, now), checks)

        answers = store.read_now(unit)
    verdict = max((f.verdict for _, f in answers if f is not None), default=policy.Verdict.ACCEPT)
    rows = [_answer(code, finding) for code, finding in answers]
    if as_json:
        common.print_json({"verdict": verdict.name.lower(), "checks": rows})
        return
    for row in rows:
        said = f"{row['answer']}: {row['moderator']}" if row["answer"] else "nothing to say"
        typer.echo(f"{row['code']}: {common.cell(said)}")
    typer.echo(f"verdict: {verdict.name.lower()}")


def _answer(code: str, finding: "Finding | None") -> dict[str, Any]:
    return {
        "code": code,
        "answer": finding.verdict.name.lower() if finding else None,
        "author": finding.author if finding else None,
        "moderator": finding.moderator if finding else None,
    }


@receive_app.command()
def receive(
    to: Annotated[str, typer.Option(help="The address it was sent to.")],
    sender: Annotated[
        str | None,
        typer.Option("--from", help="Envelope sender, empty for none; by default that of Return-Path, else of From."),
    ] = None,
) -> None:
    """Take a mail from standard input, for a mail server's pipe. Exit 0 taken, 75 again later, 65, 67, 69 refused."""
    from listserver.errors import ListserverError
    from listserver.smtp import pipe

    try:
        reply = _received(to.strip("<>"), sender, sys.stdin.buffer.read())
    except Exception as error:  # a fault of ours never bounces a mail: the mail server keeps it and tries again (S23)
        said = common.told(error) if isinstance(error, ListserverError) else repr(error)
        typer.echo(f"listserver: {said}", err=True)
        raise typer.Exit(pipe.EX_TEMPFAIL) from error
    if not reply.accepted:
        typer.echo(f"listserver: {reply.code} {reply.status} {reply.text}", err=True)
    raise typer.Exit(pipe.exit_status(reply))


def _received(to: str, sender: str | None, octets: bytes) -> "Reply":
    import asyncio

    from listserver import config, inbound
    from listserver.authenticity import Authenticator, Resolver
    from listserver.core import mailbox
    from listserver.core.envelope import Envelope
    from listserver.core.message import read

    if sender is None:
        sender = mailbox.sender(read(octets))
    envelope = Envelope(sender.strip().strip("<>"), to, "pipe", trusted=True)
    arrived, now = inbound.prepare(envelope, mailbox.as_received(octets)), common.now()
    with common.open_store() as (settings, store):
        receiver = inbound.Receiver(common.site(settings, store), config.checks_of(settings))
        resolver, auth, seals = Resolver(settings.dns.servers), settings.auth, settings.dkim.arc == "on"
        authenticator = Authenticator(resolver, auth.believed, auth.trusted_sealers, seals=seals)
        found = asyncio.run(authenticator.check(envelope, arrived.post))
        arrived = replace(arrived, envelope=replace(envelope, authenticity=found))
        return store.write_now(lambda conn: inbound.receive(conn, receiver, arrived, now))
