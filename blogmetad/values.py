"""The nouns that travel between the stages: frozen values, no behaviour beyond what their own data tells.

Every stage imports from here and from nothing beside it, so the data flow reads off the signatures:

    intake -> Draft    site -> Neighbours    model -> Proposal    rules -> Metadata | Problems    publish -> Post
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

YamlValue: TypeAlias = (
    "str | bool | int | float | dt.date | dt.datetime | list[YamlValue] | dict[str, YamlValue] | None"
)
"""What a front-matter key may hold, as plain YAML knows it."""

Language: TypeAlias = Literal["en", "zh", "any"]
"""A language a value can be held to. ``any`` means: no script is ruled out."""

EMPTY: Mapping[str, YamlValue] = MappingProxyType({})


def sha256(data: bytes) -> str:
    """Hex SHA-256 of ``data``: how blogmetad names and recognises bytes everywhere."""
    return hashlib.sha256(data).hexdigest()


CREATION_NOTE = b"{: .blogmetad-note}"
"""The line that ends a creation note: kramdown makes it the class of the quotation above it."""

_NOTE = re.compile(rb"(?:\A|(?<=\n))(?:>[^\r\n]{0,2000}\r?\n){1,9}" + re.escape(CREATION_NOTE) + rb"[ \t]*(?:\r?\n|\Z)")


def body_sha256(body: bytes) -> str:
    """Hash that recognises a text whatever stands above and below it: blank lines around it do not count, since one is
    put between it and the front matter, nor does a note of ours on how the post was made."""
    text = _NOTE.sub(b"", body) if CREATION_NOTE in body else body  # nearly no post has one, and looking takes long
    return sha256(text.strip(b"\r\n"))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a draft from being published, or one value from being used.

    ``rule`` is a dotted id (``draft.empty``, ``title.language``); ``message`` is a whole English sentence that
    names the cause and, where the author can act, what to do.
    """

    rule: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about published posts that the rules or Jekyll would have otherwise.

    ``rule`` and ``message`` are as a Problem's; ``paths`` names the post it is about, or all posts that get into each
    other's way. ``fixable``: ``rules check --fix`` repairs it.
    """

    rule: str
    severity: Literal["error", "warning"]
    message: str
    paths: tuple[str, ...]
    field: str | None = None
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Directives:
    """What an author tells blogmetad about one draft.

    ``ready``: whether it may go, None where that is not said. ``leave`` names fields that are not to be added.
    ``language`` is the text's, where it is not to be guessed; ``hint`` a word for the model. ``hold`` is the day
    before which nothing happens, as it is written.
    """

    ready: bool | None = None
    leave: frozenset[str] = frozenset()
    language: Language | None = None
    hint: str = ""
    hold: YamlValue = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A settled file, read: the author's fields and the author's bytes.

    ``head`` holds the author's YAML lines as they stand between the two ``---`` lines (each with its line end;
    empty if there is no front matter) and ``body`` every byte behind the front matter. A byte-order mark is in
    neither. ``newline`` is the line end the file uses. ``directives`` stand in ``head`` but not among the ``fields``.
    """

    name: str
    raw: bytes
    head: bytes
    fields: Mapping[str, YamlValue]
    body: bytes
    newline: Literal["\n", "\r\n"] = "\n"
    directives: Directives = Directives()

    @property
    def sha256(self) -> str:
        """Hash of the whole file as it was found."""
        return sha256(self.raw)

    @property
    def body_sha256(self) -> str:
        """Hash of the body alone: recognises the same text under another front matter."""
        return body_sha256(self.body)

    @property
    def text(self) -> str:
        """The body as text (UTF-8 was verified by the reader)."""
        return self.body.decode("utf-8")


@dataclass(frozen=True, slots=True)
class PublishedPost:
    """A post of the site as it lies there.

    ``path`` is relative to the posts folder; ``head`` holds the YAML lines between the ``---`` lines (None without
    front matter), ``fields`` their values in the order they are written, ``body`` every byte behind them. ``terms`` are
    those of every field that holds a list, tags and categories as Jekyll reads them. ``date`` and ``slug`` are those of
    the file's name.
    """

    path: str
    raw: bytes
    head: bytes | None
    fields: Mapping[str, YamlValue]
    body: bytes
    terms: Mapping[str, tuple[str, ...]]
    date: dt.date
    slug: str

    @property
    def body_sha256(self) -> str:
        """Hash of the body alone: recognises the same text under another front matter."""
        return body_sha256(self.body)

    @property
    def text(self) -> str:
        """The body as text (UTF-8 was verified by the reader)."""
        return self.body.decode("utf-8")


@dataclass(frozen=True, slots=True)
class Digest:
    """What the model reads of a post. ``tokens`` is an estimate made without the model's tokenizer."""

    text: str
    tokens: int
    source_chars: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A published post that is about the same things as the draft.

    ``path`` is relative to the posts folder, ``terms`` has the post's terms by field. ``share`` is its part of what all
    neighbours of the draft weigh together; the shares add up to 1.
    """

    path: str
    title: str
    description: str
    terms: Mapping[str, tuple[str, ...]]
    share: float


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the site knows that may help with a draft; nothing the draft itself or a copy of it brought there.

    ``posts`` are like it, the nearest first. By field, ``usage`` has the terms in use and how many of the site's
    ``count`` posts carry each, ``recent`` those of its ``latest`` posts before the draft.
    """

    posts: tuple[Neighbour, ...] = ()
    usage: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    count: int = 0
    recent: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    latest: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term the model is asked about. ``prior`` is what speaks for it without the model, in nats (log-odds)."""

    name: str
    prior: float = 0.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One field the model is asked for.

    ``label`` is written by the program in front of the value. For ``kind="terms"`` the model weighs ``candidates`` and,
    where ``new`` is true, writes terms of its own; how many are wanted is between ``low`` and ``high``.
    ``low``/``high`` are characters for ``kind="text"`` and counts for ``kind="terms"``; ``usual`` is what the site's
    posts mostly have between them. ``sentences``: whole ones are wanted. ``given`` is a value that is known already;
    ``refused`` are those that the model gave before and that cannot be used: it has to begin otherwise.
    """

    field: str
    kind: Literal["text", "terms"]
    label: str
    language: Language
    low: int
    high: int
    candidates: tuple[Candidate, ...] = ()
    new: bool = False
    lower: bool = False
    sentences: bool = False
    usual: float | None = None
    hint: str = ""
    given: str | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Everything the model is shown for one draft, in order. The guidance is the same for every draft of a site;
    ``hint`` is what the author says of the text."""

    guidance: str
    text: str
    asks: tuple[Ask, ...]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model thinks of a term.

    ``score`` of a candidate is how much likelier it is behind this post than behind none, in nats per token.
    ``written`` terms are the model's own, the first it thought of first; their score is the mean log-probability per
    token.
    """

    name: str
    score: float
    written: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A term worth taking, by the rules' own reckoning: its log-odds and why, for the journal. ``new``: the site has
    not used it yet."""

    name: str
    score: float
    new: bool = False
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a proposal cost. Tokens really evaluated (a reused prefix is not counted twice), those of them that went
    into thinking before the answer; seconds of wall time."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    steps: int = 0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the model suggests, field by field; nothing in it has been checked."""

    texts: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, tuple[Opinion, ...]] = field(default_factory=dict)
    model: str = ""
    mode: str = ""
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a field has the value it has: the journal's line for it.

    ``source`` follows the precedence of values; ``proposed`` is what the model said before the check, as text;
    ``changes`` says what the check did to it, a sentence each; ``rule`` cites the rules document.
    """

    field: str
    value: YamlValue
    source: Literal["author", "constant", "computed", "vocabulary", "generated"]
    rule: str
    proposed: str | None = None
    changes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """What passed the check. ``decisions`` covers every field of the post, in the order of the rules;
    ``queued`` are new terms the rules want a person to decide on: field and term."""

    decisions: tuple[Decision, ...]
    date: dt.datetime
    slug: str
    filename: str
    queued: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> dict[str, YamlValue]:
        """Field -> value, in the order of the rules."""
        return {d.field: d.value for d in self.decisions}

    @property
    def added(self) -> dict[str, YamlValue]:
        """The fields the author did not write."""
        return {d.field: d.value for d in self.decisions if d.source != "author"}


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph on how a post was made, and where it stands: above the author's text or below it."""

    text: str
    place: Literal["top", "end"]


@dataclass(frozen=True, slots=True)
class Post:
    """The exact bytes of a finished post and the name it should get."""

    filename: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Hash of the post's bytes."""
        return sha256(self.content)
