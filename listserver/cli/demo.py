"""listserver demo: what `make run` starts."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def demo(
    port_base: Annotated[
        int, typer.Option(min=1, max=65000, help="The page's port; the archive has the next one, SMTP the one after.")
    ] = 8800,
    directory: Annotated[Path, typer.Option("--dir", help="Where it is kept between runs.")] = Path("demo-data"),
) -> None:
    """Run a server with an invented community, and a page on which the mails that it sends can be read."""
    from listserver import demo

    demo.run(directory, port_base, typer.echo)
