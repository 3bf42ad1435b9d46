"""Copies the table of figures from docs/results.md into README.md: python Resources/copy_figures.py."""

from __future__ import annotations

import re
from pathlib import Path

from samca.files import write_atomically

ROOT = Path(__file__).resolve().parent.parent
RESULTS, README = ROOT / "docs" / "results.md", ROOT / "README.md"
TABLE = re.compile(r"(?<=-->\n)(?:\|.*\n)*(?=<!-- end of figures -->)")


def with_figures(readme: str, results: str) -> str:
    """The README with the table that stands between the marks in the results; ValueError without marks."""
    (table,) = TABLE.findall(results)
    (_,) = TABLE.findall(readme)
    return TABLE.sub(lambda _: table, readme)


if __name__ == "__main__":
    text = with_figures(README.read_text(encoding="utf-8"), RESULTS.read_text(encoding="utf-8"))
    write_atomically(README, text.encode())
