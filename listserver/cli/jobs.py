"""listserver jobs: the periodic jobs."""

from typing import Annotated

import typer

from listserver.cli import common

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(as_json: common.Json = False) -> None:
    """Show the jobs, and when each last ran."""
    from listserver import jobs
    from listserver.store import ticks

    with common.open_store() as (settings, store):
        last = store.read_now(ticks.last)
        table = jobs.table(common.site(settings, store))
    rows = [{"name": job.name, "last": last.get(job.name), "what": job.doc} for job in table]
    common.print_table(rows, ("name", "last", "what"), as_json=as_json, empty="There are no jobs.")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Its name, as `jobs list` shows it.")],
    at: Annotated[str, typer.Option(help="As if it were this time, such as 2026-03-01T06:00 (UTC).")] = "",
) -> None:
    """Do the work of one job now, whether or not its time has come."""
    from listserver import jobs

    now = common.moment("--at", at) if at else common.now()
    with common.open_store() as (settings, store):
        jobs.run_now(store, jobs.find(jobs.table(common.site(settings, store)), name), now)
    common.say(f"{name}: done.")
