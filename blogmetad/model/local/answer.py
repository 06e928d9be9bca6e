"""Skeleton decoding of one draft: the program writes the labels, the model fills in the values, field by field.

    [guidance | digest, instruction | Title: ........ | Description: ........ | Tags: ....... ]
      shared    once a draft          each label is fed together with the last token of the value before it

Text is written greedily over the tokens its language allows. The terms of the vocabulary are scored on the trie of
their tokens (all branches in one batch), against what the same prompt without the post would have said; new terms are
written in their own lane. Which of them a post gets is not decided here but by the rules, which know the blog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias, TypeVar

from blogmetad.model import prompt
from blogmetad.model.local import trie
from blogmetad.model.local.alphabet import Alphabet
from blogmetad.model.local.lane import TERM_TOKENS, Lane
from blogmetad.model.local.line import OVERRUN, Lexicon, Line, Page, grow
from blogmetad.model.local.llama import Llama, Logits
from blogmetad.model.local.steps import Cursor, Step, together
from blogmetad.model.local.thinking import Thinking, think
from blogmetad.values import Ask, Opinion, Request

MOST_CANDIDATES = 40
FIELDS = 6
"""How many are written side by side at most: each takes a sequence or two."""

LABEL, TERM = 16, 6
"""Tokens a label and a term of the vocabulary take, or more."""

NO_POST = "(The text of the post is missing.)"

T = TypeVar("T")
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

    @contextmanager
    def borrowed(self, source: int, count: int) -> Iterator[list[int]]:
        """So many free sequences, begun as copies of ``source``; forgotten and free again afterwards."""
        taken = [self._free.pop() for _ in range(count)]
        for sequence in taken:
            self._model.branch(source, sequence)
        yield taken
        for sequence in taken:
            self._model.drop(sequence)
        self._free += taken


class Writer:
    """Writes the answer to one request on sequences of its own, behind the guidance."""

    def __init__(
        self, desk: Desk, guide: Guide, sequences: Sequence[int], request: Request, question: list[int]
    ) -> None:
        self._desk, self._guide, self._request, self._question = desk, guide, request, question
        self._model, self._letters = desk.model, desk.letters
        self._branches = Branches(desk.model, sequences)
        self._comma = desk.model.tokenize(",")[0]
        self._asks = [ask for ask in request.asks if ask.given is None]
        lanes = min(FIELDS, sum(_follows(ask) for ask in self._asks))
        # One for the question, one for each field, another where the model writes terms of its own; the others are
        # for candidates.
        spare = len(sequences) - 1 - min(FIELDS, len(self._asks) - lanes) - 2 * lanes
        self._candidates = max(1, spare // max(1, lanes))
        self._lexicon = Lexicon(request.text)

    def write(self) -> Step[Answer]:
        """The whole answer. Texts are written side by side. Terms and the address follow from the title as soon as
        there is one: it says in a line what a small model would not make of the post once more."""
        yield from self._read_blank()
        title = next((ask for ask in self._asks if not _follows(ask) and not ask.sentences), None)
        behind = [ask for ask in self._asks if _follows(ask)] if title is not None else []
        first, *others = batched([ask for ask in self._asks if ask not in behind], FIELDS)
        named: dict[str, Value] = {}
        with self._branches.borrowed(self._guide.sequence, 1 + len(first)) as (question, *sequences):
            trunk = Cursor((question, *sequences), self._guide.length)
            trunk.write(self._question + self._given())
            thought = 0
            if self._desk.thinking is not None:
                thought = yield from think(trunk, self._desk.thinking)
            named |= yield from self._side_by_side(trunk, sequences, first, title, behind)
            for asks in others:
                with self._branches.borrowed(question, len(asks)) as sequences:
                    trunk = Cursor((), trunk.position)
                    named |= yield from self._side_by_side(trunk, sequences, asks, title, behind)
        return Answer(
            texts={field: value for field, value in named.items() if isinstance(value, str)},
            terms={field: value for field, value in named.items() if not isinstance(value, str)},
            thinking_tokens=thought,
        )

    def _given(self) -> list[int]:
        """What is known already, as lines of the answer."""
        known = [f"{prompt.label(ask)}: {ask.given}\n" for ask in self._request.asks if ask.given is not None]
        return self._model.tokenize("".join(known)) if known else []

    def _side_by_side(
        self, trunk: Cursor, sequences: Sequence[int], asks: Sequence[Ask], title: Ask | None, behind: Sequence[Ask]
    ) -> Step[dict[str, Value]]:
        """A field on each of these sequences, which stand at the end of the trunk; and, behind ``title``, those that
        follow from it."""
        starts = yield from self._label(trunk, sequences, asks)
        works = [
            self._values(start, ask, behind if ask is title else []) for start, ask in zip(starts, asks, strict=True)
        ]
        found: dict[str, Value] = {}
        for values in (yield from together(works)):
            found |= values
        return found

    def _label(self, trunk: Cursor, sequences: Sequence[int], asks: Sequence[Ask]) -> Step[list[Start]]:
        """Put each field's label on a sequence of its own, in the same batch as what waits on the trunk."""
        cells = trunk.flush(wanted=False)
        ends: list[int] = []
        for sequence, ask in zip(sequences, asks, strict=True):
            cursor = Cursor((sequence,), trunk.position)
            cursor.write(self._model.tokenize(f"{prompt.label(ask)}:"))
            cells += cursor.flush(wanted=True)
            ends.append(cursor.position)
        rows = yield cells
        return [Start(*place) for place in zip(sequences, ends, rows, strict=True)]

    def _values(self, start: Start, ask: Ask, behind: Sequence[Ask]) -> Step[dict[str, Value]]:
        """One field, and those that follow from it."""
        if ask.kind == "terms":
            return {ask.field: (yield from self._terms(start, ask))}
        line = yield from self._line(start, ask)
        found: dict[str, Value] = {ask.field: line.text}
        end = self._model.tokenize(f"{line.tail}\n")
        for asks in batched(behind, FIELDS):
            with self._branches.borrowed(start.sequence, len(asks)) as sequences:
                trunk = Cursor(tuple(sequences), start.position + len(line.tokens))
                trunk.write(end)
                found |= yield from self._side_by_side(trunk, sequences, asks, None, [])
        return found

    def _line(self, start: Start, ask: Ask) -> Step[Line]:
        """A line of text in the language of the field."""
        barred = [self._model.tokenize(f"{space}{text}")[0] for text in ask.refused if text for space in ("", " ")]
        page = Page(ask, self._letters, self._lexicon, tuple(barred))
        cursor = Cursor((start.sequence,), start.position)
        line = grow(Line(), start.logits, page)
        while not line.done:
            cursor.write(line.tokens[-1:])
            line = grow(line, (yield from cursor.look()), page)
        return line

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
        short = {name: tokens for name, tokens in terms.items() if len(tokens) == 1}  # need none
        scores = yield from trie.mean_log_probabilities(short, start.logits, {}, start.position)
        for names in batched(sorted(terms.keys() - short.keys()), self._candidates):
            with self._branches.borrowed(start.sequence, len(names)) as taken:
                branches = dict(zip(names, taken, strict=True))
                tokens = {name: terms[name] for name in names}
                scores |= yield from trie.mean_log_probabilities(tokens, start.logits, branches, start.position)
        return scores

    def _read_blank(self) -> Step[None]:
        """Learn, once for all drafts, what the model would say of these terms without having read anything.

        The candidates are named in the order of the alphabet, so that it does not matter which post comes first.
        """
        for ask in self._asks:
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


def room(asks: Sequence[Ask]) -> int:
    """Tokens of context the answer to these may take, all its branches together: more than it does in practice."""
    return sum(_room(ask) for ask in asks if ask.given is None)


def _room(ask: Ask) -> int:
    if ask.kind == "terms":
        return LABEL + TERM * len(ask.candidates[:MOST_CANDIDATES]) + (TERM_TOKENS * ask.high if ask.new else 0)
    # No token of a value in English holds less than a letter; two are the least on average.
    return LABEL + round(OVERRUN * ask.high / (2 if ask.language == "en" else 1))


def _follows(ask: Ask) -> bool:
    """Whether a field is written or weighed behind the title."""
    return ask.kind == "terms" or ask.field == "slug"


def batched(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``things`` in runs of at most ``size``."""
    return (things[i : i + size] for i in range(0, len(things), size))


def question(desk: Desk, request: Request, room: int | None = None) -> list[int]:
    """The tokens from the end of the guidance to the first label; the digest is cut so that they fit into ``room``."""
    model, frame = desk.model, desk.frame
    middle = model.tokenize(frame.middle, special=True)
    closing = model.tokenize(frame.closing, special=True)
    text = model.tokenize(prompt.user(request))
    left = len(text) if room is None else room - len(middle) - len(closing)
    if len(text) > left:
        # Rare: a digest denser in tokens than estimated. The instruction at its end has to stay.
        tail = model.tokenize(prompt.user(replace(request, text="")))
        text = text[: max(0, left - len(tail))] + tail
    return middle + text + closing
