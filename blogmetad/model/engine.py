"""Skeleton decoding: the program writes the labels, the model fills in the values, field by field.

    [guidance | digest, instruction | Title: ........ | Description: ........ | Tags: ....... ]
      once      once a draft           each label is fed together with the last token of the value before it

Text is decoded greedily over the tokens its language allows. Terms are chosen by scoring the vocabulary on the trie of
their tokens (all branches in one batch), against what the same prompt without the post would have said, plus the
program's own evidence; new terms are written in their own lane behind the chosen ones.
"""

from __future__ import annotations

import bisect
import re
import time
from collections.abc import Callable, Sequence

import numpy as np

from blogmetad.model import alphabet, prompt
from blogmetad.model.llama import Cell, Llama, Logits, ModelError
from blogmetad.values import Ask, Choice, Proposal, Request, Usage

GUIDANCE, DRAFT, BLANK, FIRST_BRANCH = 0, 1, 2, 3
"""The sequences of the context: the shared guidance, the draft at hand, the same prompt without a post, branches."""

SHORTLIST = 32
THRESHOLD = 1.0
STOP_URGE = 4.0
CLOSED_SHARE = 0.5
"""How much of what the model says of a term without a post is taken off in a closed list: all of it makes the rarest
word win, as none of it makes the first one win."""
ANSWER_ROOM = 768
TERM_TOKENS, TERM_CHARS, TERM_WORDS = 8, 40, 4
NO_POST = "(The text of the post is missing.)"

_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_FULL_STOP = re.compile(r"(?<!\d)[.!]$|[。！]$")


class Stopped(Exception):
    """The caller withdrew the request between two steps."""


class Cursor:
    """The writing end of one sequence. Tokens written wait until their successor's logits are needed, so a label
    costs no step of its own."""

    def __init__(self, model: Llama, sequence: int, position: int, stop: Callable[[], bool]) -> None:
        self._model, self._stop = model, stop
        self.sequence, self.position = sequence, position
        self.waiting: list[int] = []
        self.evaluated = self.steps = 0

    def write(self, tokens: Sequence[int]) -> None:
        """Append tokens, evaluated with the next ``look``."""
        self.waiting += tokens

    def look(self) -> Logits:
        """Evaluate what waits; the logits for the next token."""
        if self._stop():
            raise Stopped
        last = len(self.waiting) - 1
        if self.position + last >= self._model.context_size:
            raise ModelError(f"the context of {self._model.context_size} tokens is full")
        cells = [
            Cell(token, self.position + i, (self.sequence,), wanted=i == last) for i, token in enumerate(self.waiting)
        ]
        (logits,) = self._model.decode(cells)
        self.position += len(cells)
        self.evaluated += len(cells)
        self.steps += 1
        self.waiting = []
        return logits


class Lexicon:
    """The Latin words of a post. A Chinese value may use these names and no others, or it drifts into English."""

    def __init__(self, text: str) -> None:
        self._words = sorted({word.lower() for word in _LATIN_RUN.findall(text)})
        self._known = frozenset(self._words)

    def allows(self, text: str) -> bool:
        """Whether every Latin word of a value is one of the post's; the last one may still be growing into one."""
        *whole, last = [run.lower() for run in _LATIN_RUN.findall(text[-80:])] or [""]
        growing = last if text[-1:].isascii() and text[-1:].isalnum() else ""
        if not growing and last:
            whole.append(last)
        at = bisect.bisect_left(self._words, growing)
        begins_one = not growing or (at < len(self._words) and self._words[at].startswith(growing))
        # The first run may have been cut by the window; it was looked at when it was written.
        return begins_one and all(word in self._known for word in whole[len(text) > 80 :])


class Engine:
    """One loaded model that answers requests, one at a time, always the same way for the same request."""

    def __init__(self, model: Llama, name: str, mode: str) -> None:
        self._model, self._name, self._mode = model, name, mode
        self._alphabet = alphabet.build(model)
        self._frame = prompt.frame(model.chat_template())
        self._comma = model.tokenize(",")[0]
        self._guidance: list[int] = []
        self._blank: dict[tuple[str, str], float] = {}

    def propose(self, request: Request, stop: Callable[[], bool] = lambda: False) -> Proposal:
        """Fill in every field asked for. Raises Stopped when ``stop()`` turns true, ModelError when llama.cpp fails."""
        began = time.perf_counter()
        fresh = self._share_guidance(request)
        self._model.drop(DRAFT)
        self._model.branch(GUIDANCE, DRAFT)
        cursor = Cursor(self._model, DRAFT, len(self._guidance), stop)
        shown = self._question(request, len(self._guidance))
        cursor.write(shown)
        texts: dict[str, str] = {}
        terms: dict[str, tuple[Choice, ...]] = {}
        prefilled = began
        before, lexicon = "", Lexicon(request.text)
        for ask in request.asks:
            label = f"{before}{prompt.label(ask)}:"
            cursor.write(self._model.tokenize(label if ask.given is None else f"{label} {ask.given}"))
            before = "\n"
            if ask.given is not None:
                continue
            first = cursor.look()
            if prefilled == began:
                prefilled = time.perf_counter()
            if ask.kind == "text":
                texts[ask.field], tail = self._text(cursor, ask, first, lexicon)
                before = f"{tail}\n"
            else:
                terms[ask.field] = self._terms(cursor, ask, first, request)
        ended = time.perf_counter()
        usage = Usage(
            prompt_tokens=len(shown) + fresh,
            reused_tokens=len(self._guidance) - fresh,
            output_tokens=cursor.evaluated - len(shown),
            steps=cursor.steps,
            prefill_seconds=prefilled - began,
            decode_seconds=ended - prefilled,
            seconds=ended - began,
        )
        return Proposal(texts, terms, self._name, self._mode, usage)

    def _share_guidance(self, request: Request) -> int:
        """Bring the guidance's state into its sequence; how many tokens that took (0 if it is there already)."""
        opening = self._model.tokenize(self._frame.opening, special=True)
        tokens = opening + self._model.tokenize(prompt.system(request))
        if tokens == self._guidance:
            return 0
        limit = self._model.context_size // 2
        if len(tokens) > limit:
            raise ModelError(f"the guidance of the rules takes {len(tokens)} tokens, {limit} is the most")
        self._model.clear()
        self._blank = {}
        self._guidance = []
        self._model.decode([Cell(t, i, (GUIDANCE,)) for i, t in enumerate(tokens)])
        self._guidance = tokens
        return len(tokens)

    def _question(self, request: Request, used: int) -> list[int]:
        """The tokens from the end of the guidance to the first label, the digest cut to the room there is."""
        middle = self._model.tokenize(self._frame.middle, special=True)
        closing = self._model.tokenize(self._frame.closing, special=True)
        room = self._model.context_size - used - len(middle) - len(closing) - ANSWER_ROOM
        text = self._model.tokenize(prompt.user(request))
        if len(text) > room:
            # Rare: a digest denser in tokens than estimated. The instruction at its end has to stay.
            tail = self._model.tokenize(prompt.user(Request("", "", request.asks)))
            text = text[: max(0, room - len(tail))] + tail
        return middle + text + closing

    def _text(self, cursor: Cursor, ask: Ask, logits: Logits, lexicon: Lexicon) -> tuple[str, str]:
        """A line of text in the language of the field, and what its last token held before the line feed."""
        letters = self._alphabet
        inside = letters.text[ask.language]
        value = b""
        for _ in range(ask.high):
            text = value.decode("utf-8", "ignore").strip()
            if len(text) >= ask.high or _sentence_done(text, ask) or _looping(text):
                break
            lacks_han = ask.language == "zh" and not _has_han(text)
            mask = letters.han if lacks_han and len(text) > ask.high // 4 else inside
            if len(text) >= max(ask.low, 1) and not lacks_han:
                mask = np.maximum(mask, letters.line_ends)
            scores = logits + mask if value else logits + mask + letters.openings
            if not text[-1:].isdigit():  # "Qwen 2" may go on with ".5"
                scores[letters.full_stops] += _urge_to_stop(len(text), ask)
            token = int(np.argmax(scores))
            while ask.language == "zh" and not lexicon.allows(text + letters.pieces[token].decode("utf-8", "ignore")):
                scores[token] = -np.inf
                token = int(np.argmax(scores))
            if letters.line_ends[token] == 0:
                tail = letters.pieces[token].split(b"\n")[0].decode("utf-8", "ignore").rstrip()
                return text + tail, tail
            value += letters.pieces[token]
            cursor.write([token])
            logits = cursor.look()
        return value.decode("utf-8", "ignore").strip(), ""

    def _terms(self, cursor: Cursor, ask: Ask, logits: Logits, request: Request) -> tuple[Choice, ...]:
        """Terms of the vocabulary worth taking, then new ones where the rules have a lane for them."""
        chosen = self._choose(cursor, ask, logits, request)
        if not ask.new or len(chosen) >= ask.high:
            cursor.write(self._model.tokenize(" " + ", ".join(c.name for c in chosen)))
            return chosen
        if chosen:
            cursor.write(self._model.tokenize(" " + ", ".join(c.name for c in chosen) + ","))
            logits = cursor.look()
        return chosen + self._invent(cursor, ask, logits, tuple(c.name for c in chosen))

    def _choose(self, cursor: Cursor, ask: Ask, logits: Logits, request: Request) -> tuple[Choice, ...]:
        if not ask.candidates:
            return ()
        tokens = {c.name: self._model.tokenize(" " + c.name) for c in ask.candidates}
        first = _log_softmax(logits)
        likely = sorted(ask.candidates, key=lambda c: (-(float(first[tokens[c.name][0]]) + 2 * c.prior), c.name))
        listed = likely[:SHORTLIST]
        seen = self._score(DRAFT, cursor.position, first, {c.name: tokens[c.name] for c in listed})
        self._score_blank(ask, request, {c.name: tokens[c.name] for c in listed})
        share = 1.0 if ask.new else CLOSED_SHARE
        scored = [
            Choice(c.name, seen[c.name] - share * self._blank[ask.field, c.name] + c.prior, False, c.evidence)
            for c in listed
        ]
        ranked = sorted(scored, key=lambda c: (-c.score, c.name))
        at_least = 0 if ask.new else ask.low
        return tuple(c for i, c in enumerate(ranked[: ask.high]) if i < at_least or c.score >= THRESHOLD)

    def _score(self, sequence: int, position: int, first: Logits, tokens: dict[str, list[int]]) -> dict[str, float]:
        """Mean log-probability per token of each term behind ``sequence``, all branches of their trie in one batch."""
        names = sorted(tokens)
        branches = {name: FIRST_BRANCH + i for i, name in enumerate(names)}
        nodes: dict[tuple[int, ...], list[int]] = {}
        for name in names:
            for depth in range(1, len(tokens[name])):
                nodes.setdefault(tuple(tokens[name][:depth]), []).append(branches[name])
        for name in names:
            self._model.branch(sequence, branches[name])
        paths = sorted(nodes, key=lambda path: (len(path), path))
        cells = [Cell(p[-1], position + len(p) - 1, tuple(nodes[p]), wanted=True) for p in paths]
        after: dict[tuple[int, ...], Logits] = {(): first}
        after |= {p: _log_softmax(row) for p, row in zip(paths, self._model.decode(cells), strict=True)}
        for name in names:
            self._model.drop(branches[name])
        return {
            name: float(np.mean([after[tuple(ids[:i])][token] for i, token in enumerate(ids)]))
            for name, ids in tokens.items()
        }

    def _score_blank(self, ask: Ask, request: Request, tokens: dict[str, list[int]]) -> None:
        """Learn, once, what the model would say of these terms without having read anything."""
        missing = {name: ids for name, ids in tokens.items() if (ask.field, name) not in self._blank}
        if not missing:
            return
        self._model.drop(BLANK)
        self._model.branch(GUIDANCE, BLANK)
        cursor = Cursor(self._model, BLANK, len(self._guidance), lambda: False)
        plain = Request(request.guidance, NO_POST, (ask,))
        cursor.write(self._question(plain, len(self._guidance)) + self._model.tokenize(f"{prompt.label(ask)}:"))
        first = _log_softmax(cursor.look())
        scores = self._score(BLANK, cursor.position, first, missing)
        self._blank |= {(ask.field, name): score for name, score in scores.items()}
        self._model.drop(BLANK)

    def _invent(self, cursor: Cursor, ask: Ask, logits: Logits, taken: tuple[str, ...]) -> tuple[Choice, ...]:
        """Terms in the model's own words behind those taken: lane and language decide what they may be made of."""
        letters = self._alphabet
        inside = letters.terms[ask.language, ask.lower]
        found: list[Choice] = []
        known = {_fold(name) for name in taken}
        value, scores = b"", list[float]()
        while len(taken) + len(found) < ask.high:
            text = value.decode("utf-8", "ignore").strip()
            mask = inside.copy()
            count = len(taken) + len(found) + 1
            full = len(scores) >= TERM_TOKENS or len(text) >= TERM_CHARS or text.count(" ") >= TERM_WORDS
            if full:
                mask[:] = -np.inf
            if full or (text and _fold(text) not in known):
                mask[self._comma] = 0.0
                if count >= ask.low:
                    mask = np.maximum(mask, letters.line_ends)
            token = int(np.argmax(logits + mask))
            ending = letters.line_ends[token] == 0
            if token == self._comma or ending:
                if _fold(text) not in known and not _stretched(text, taken, found):
                    found.append(Choice(text, float(np.mean(scores)), new=True, evidence=("in the model's words",)))
                elif full:
                    break
                known.add(_fold(text))
                if ending:
                    break
                value, scores = b"", []
            else:
                value += letters.pieces[token]
                scores.append(float(_log_softmax(logits)[token]))
            if len(taken) + len(found) >= ask.high:
                break
            cursor.write([token])
            logits = cursor.look()
        return tuple(found)


def _log_softmax(logits: Logits) -> Logits:
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)


def _fold(term: str) -> str:
    return "".join(term.casefold().split()).replace("-", "")


def _stretched(text: str, taken: tuple[str, ...], found: list[Choice]) -> bool:
    """Whether a term only adds words to one of two or more words that is there already (``x y`` -> ``x y methods``)."""
    words = set(text.casefold().split())
    earlier = [set(name.casefold().split()) for name in (*taken, *(c.name for c in found))]
    return any(len(other) > 1 and other < words for other in earlier)


def _has_han(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def _sentence_done(text: str, ask: Ask) -> bool:
    """A description of two thirds of its room that ends in a full stop is done: a third sentence only costs time."""
    return len(text) >= max(ask.low, ask.high * 2 // 3) and bool(_FULL_STOP.search(text))


def _urge_to_stop(length: int, ask: Ask) -> float:
    """Nats added to full stops and line ends: none in the first half of the room, all of them when it is used up."""
    return max(0.0, min(1.0, 2 * length / ask.high - 1)) * STOP_URGE


def _looping(text: str) -> bool:
    """Whether the last 12 or more characters were said twice before: greedy decoding of a small model can circle."""
    return any(len(text) >= 3 * n and text[-n:] * 3 == text[-3 * n :] for n in range(12, 40))
