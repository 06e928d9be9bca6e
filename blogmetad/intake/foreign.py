"""Front matter that Jekyll takes for text: another tool's, below the first line, between other dashes. Pure.

Published as it stands, all of it would be shown to readers and none of it would count.
"""

from __future__ import annotations

import re

from blogmetad.values import Problem

LOOKED_AT = 16 * 1024
"""Characters of a file that are looked at."""

_READ = re.compile(r"---[ \t]*\r?\n")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = " \t\v\f\xa0\u3000\u200b\ufeff"
_DASHES = re.compile(r"[-–—―－─]{2,12}")
_NAMED = re.compile(r"(?:---|;;;)\s*(?:toml|json|ya?ml)|;;;", re.IGNORECASE)
_TOML_KEY = re.compile(r"[\w.\"'-]{1,80}\s*=|\[")
_JSON_KEY = re.compile(r'\{\s{0,80}"[^"\n]{1,80}"\s{0,80}:')
_KEY = re.compile(r"""["']?(?:title|date|layout|tags|categories|description|slug|permalink|published)["']?\s*[:：]""")
_WRITE = "Write the fields as YAML, a 'key: value' a line, between two lines '---' at the very top, and save it again."


def misplaced(name: str, text: str) -> Problem | None:
    """What is wrong with a file that has front matter where Jekyll finds none; None if it has none there.

    A break between paragraphs, and text that only looks like a key, are neither.
    """
    if _READ.match(text):
        return None
    lines = [line.strip(_BLANK) for line in _LINE_END.split(text[:LOOKED_AT])]
    start = next((number for number, line in enumerate(lines) if line), len(lines) - 1)
    opening, below = lines[start], lines[start + 1 :]
    if opening == "+++" and "+++" in below and any(map(_TOML_KEY.match, below[: below.index("+++")])):
        return _problem(name, "its front matter is TOML, between lines '+++'", start)
    if _NAMED.fullmatch(opening):
        return _problem(name, f"its front matter begins with '{opening}', which Jekyll does not know", start)
    if _JSON_KEY.match("\n".join(lines[start:])):
        return _problem(name, "its front matter is JSON", start)
    end = next((number for number, line in enumerate(below) if _DASHES.fullmatch(line)), None)
    if not _DASHES.fullmatch(opening) or end is None or not any(map(_KEY.match, below[:end])):
        return None
    if opening != "---":
        return _problem(name, f"its front matter begins with '{opening}' and not with three hyphens", start)
    if "\n" not in text:
        return _problem(name, "its lines end with carriage returns alone", start)
    return _problem(name, "its front matter does not begin at the very top", start)


def _problem(name: str, cause: str, start: int) -> Problem:
    where = f"{cause} (line {start + 1}), so Jekyll would show it as text"
    return Problem("draft.foreign", f"{name}: {where}. {_WRITE}")
