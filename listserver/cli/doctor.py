"""listserver doctor: what hinders mail, and what to do."""

from dataclasses import asdict
from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer()


@app.command()
def doctor(
    wait: Annotated[float, typer.Option(help="Seconds to wait for a mail to ourselves; 0 sends none.")] = 20.0,
    as_json: common.Json = False,
) -> None:
    """Check DNS, relay, ports, database, disk, clock and the way round; each line says what to do. Exit 1 if bad."""
    from listserver import doctor
    from listserver.core.diagnosis import State, worst

    lines = doctor.examine(common.settings(), common.now, wait)
    if as_json:
        common.print_json([asdict(line) for line in lines])
    for line in lines if not as_json else []:
        common.say(f"{line.state:<5}{line.name:<10}{common.cell(line.text)}")
        if line.fix:
            common.say(f"{'':15}-> {common.cell(line.fix)}")
    if worst(lines) is State.BAD:
        raise typer.Exit(1)
