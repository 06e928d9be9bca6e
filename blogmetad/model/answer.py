"""Skeleton decoding of one draft: the program writes the labels, the model fills in the values, field by field.

    [guidance | digest, instruction | Title: ........ | Description: ........ | Tags: ....... ]
      shared    once a draft          each label is fed together with the last token of the value before it

Text is written over the tokens its language allows, several lines side by side, and the one they agree on is taken. The
terms of the vocabulary are scored on the trie of their tokens (all branches in one batch), against what the same prompt
without the post would have said; new terms are written in their own lane. Which of them a post gets is not decided here
but by the rules, which know the blog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias

from blogmetad.model import prompt, trie
from blogmetad.model.alphabet import Alphabet
from blogmetad.model.lane import Lane
from blogmetad.model.line import Lexicon, Line, Page, grow, pens, whole
from blogmetad.model.llama import Cell, Llama, Logits
from blogmetad.model.steps import Cursor, Step, together
from blogmetad.model.thinking import Thinking, think
from blogmetad.model.voting import most_agreed
from blogmetad.values import Ask, Opinion, Request

MOST_CANDIDATES = 40
"""Each takes a branch of the context."""

LINES, LINES_OF_SENTENCES = 8, 4
"""How many titles and how many descriptions are written, to take the one they agree on most."""
NO_POST = "(The text of the post is missing.)"

Value: TypeAlias = "str | tuple[Opinion, ...]"
"""What a field gets: a text, or what the model thinks of terms."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of one draft, and how many tokens it thought before."""

    texts: Mapping[str, str]
    terms: Mapping[str, tuple[Opinion, ...]]
    thinking_tokens: int


@dataclass(frozen=True, slots=True)
class Start:
    """Where a value begins: its sequence, the position there, and the logits for its first token."""

    sequence: int
    position: int
    logits: Logits


@dataclass(frozen=True, slots=True)
class Guide:
    """The state all drafts of a site share: its sequence, how many tokens it holds, and what the model says of terms
    behind it without having read a post, by field and term."""

    sequence: int
    length: int
    blank: MutableMapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Desk:
    """What an answer is written with."""

    model: Llama
    letters: Alphabet
    frame: prompt.Frame
    thinking: Thinking | None


class Branches:
    """The sequences one draft may use."""

    def __init__(self, model: Llama, sequences: Sequence[int]) -> None:
        self._model, self._free = model, list(sequences)

    def take(self, source: int) -> int:
        """A free sequence, begun as a copy of ``source``."""
        sequence = self._free.pop()
        self._model.drop(sequence)  # a draft that was withdrawn may have left something
        self._model.branch(source, sequence)
        return sequence

    def give(self, *sequences: int) -> None:
        """Forget sequences; they are free again."""
        for sequence in sequences:
            self._model.drop(sequence)
            self._free.append(sequence)

    @contextmanager
    def borrowed(self, source: int, count: int) -> Iterator[list[int]]:
        """So many copies of ``source``, for a while."""
        taken = [self.take(source) for _ in range(count)]
        yield taken
        self.give(*taken)


class Writer:
    """Writes the answer to one request on sequences of its own, behind the guidance."""

    def __init__(
        self, desk: Desk, guide: Guide, sequences: Sequence[int], request: Request, question: list[int]
    ) -> None:
        self._desk, self._guide, self._request, self._question = desk, guide, request, question
        self._model, self._letters = desk.model, desk.letters
        self._branches = Branches(desk.model, sequences)
        self._comma = desk.model.tokenize(",")[0]
        asks = [ask for ask in request.asks if ask.given is None]
        lines = sum(1 + _lines(ask) for ask in asks)
        lanes = sum(ask.kind == "terms" for ask in asks)
        self._at_once = max(1, (len(sequences) - lines) // max(1, lanes))
        self._lexicon = Lexicon(request.text)

    def write(self) -> Step[Answer]:
        """The whole answer. Texts are written side by side. Terms are weighed behind the title as soon as there is one:
        it says in a line what a small model would not make of the post once more."""
        asks = [ask for ask in self._request.asks if ask.given is None]
        yield from self._read_blank(asks)
        title = next((ask for ask in asks if ask.kind == "text" and not ask.sentences), None)
        behind = [ask for ask in asks if ask.kind == "terms"] if title is not None else []
        first = [ask for ask in asks if ask not in behind]
        with self._branches.borrowed(self._guide.sequence, len(first)) as sequences:
            trunk = Cursor(tuple(sequences), self._guide.length)
            trunk.write(self._question + self._given())
            thought = 0
            if self._desk.thinking is not None:
                thought = yield from think(trunk, self._desk.thinking)
            starts = yield from self._label(trunk, first)
            works = [
                self._values(start, ask, behind if ask is title else [])
                for start, ask in zip(starts, first, strict=True)
            ]
            named = dict(chain.from_iterable(found.items() for found in (yield from together(works))))
        return Answer(
            texts={field: value for field, value in named.items() if isinstance(value, str)},
            terms={field: value for field, value in named.items() if not isinstance(value, str)},
            thinking_tokens=thought,
        )

    def _given(self) -> list[int]:
        """What is known already, as lines of the answer."""
        known = [f"{prompt.label(ask)}: {ask.given}\n" for ask in self._request.asks if ask.given is not None]
        return self._model.tokenize("".join(known)) if known else []

    def _label(self, trunk: Cursor, asks: Sequence[Ask]) -> Step[list[Start]]:
        """Put each field's label at the end of a sequence of its own, in the same batch as what stands before them."""
        cells = trunk.flush(wanted=False)
        ends: list[int] = []
        for sequence, ask in zip(trunk.sequences, asks, strict=True):
            cursor = Cursor((sequence,), trunk.position)
            cursor.write(self._model.tokenize(f"{prompt.label(ask)}:"))
            cells += cursor.flush(wanted=True)
            ends.append(cursor.position)
        rows = yield cells
        return [Start(*place) for place in zip(trunk.sequences, ends, rows, strict=True)]

    def _values(self, start: Start, ask: Ask, behind: Sequence[Ask]) -> Step[dict[str, Value]]:
        """One field, and the terms that are weighed behind it."""
        if ask.kind == "terms":
            return {ask.field: (yield from self._terms(start, ask))}
        line = yield from self._line(start, ask)
        found: dict[str, Value] = {ask.field: line.text}
        if behind:
            with self._branches.borrowed(start.sequence, len(behind)) as sequences:
                trunk = Cursor(tuple(sequences), start.position)
                trunk.write([*line.tokens, *self._model.tokenize(f"{line.tail}\n")])
                starts = yield from self._label(trunk, behind)
                terms = yield from together([self._terms(*place) for place in zip(starts, behind, strict=True)])
            found |= dict(zip((each.field for each in behind), terms, strict=True))
        return found

    def _line(self, start: Start, ask: Ask) -> Step[Line]:
        """A line of text in the language of the field: of several written side by side the one they agree on most.

        Lines share a branch, and the cost of it, until they differ.
        """
        barred = [self._model.tokenize(f"{space}{text}")[0] for text in ask.refused if text for space in ("", " ")]
        page = Page(ask, self._letters, self._lexicon, tuple(barred))
        done: list[Line] = []
        going = [(Line(pens(_lines(ask))), self._branches.take(start.sequence), start.logits)]
        while going:
            grown: list[tuple[Line, int]] = []
            for line, branch, row in going:
                further = grow(line, row, page)
                done += [one for one in further if one.done]
                alive = [one for one in further if not one.done]
                # The first to go on keeps the branch; the others begin theirs as copies of it.
                grown += [(one, branch if i == 0 else self._branches.take(branch)) for i, one in enumerate(alive)]
                if not alive:
                    self._branches.give(branch)
            cells = [
                Cell(line.tokens[-1], start.position + len(line.tokens) - 1, (branch,), wanted=True)
                for line, branch in grown
            ]
            rows = (yield cells) if cells else []
            going = [(line, branch, row) for (line, branch), row in zip(grown, rows, strict=True)]
        said = {pen.number: line for line in done for pen in line.pens}
        lines = [said[number] for number in sorted(said)]
        return lines[most_agreed([line.text for line in lines], [whole(line.text, ask) for line in lines])]

    def _terms(self, start: Start, ask: Ask) -> Step[tuple[Opinion, ...]]:
        """What the model thinks of each candidate, and, where the rules have a lane for them, terms of its own."""
        works = [self._weigh(start, ask)]
        if ask.new:
            works.append(self._write_terms(start, ask))
        return tuple(chain.from_iterable((yield from together(works))))

    def _weigh(self, start: Start, ask: Ask) -> Step[tuple[Opinion, ...]]:
        terms = self._tokens(ask)
        seen = yield from self._score(start, terms)
        return tuple(Opinion(name, seen[name] - self._guide.blank[ask.field, name]) for name in terms)

    def _tokens(self, ask: Ask) -> dict[str, list[int]]:
        return {c.name: self._model.tokenize(" " + c.name) for c in ask.candidates[:MOST_CANDIDATES]}

    def _score(self, start: Start, terms: Mapping[str, list[int]]) -> Step[dict[str, float]]:
        """Mean log-probability per token of each term, as many at a time as there are branches for."""
        scores: dict[str, float] = {}
        for names in batched(sorted(terms), self._at_once):
            with self._branches.borrowed(start.sequence, len(names)) as taken:
                branches = dict(zip(names, taken, strict=True))
                tokens = {name: terms[name] for name in names}
                scores |= yield from trie.mean_log_probabilities(tokens, start.logits, branches, start.position)
        return scores

    def _read_blank(self, asks: Sequence[Ask]) -> Step[None]:
        """Learn, once for all drafts, what the model would say of these terms without having read anything.

        The candidates are named in the order of the alphabet, so that it does not matter which post comes first.
        """
        for ask in asks:
            missing = {n: ids for n, ids in self._tokens(ask).items() if (ask.field, n) not in self._guide.blank}
            if not missing:
                continue
            named = replace(ask, candidates=tuple(sorted(ask.candidates, key=lambda candidate: candidate.name)))
            with self._branches.borrowed(self._guide.sequence, 1) as (sequence,):
                cursor = Cursor((sequence,), self._guide.length)
                cursor.write(question(self._desk, Request("", NO_POST, (named,))))
                cursor.write(self._model.tokenize(f"{prompt.label(ask)}:"))
                first = yield from cursor.look()
                scores = yield from self._score(Start(sequence, cursor.position, first), missing)
            self._guide.blank.update({(ask.field, name): score for name, score in scores.items()})

    def _write_terms(self, start: Start, ask: Ask) -> Step[tuple[Opinion, ...]]:
        """Terms in the model's own words, one after the other: language and case decide what they may be made of."""
        lane, row = Lane(ask, self._letters, self._comma), start.logits
        with self._branches.borrowed(start.sequence, 1) as (branch,):
            cursor = Cursor((branch,), start.position)
            while lane.open:
                cursor.write([lane.choose(row)])
                if lane.open:
                    row = yield from cursor.look()
        return tuple(lane.found)


def _lines(ask: Ask) -> int:
    """How many lines are written side by side for a field."""
    if ask.kind == "terms" or ask.field == "slug":
        return 1
    return LINES_OF_SENTENCES if ask.sentences else LINES


def batched(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """``names`` in runs of at most ``size``."""
    return (names[i : i + size] for i in range(0, len(names), size))


def question(desk: Desk, request: Request, room: int | None = None) -> list[int]:
    """The tokens from the end of the guidance to the first label; the digest is cut so that they fit into ``room``."""
    model, frame = desk.model, desk.frame
    middle = model.tokenize(frame.middle, special=True)
    closing = model.tokenize(frame.closing, special=True)
    text = model.tokenize(prompt.user(request))
    left = len(text) if room is None else room - len(middle) - len(closing)
    if len(text) > left:
        # Rare: a digest denser in tokens than estimated. The instruction at its end has to stay.
        tail = model.tokenize(prompt.user(Request("", "", request.asks)))
        text = text[: max(0, left - len(tail))] + tail
    return middle + text + closing
