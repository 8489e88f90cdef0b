"""docs/reference/: pages made from the code, so that they are true. `python -m tests.rules.reference` writes them."""

import dataclasses
import inspect
from pathlib import Path
from typing import Any, get_args

import typer

from listserver import config
from listserver.cli import app
from listserver.core import notices, settings

FOLDER = Path(__file__).parent.parent.parent / "docs" / "reference"
_MADE = "<!-- made from the code: python -m tests.rules.reference -->\n"


def pages() -> dict[str, str]:
    """File name -> text of every page."""
    return {
        "commands.md": _MADE + "# Commands\n\n" + "\n".join(_commands()),
        "list-settings.md": _MADE + "# Settings of a list\n\n" + "\n".join(_list_settings()),
        "site-settings.md": _MADE + "# Settings of the site\n\n" + "\n".join(_site_settings()),
        "notices.md": _MADE + "# Mails that we write\n\n" + "\n".join(_notices()),
    }


def commands() -> list[tuple[str, Any]]:
    """Every command that can be run, as ("list create", command)."""
    found: list[tuple[str, Any]] = []
    root = typer.main.get_command(app)
    todo = [("", root)]
    while todo:
        path, command = todo.pop(0)
        names = command.list_commands(_context(command, path)) if hasattr(command, "list_commands") else []
        if path and not names:
            found.append((path, command))
        inner = [(f"{path} {name}".strip(), command.get_command(_context(command, path), name)) for name in names]
        todo = inner + todo
    return found


def _context(command: Any, path: str) -> Any:
    return command.context_class(command, info_name=f"listserver {path}".strip(), resilient_parsing=True)


def _commands() -> list[str]:
    lines = [
        "`listserver [--config FILE] COMMAND`. Every command has `--help`. Exit codes: 0 done, 1 refused or failed "
        "(one sentence on standard error), 2 wrong usage.\n"
    ]
    for path, command in commands():
        words = " ".join(command.collect_usage_pieces(_context(command, path))).replace("[OPTIONS]", "").split()
        lines.append(f"## listserver {path}\n\n`{' '.join(['listserver', path, *words])}`\n")
        lines.append(inspect.cleandoc(command.help or "") + "\n")
        rows = [_option(one) for one in command.params if one.param_type_name == "option" and one.name != "help"]
        lines += [*rows, ""] if rows else []
    return lines


def _option(option: Any) -> str:
    return f"- `{' '.join([*option.opts, *option.secondary_opts])}`: {option.help or ''}".rstrip(": ")


def _list_settings() -> list[str]:
    lines = ["`listserver list set LIST KEY=VALUE …` sets them, `listserver list show LIST` shows them.\n"]
    for name in settings.names():
        choices = settings.choices(name)
        default = settings.default(name)
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        one_of = f" One of {', '.join(f'`{c}`' for c in choices)}." if choices else ""
        lines.append(f"- **{name}** (default `{shown or ' '}`): {settings.doc(name)}{one_of}".replace("` `", "empty"))
    lines.append("\nPresets (`listserver list create NAME --preset PRESET`):\n")
    for preset, values in settings.PRESETS.items():
        given = ", ".join(f"`{key}={value}`" for key, value in values.items())
        lines.append(f"- **{preset}**: {given or 'the defaults'}")
    return [*lines, ""]


def _site_settings() -> list[str]:
    return [
        "The configuration is `--config FILE`, else `$LISTSERVER_CONFIG`, else `./listserver.toml`, else "
        "`/etc/listserver/listserver.toml`. Every setting can be given by environment, which wins: "
        "`LISTSERVER_DOMAIN`, `LISTSERVER_SMTP__LISTEN`. `listserver config show` prints them all.\n",
        "```toml",
        config.sample().rstrip(),
        "```",
        "",
    ]


def notice_types() -> list[type]:
    """Every mail that we write."""
    return [
        kind
        for _, kind in inspect.getmembers(notices, inspect.isclass)
        if dataclasses.is_dataclass(kind) and kind in get_args(notices.Notice)
    ]


def _notices() -> list[str]:
    from listserver.actions.notices import name_of

    lines = [
        "Each has a template of the same name in `templates/mail/<language>/`; `templates/README.md` says how to "
        "change one.\n"
    ]
    for kind in sorted(notice_types(), key=lambda k: inspect.getsourcelines(k)[1]):
        fields = ", ".join(f"`{each.name}`" for each in dataclasses.fields(kind))
        lines.append(f"- **{name_of(kind.__new__(kind))}**: {inspect.getdoc(kind)} Fields: {fields}.")
    return [*lines, ""]


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
