"""Files of at most 500 lines, functions of at most 60: what is longer is two things."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(path for folder in ("listserver", "tests", "bench") for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_has_at_most_500_lines_and_a_function_60(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 500
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [
        f"{f.name} ({(f.end_lineno or 0) - f.lineno + 1})" for f in functions if (f.end_lineno or 0) - f.lineno >= 60
    ]
    assert not long
