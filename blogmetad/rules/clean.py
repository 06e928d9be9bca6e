"""Generated text made fit for a post: no markup, no Liquid, no invisible characters, not too long. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from blogmetad.rules.script import is_cjk, latin_words

LONGEST = 4000
"""Characters of a generated value that are looked at; what is longer has gone wrong anyway."""

_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_LIQUID = re.compile(r"\{\{-?|\{%-?|-?%\}|-?\}\}")
_MARKED = re.compile(r"(\*\*|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_LEADING = re.compile(r"#+\s+|[-*+>|]\s+")
_QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ("“", "”"),
    ("‘", "’"),
    ("「", "」"),
    ("『", "』"),
    ("«", "»"),
    ("*", "*"),
    ("_", "_"),
    ("`", "`"),
)
_SENTENCE_END = re.compile(r"[.!?]['\")\]’”]*(?=\s|$)|[。！？][”’」』）]*")
_CLAUSE_END = re.compile(r"[,;] |[，；：]| [–—-] | (?=(?:and|but|while|which|where|so that|by|including|such as) )")
_LINKING_END = re.compile(
    r"\s(?:a|an|and|are|as|at|be|been|before|being|but|by|can|for|from|has|have|how|in|into|is|its|of|on|or|than|that|the"
    r"|their|this|to|was|were|when|where|which|while|will|with|without|your)$|[和与及或的在从对把为]$",
    re.IGNORECASE,
)
"""A word at the end of a cut text that leads on to what is no longer there."""

_DANGLING = " ,;:，、；：-–—(（[“‘\"'&/"
_STOPS = ".!?。！？…"


def clean(text: str, labels: Iterable[str] = ()) -> str:
    """One line of plain text: what a model wraps around a value is gone, and what could act in a page.

    ``labels`` are words which, followed by a colon, may stand in front of the value ("Title: ...").
    """
    text = unicodedata.normalize("NFC", text[:LONGEST])
    text = "".join(map(_visible, text))
    text = _MARKED.sub(r"\2", text)
    text = _TAG.sub(" ", text)
    # A space in place of each piece: without it what is left on both sides could form the same sign again.
    text = re.sub("[<>]", " ", text)
    text = _LIQUID.sub(" ", text)
    text = " ".join(text.split())
    leading = [_LEADING, *(re.compile(rf"{re.escape(label)}\s*[:：]", re.IGNORECASE) for label in labels)]
    before = None
    while text != before:
        before = text
        text = _unwrapped(text)
        for pattern in leading:
            text = text[found.end() :] if (found := pattern.match(text)) else text
        text = text.removeprefix("**").removesuffix("**").strip()
        # A quote that was opened, and cut off before it was closed.
        text = text.strip('"') if text.count('"') == 1 else text
    return text


def _visible(character: str) -> str:
    """Controls become spaces; format characters (bidi, zero width) and broken ones go."""
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in ("Cf", "Cs", "Co", "Cn") or character == "\ufffd" else character


def _unwrapped(text: str) -> str:
    """Without a pair of quotes around the whole; "'A' and 'B'" keeps its own."""
    for left, right in _QUOTES:
        inner = text[1:-1]
        if len(text) >= 2 and text[0] == left and text[-1] == right and left not in inner and right not in inner:
            return inner
    return text


def shortened(text: str, high: int, low: int) -> str:
    """``text`` in at most ``high`` characters, cut behind a sentence, else a clause, else a word; empty if no border is
    there."""
    if len(text) <= high:
        return text
    ends = [m.end() for m in _SENTENCE_END.finditer(text) if m.end() <= high]
    if ends and ends[-1] >= low:
        return text[: ends[-1]]
    clauses = [m.start() for m in _CLAUSE_END.finditer(text) if low <= m.start() <= high]
    if clauses and clauses[-1] >= high // 2:
        return text[: clauses[-1]].rstrip(_DANGLING)
    at = high
    while at and not _is_border(text[at - 1], text[at]):
        at -= 1
    cut = text[:at].rstrip(_DANGLING)
    while (whole := _LINKING_END.sub("", cut)) != cut:
        cut = whole.rstrip(_DANGLING)
    return cut


def _is_border(left: str, right: str) -> bool:
    """Whether a text may be cut between two characters without breaking a word or a character."""
    if unicodedata.combining(right):
        return False
    return left.isspace() or right.isspace() or is_cjk(left) or is_cjk(right)


def without_period(title: str) -> str:
    """A title without the one full stop at its end; an ellipsis stays."""
    if title.endswith("。") or (title.endswith(".") and not title.endswith("..")):
        return title[:-1].rstrip()
    return title


def with_period(text: str, high: int) -> str:
    """A description with a full stop in its own script, if it ends without one and there is room."""
    core = text.rstrip("\"')]’”」』）")
    if not core or core[-1] in _STOPS or len(text) >= high:
        return text
    return text.rstrip(" ,;:，、；：-–—") + ("。" if is_cjk(core[-1]) else ".")


def is_repetitive(text: str) -> bool:
    """Whether a text is a few words over and over ("foo foo foo foo"), as small models end up with."""
    units = [c for c in text if is_cjk(c)] + [word.casefold() for word in latin_words(text)]
    pairs = list(pairwise(units))
    return len(pairs) >= 3 and len(set(pairs)) <= 0.4 * len(pairs)
