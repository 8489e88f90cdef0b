"""Where the files that are not Python lie: templates/, archive/ and config/, in a wheel and in a checkout alike."""

from collections.abc import Iterable
from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Our own folder of that name ("templates", "archive" or "config")."""
    shipped = _PACKAGE / "_share" / name  # a wheel; pyproject's force-include puts it there
    return shipped if shipped.is_dir() else _PACKAGE.parent / name


def search_path(name: str, site: Path | None = None, list_name: str = "") -> tuple[Path, ...]:
    """Folders to look in, in this order: the list's own, the site's, ours.

    name: such as "templates". site: the site's data folder (Settings.data_dir), None for ours alone. list_name: as it
    stands in the database, "" for what belongs to no list. Folders that do not exist are left out.
    """
    own: list[Path] = []
    if site is not None:
        if list_name:
            own.append(site / "lists" / list_name / name)
        own.append(site / name)
    return (*(path for path in own if path.is_dir()), folder(name))


def find(relative: str, folders: Iterable[Path]) -> Path:
    """The first file of that name in the folders of search_path. Raises FileNotFoundError where none has it."""
    looked = tuple(folders)
    for place in looked:
        path = place / relative
        if path.is_file():
            return path
    raise FileNotFoundError(f"There is no file {relative!r} in {', '.join(str(place) for place in looked)}.")
