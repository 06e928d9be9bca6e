"""One value being written, token by token: what may come next, and when it is done."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, replace

import numpy as np

from blogmetad.model.local.alphabet import Alphabet, Mask
from blogmetad.model.local.llama import Logits
from blogmetad.values import Ask

STOP_URGE, SENTENCE_URGE = 4.0, 2.0
OVERRUN = 1.4
"""A sentence may go on a little beyond its room: it is cut at the end of a clause then, not in the middle of one."""

TRIED = 2000
"""Of the likeliest tokens, how many are tried for one that keeps to the post's Latin words: all would take seconds."""

_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_LATIN_END = re.compile(r"[A-Za-z][A-Za-z0-9]{0,79}$")
_DANGLING = re.compile(
    r"(?:^|[\s,(])(?:an?|the|this|that|these|those|its?|their|our|your|my|of|in|on|at|to|for|from|with|by|as|and|or|but|"
    r"is|are|was|were|be|how|what|why|which|when|where|who|can|will|must|more|most|very|such|than|into|about|using)$"
    r"|[的和与及或在是了对将把从被为以,，、;；:：(（\"'“‘-]$",
    re.IGNORECASE,
)
_FULL_STOP = re.compile(r"(?<!\d)[.!]$|[。！]$")


class Lexicon:
    """The Latin words of a post. A Chinese value may use these names and no others, or it drifts into English."""

    def __init__(self, text: str) -> None:
        self._words = sorted({word.lower() for word in _LATIN_RUN.findall(text)})
        self._known = frozenset(self._words)

    def allows(self, text: str) -> bool:
        """Whether every Latin word of a value is one of the post's; the last one may still be growing into one."""
        *whole, last = [run.lower() for run in _LATIN_RUN.findall(text[-80:])] or [""]
        growing = last if text.lower().endswith(last) else ""
        if not growing and last:
            whole.append(last)
        at = bisect.bisect_left(self._words, growing)
        begins_one = not growing or (at < len(self._words) and self._words[at].startswith(growing))
        # The first run may have been cut by the window; it was looked at when it was written.
        return begins_one and all(word in self._known for word in whole[len(text) > 80 :])

    def breaks_off(self, text: str) -> bool:
        """Whether a text ends in the middle of one of the post's Latin words."""
        last = _LATIN_END.search(text)
        return last is not None and last.group().lower() not in self._known


@dataclass(frozen=True, slots=True)
class Page:
    """What a value is written on: what is asked for, and ``barred`` tokens that it must not begin with."""

    ask: Ask
    letters: Alphabet
    lexicon: Lexicon
    barred: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A value as far as it is written. When it is ``done``, ``tail`` is what its last token held before the line
    feed."""

    value: bytes = b""
    tokens: tuple[int, ...] = ()
    tail: str = ""
    done: bool = False

    @property
    def text(self) -> str:
        """What is written so far."""
        return self.value.decode("utf-8", "ignore").strip() + self.tail


def grow(line: Line, logits: Logits, page: Page) -> Line:
    """The line one token further on; done if it has come to its end."""
    text, ask, letters = line.text, page.ask, page.letters
    room = ask.high * OVERRUN if ask.sentences else ask.high
    if len(line.tokens) >= ask.high or len(text) >= room or sentence_done(text, ask) or looping(text):
        return replace(line, done=True)
    scores = _scores(line, text, logits, page)
    token = int(np.argmax(scores))
    if ask.language == "zh" and not page.lexicon.allows(text + _piece(page, token)):
        token = int(np.argmax(_allowed(scores, text, page)))
    piece = letters.pieces[token]
    if letters.line_ends[token] == 0:
        return replace(line, tail=piece.split(b"\n")[0].decode("utf-8", "ignore").rstrip(), done=True)
    return Line(line.value + piece, (*line.tokens, token))


def _scores(line: Line, text: str, logits: Logits, page: Page) -> Logits:
    """The logits with what may not come next ruled out, and full stops favoured where the value is long enough."""
    letters = page.letters
    scores = logits + _mask(text, page)
    if not line.value:
        scores += letters.openings
        scores[list(page.barred)] = -np.inf
    if may_stop(text):
        scores[letters.full_stops] += urge_to_stop(len(text), page.ask)
    return scores


def _mask(text: str, page: Page) -> Mask:
    ask, letters = page.ask, page.letters
    lacks_han = ask.language == "zh" and not _has_han(text)
    overdue = lacks_han and len(text) > ask.high // 4 and not page.lexicon.breaks_off(text)
    mask = letters.han if overdue else letters.text[ask.language]
    ready = len(text) >= max(ask.low, 1) and not lacks_han
    return np.maximum(mask, letters.line_ends) if ready else mask


def _allowed(scores: Logits, text: str, page: Page) -> Logits:
    """The scores with only those tokens left that keep to the post's Latin words. A name broken off half way can
    leave none: then all stay, or the value would never end."""
    likeliest = np.argpartition(-scores, TRIED)[:TRIED] if len(scores) > TRIED else np.arange(len(scores))
    kept = [t for t in likeliest if scores[t] > -np.inf and page.lexicon.allows(text + _piece(page, t))]
    if not kept:
        return scores
    allowed = np.full_like(scores, -np.inf)
    allowed[kept] = scores[kept]
    return allowed


def _piece(page: Page, token: int) -> str:
    return page.letters.pieces[token].decode("utf-8", "ignore")


def sentence_done(text: str, ask: Ask) -> bool:
    """A description of two thirds of its room that ends in a full stop is done: a third sentence only costs time."""
    return len(text) >= max(ask.low, ask.high * 2 // 3) and bool(_FULL_STOP.search(text))


def urge_to_stop(length: int, ask: Ask) -> float:
    """Nats added to full stops and line ends: none until the usual length (else half of the room) is near, all of them
    far beyond it."""
    near = 0.8 * (ask.usual or ask.high / 2)
    return max(0.0, min(1.0, length / near - 1.0)) * (SENTENCE_URGE if ask.sentences else STOP_URGE)


def may_stop(text: str) -> bool:
    """Whether a text could end here: not behind a digit ("Qwen 2" may go on with ".5") nor a word like "and"."""
    return not text[-1:].isdigit() and _DANGLING.search(text[-20:]) is None


def looping(text: str) -> bool:
    """Whether the last 12 or more characters were said twice before: greedy decoding of a small model can circle."""
    return any(len(text) >= 3 * n and text[-n:] * 3 == text[-3 * n :] for n in range(12, 40))


def _has_han(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)
