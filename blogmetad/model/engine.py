"""Skeleton decoding: the program writes the labels, the model fills in the values, field by field.

    [guidance | digest, instruction | Title: ........ | Description: ........ | Tags: ....... ]
      once      once a draft           each label is fed together with the last token of the value before it

Text is written over the tokens its language allows, several lines side by side, and the one they agree on is taken. The
terms of the vocabulary are scored on the trie of their tokens (all branches in one batch), against what the same prompt
without the post would have said; new terms are written in their own lane. Which of them a post gets is not decided here
but by the rules, which know the blog.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from blogmetad.model import alphabet, prompt
from blogmetad.model.line import Lexicon, Line
from blogmetad.model.llama import Cell, Llama, Logits, ModelError
from blogmetad.model.voting import most_agreed
from blogmetad.values import Ask, Opinion, Proposal, Request, Usage

GUIDANCE, DRAFT, BLANK, FIRST_BRANCH = 0, 1, 2, 3
"""The sequences of the context: the shared guidance, the draft at hand, the same prompt without a post, branches."""

MOST_CANDIDATES = 40
"""Each takes a branch of the context."""

LINES, LINES_OF_SENTENCES = 8, 4
"""How many titles and how many descriptions are written, to take the one they agree on most."""
LIKELY = 0.15
"""Log-odds for each nat of the model's opinion, where the likeliest term has to be told without the rules'
reckoning."""
ANSWER_ROOM = 768
TERM_TOKENS, TERM_CHARS, TERM_WORDS = 8, 40, 4
NO_POST = "(The text of the post is missing.)"


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
        last = len(self.waiting) - 1
        cells = [
            Cell(token, self.position + i, (self.sequence,), wanted=i == last) for i, token in enumerate(self.waiting)
        ]
        (logits,) = self.step(cells)
        self.position += len(cells)
        self.waiting = []
        return logits

    def step(self, cells: Sequence[Cell]) -> list[Logits]:
        """Evaluate cells of this sequence or of branches of it; the logits wanted."""
        if self._stop():
            raise Stopped
        if cells[-1].position >= self._model.context_size:
            raise ModelError(f"the context of {self._model.context_size} tokens is full")
        self.evaluated += len(cells)
        self.steps += 1
        return self._model.decode(cells)

    def take(self, branch: int, tokens: int) -> None:
        """Go on where a branch of this sequence has got to, ``tokens`` further on."""
        self._model.drop(self.sequence)
        self._model.branch(branch, self.sequence)
        self.position += tokens


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
        terms: dict[str, tuple[Opinion, ...]] = {}
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
        """A line of text in the language of the field, and what its last token held before the line feed.

        Several are written side by side, the first of them greedily; the one they agree on most is taken.
        """
        barred = tuple(self._model.tokenize(f"{space}{text}")[0] for text in ask.refused if text for space in ("", " "))
        count = 1 if ask.field == "slug" else LINES_OF_SENTENCES if ask.sentences else LINES
        lines = [
            Line(ask, self._alphabet, lexicon, barred, np.random.default_rng(seed) if seed else None)
            for seed in range(count)
        ]
        self._write(cursor, lines, logits)
        best = most_agreed([line.text for line in lines], [line.whole for line in lines])
        cursor.take(FIRST_BRANCH + best, len(lines[best].tokens))
        for i in range(count):
            self._model.drop(FIRST_BRANCH + i)
        return lines[best].text, lines[best].tail

    def _write(self, cursor: Cursor, lines: Sequence[Line], logits: Logits) -> None:
        """Write lines to their ends, each on a branch of its own, a token of each in a step."""
        for i in range(len(lines)):
            self._model.drop(FIRST_BRANCH + i)  # a request that was withdrawn may have left something
            self._model.branch(cursor.sequence, FIRST_BRANCH + i)
        going = [(i, logits) for i in range(len(lines))]
        while going:
            chosen = [(i, token) for i, row in going if (token := lines[i].choose(row)) is not None]
            cells = [
                Cell(token, cursor.position + len(lines[i].tokens) - 1, (FIRST_BRANCH + i,), wanted=True)
                for i, token in chosen
            ]
            rows = cursor.step(cells) if cells else []
            going = [(i, row) for (i, _), row in zip(chosen, rows, strict=True)]

    def _terms(self, cursor: Cursor, ask: Ask, logits: Logits, request: Request) -> tuple[Opinion, ...]:
        """What the model thinks of each candidate, and, where the rules have a lane for them, terms of its own.

        The line is then filled in, with the model's own terms or else the likeliest, so that the lines behind it follow
        from it.
        """
        weighed = self._weigh(cursor, ask, logits, request)
        if ask.new:
            return weighed + self._write_terms(cursor, ask, logits)
        priors = {candidate.name: candidate.prior for candidate in ask.candidates}
        likely = sorted(weighed, key=lambda o: (-(priors[o.name] + LIKELY * o.score), o.name))
        cursor.write(self._model.tokenize(" " + ", ".join(o.name for o in likely[: max(ask.low, 1)])))
        return weighed

    def _weigh(self, cursor: Cursor, ask: Ask, logits: Logits, request: Request) -> tuple[Opinion, ...]:
        if not ask.candidates:
            return ()
        tokens = {c.name: self._model.tokenize(" " + c.name) for c in ask.candidates[:MOST_CANDIDATES]}
        seen = self._score(DRAFT, cursor.position, _log_softmax(logits), tokens)
        self._score_blank(ask, request, tokens)
        return tuple(Opinion(name, seen[name] - self._blank[ask.field, name]) for name in tokens)

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
        """Learn, once, what the model would say of these terms without having read anything.

        The candidates are named in the order of the alphabet, so that it does not matter which post comes first.
        """
        missing = {name: ids for name, ids in tokens.items() if (ask.field, name) not in self._blank}
        if not missing:
            return
        self._model.drop(BLANK)
        self._model.branch(GUIDANCE, BLANK)
        cursor = Cursor(self._model, BLANK, len(self._guidance), lambda: False)
        named = replace(ask, candidates=tuple(sorted(ask.candidates, key=lambda candidate: candidate.name)))
        plain = Request(request.guidance, NO_POST, (named,))
        cursor.write(self._question(plain, len(self._guidance)) + self._model.tokenize(f"{prompt.label(ask)}:"))
        first = _log_softmax(cursor.look())
        scores = self._score(BLANK, cursor.position, first, missing)
        self._blank |= {(ask.field, name): score for name, score in scores.items()}
        self._model.drop(BLANK)

    def _write_terms(self, cursor: Cursor, ask: Ask, logits: Logits) -> tuple[Opinion, ...]:
        """Terms in the model's own words: language and case decide what they may be made of."""
        letters = self._alphabet
        inside = letters.terms[ask.language, ask.lower]
        found: list[Opinion] = []
        known: set[str] = set()
        value, scores = b"", list[float]()
        while len(found) < ask.high:
            text = value.decode("utf-8", "ignore").strip()
            mask = inside.copy()
            full = len(scores) >= TERM_TOKENS or len(text) >= TERM_CHARS or text.count(" ") >= TERM_WORDS
            if full:
                mask[:] = -np.inf
            if full or (text and _fold(text) not in known):
                mask[self._comma] = 0.0
                if len(found) + 1 >= ask.low:
                    mask = np.maximum(mask, letters.line_ends)
            token = int(np.argmax(logits + mask))
            ending = letters.line_ends[token] == 0
            if token == self._comma or ending:
                if _fold(text) not in known and not _stretched(text, found):
                    found.append(Opinion(text, float(np.mean(scores)), written=True))
                elif full:
                    break
                known.add(_fold(text))
                if ending:
                    break
                value, scores = b"", []
            else:
                value += letters.pieces[token]
                scores.append(float(_log_softmax(logits)[token]))
            if len(found) >= ask.high:
                break
            cursor.write([token])
            logits = cursor.look()
        return tuple(found)


def _log_softmax(logits: Logits) -> Logits:
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)


def _fold(term: str) -> str:
    return "".join(term.casefold().split()).replace("-", "")


def _stretched(text: str, found: list[Opinion]) -> bool:
    """Whether a term only adds words to one of two or more words that is there already (``x y`` -> ``x y methods``)."""
    words = set(text.casefold().split())
    earlier = [set(opinion.name.casefold().split()) for opinion in found]
    return any(len(other) > 1 and other < words for other in earlier)
