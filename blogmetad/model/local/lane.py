"""The lane of new terms: the model's own words for tags, one after the other behind a label, parted by commas."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from blogmetad.model.local.alphabet import Alphabet
from blogmetad.model.local.llama import Logits
from blogmetad.model.local.trie import log_probability
from blogmetad.values import Ask, Opinion

TERM_TOKENS, TERM_CHARS, TERM_WORDS = 8, 40, 4
"""A term that has grown to this is ended."""


@dataclass(slots=True)
class Lane:
    """The terms of ``ask`` written so far; ``comma`` is the token between them. ``open`` until no more may come."""

    ask: Ask
    letters: Alphabet
    comma: int
    found: list[Opinion] = field(default_factory=list)
    open: bool = True
    _known: set[str] = field(default_factory=set)
    _value: bytes = b""
    _scores: list[float] = field(default_factory=list)

    def choose(self, logits: Logits) -> int:
        """The likeliest token that may come next; the lane may be closed after it."""
        text = self._value.decode("utf-8", "ignore").strip()
        full = len(self._scores) >= TERM_TOKENS or len(text) >= TERM_CHARS or text.count(" ") >= TERM_WORDS
        token = int(np.argmax(logits + self._mask(text, full)))
        ending = bool(self.letters.line_ends[token] == 0)
        if token == self.comma or ending:
            self._close(text, full, ending)
        else:
            self._value += self.letters.pieces[token]
            self._scores.append(log_probability(logits, token))
        return token

    def _mask(self, text: str, full: bool) -> Logits:
        """A term that is long enough has to end; one that is said already, or only a number so far, may not yet."""
        mask = self.letters.terms[self.ask.language, self.ask.lower].copy()
        if full:
            mask[:] = -np.inf
        if full or (_fold(text) not in self._known and any(letter.isalpha() for letter in text)):
            mask[self.comma] = 0.0
            if len(self.found) + 1 >= self.ask.low:
                mask = np.maximum(mask, self.letters.line_ends)
        return mask

    def _close(self, text: str, full: bool, ending: bool) -> None:
        fresh = _fold(text) not in self._known and not _stretched(text, self.found)
        if fresh:
            self.found.append(Opinion(text, float(np.mean(self._scores)), written=True))
        # A model that has to be stopped in a term it said before would only go on like that.
        self.open = not ending and len(self.found) < self.ask.high and (fresh or not full)
        self._known.add(_fold(text))
        self._value, self._scores = b"", []


def _fold(term: str) -> str:
    return "".join(term.casefold().split()).replace("-", "")


def _stretched(text: str, found: list[Opinion]) -> bool:
    """Whether a term only adds words to one of two or more words that is there already (``x y`` -> ``x y methods``)."""
    words = set(text.casefold().split())
    earlier = [set(opinion.name.casefold().split()) for opinion in found]
    return any(len(other) > 1 and other < words for other in earlier)
