"""Check the language of code, comments and docs: exit with 1 and a line for each finding.

The rules that a program can check: no gendered pronouns, none of the names that were given up,
no sentence that starts with a clause instead of a subject, no line of a document over 100 columns.
ruff checks the line length of code.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MAX_COLUMNS: Final = 100

CHECKED: Final = re.compile(r"(\.(py|md|tac|cfg|toml|c|h)|^\.ci/run|^contrib/.*)$")

RULES: Final = (
    (re.compile(r"\b(he|his|him|himself|she|her|hers)\b", re.IGNORECASE), "a gendered pronoun"),
    (
        re.compile(
            r"\b(audience|bookmarks?|burst_of|carry_out|claim_name|comeback|come_in|coming_back|"
            r"dialects?|dismissals?|doors?|hearers?|hole_at|housekeeping|IOutlet|is_barred|"
            r"journals?|let_go|LocalRegistry|met a fault|no_more|no_place_free|outlets?|put_back|"
            r"put_out|recorder|seats?|take_in|takes? note|take_name|tapes?|the house|tickets?|"
            r"turn_away|TurnedAway|unseat|whereabouts|whispered|who_starts)\b",
            re.IGNORECASE,
        ),
        "a name that was given up",
    ),
    (
        re.compile(r'("""|# |^- |^ *|\. )(Who|What|Whoever|Whatever) [a-z]'),
        "a sentence without a subject",
    ),
)

# Words of others: SQLAlchemy calls the kind of a database its dialect.
EXEMPT: Final = re.compile(r"sqlalchemy|connection\.dialect|engine\.dialect|dialects? of SQL")


def main() -> int:
    """Print each finding; return the exit status."""
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 -- found on the PATH
        check=True,
        capture_output=True,
        text=True,
    )
    findings = [
        finding
        for name in listed.stdout.splitlines()
        if CHECKED.search(name) and Path(name).resolve() != Path(__file__).resolve()
        for finding in findings_in(name)
    ]
    print(*findings, sep="\n")  # noqa: T201 -- it reports
    return 1 if findings else 0


def findings_in(name: str) -> Iterator[str]:
    """Yield `file:line: what is wrong: the text` for each finding in a file."""
    path = Path(name)
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if path.suffix == ".md" and len(line) > MAX_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns, at most {MAX_COLUMNS}"
        for pattern, what in RULES:
            found = pattern.search(line)
            if found and not EXEMPT.search(line):
                yield f"{name}:{number}: {what}: {found[0]}"


if __name__ == "__main__":
    sys.exit(main())
