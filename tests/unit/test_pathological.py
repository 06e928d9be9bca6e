"""Text made to keep a pattern busy for hours passes through every reader of bodies: a hang here would stop the queue.

There is no stop-watch in these tests; a quadratic pattern runs into the time-out of the test run.
"""

from __future__ import annotations

import pytest

from blogmetad.model.digest import digest
from blogmetad.rules.features import features
from blogmetad.rules.names import names

SIZE = 300_000
UNITS = {
    "brackets": "[",
    "images": "![",
    "links": "[a](",
    "liquid tags": "{%",
    "liquid values": "{{",
    "attributes": "{:",
    "comments": "<!--",
    "comment lines": "<!-- 注释\n",
    "tags": "<a ",
    "code spans": "` `` ``` ",
    "tex brackets": "x \\\\[2pt] y\n",
    "tex parentheses": "\\\\(",
    "dollars": "$a ",
    "double dollars": "$$a",
    "stars": "*a ",
    "bold": "**粗",
    "underlines": "__a ",
    "addresses": "http://",
    "one word": "a",
    "dotted": "a.",
    "dashed": "a-",
    "chinese without a stop": "中",
    "hashes": "# ",
    "quotes": "> ",
    "headings": "# 标题\n",
    "exclamations": "!",
    "begin": "\\begin{",
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_no_text_holds_up_the_queue(unit: str) -> None:
    body = unit * (SIZE // len(unit))
    assert digest(body, 480).source_chars == len(body)
    assert features(body).words >= 0
    assert len(names(body)) <= 4


@pytest.mark.timeout(120)
def test_blanks_inside_a_heading_hold_up_nothing() -> None:
    body = "# 甲" + " " * SIZE + "乙"
    assert features(body).headings == 1
    assert digest(body, 480).source_chars == len(body)
