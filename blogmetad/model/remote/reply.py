"""What a server answered: read with patience for what stands around the JSON, none for what is missing. Pure."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blogmetad.model.remote import asking
from blogmetad.model.remote.dialect import Dialect
from blogmetad.values import Ask, Opinion, Usage

FIRST, LAST, PASSED_OVER = 3.0, 1.0, -1.0
"""Scores of the first and the last candidate that were picked, and of those that were not: about what the local engine
gives to terms it finds fitting and to others (its mean is ``ranking.UNMOVED``)."""

LONGEST, MOST_TERMS, STARTS = 4000, 40, 50
"""Characters of a text and terms of a list that are looked at; braces at which JSON may begin."""

_THOUGHT = re.compile(r"^(?!\s*\{)\s*(?:<think(?:ing)?>)?(.*?)</think(?:ing)?>", re.DOTALL)
_UNFINISHED = re.compile(r"^\s*<think(?:ing)?>(.*)", re.DOTALL)
_JOINTS = re.compile(r"[\s_-]+")
_SEPARATORS = re.compile(r"[,，、;；\n]")


class Garbled(Exception):
    """The answer is of no use; says why. ``disregards``: the server has paid no heed to the schema."""

    def __init__(self, reason: str, *, disregards: bool = False) -> None:
        super().__init__(reason)
        self.disregards = disregards


class Unthinkable(Garbled):
    """All tokens went into thinking."""


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Message(_Lenient):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Details(_Lenient):
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


class _Usage(_Lenient):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Timings(_Lenient):
    """llama-server's own."""

    prompt_ms: float = 0.0
    predicted_ms: float = 0.0


class _Completion(_Lenient):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None
    timings: _Timings | None = None


class _Model(_Lenient):
    id: str


class _Models(_Lenient):
    data: list[_Model]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer proper, what was thought before it, and what it cost. ``cut``: it ran out of tokens."""

    content: str
    thought: str
    cut: bool
    usage: Usage


def models(data: bytes) -> tuple[str, ...]:
    """The names in an answer to ``/models``. Raises Garbled."""
    try:
        return tuple(model.id for model in _Models.model_validate_json(data).data)
    except ValidationError:
        raise Garbled("its list of models is not of OpenAI's form") from None


def completion(data: bytes) -> Reply:
    """An answer to ``/chat/completions``. Raises Garbled."""
    try:
        read = _Completion.model_validate_json(data)
    except ValidationError:
        raise Garbled("what it sent is no chat completion") from None
    choice = read.choices[0]
    content = choice.message.content or ""
    thought = choice.message.reasoning_content or choice.message.reasoning or ""
    if found := _THOUGHT.match(content) or _UNFINISHED.match(content):
        thought, content = thought + found[1], content[found.end() :]
    thinking = len(thought) / ((len(thought) + len(content)) or 1)
    cut = choice.finish_reason == "length"
    return Reply(content.strip(), thought.strip(), cut, _cost(read, thinking))


def _cost(read: _Completion, thinking: float) -> Usage:
    """What a completion cost, as far as the server tells. ``thinking`` is the share of the text that was thought, for
    servers that do not count."""
    usage, timings = read.usage or _Usage(), read.timings or _Timings()
    before, within = usage.prompt_tokens_details or _Details(), usage.completion_tokens_details or _Details()
    cached, written, counted = before.cached_tokens or 0, usage.completion_tokens or 0, within.reasoning_tokens
    return Usage(
        prompt_tokens=max(0, (usage.prompt_tokens or 0) - cached),
        reused_tokens=cached,
        output_tokens=written,
        thinking_tokens=round(written * thinking) if counted is None else counted,
        prefill_seconds=timings.prompt_ms / 1000,
        decode_seconds=timings.predicted_ms / 1000,
    )


def fields(reply: Reply, asks: Sequence[Ask], dialect: Dialect) -> Mapping[str, object]:
    """The JSON object of an answer. Raises Garbled.

    From a server that is held to a schema nothing else is taken; from others also JSON in a fence or between words.
    """
    if reply.cut and reply.thought:
        raise Unthinkable("all its tokens went into thinking")
    if dialect.is_held:
        try:
            answer = json.loads(reply.content)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and asking.obeys(answer, asks, limits=dialect.limits):
            return answer
        if reply.cut and reply.content.startswith("{"):
            raise Garbled("its answer ran out of tokens", disregards=dialect.limits)
        raise Garbled("its answer is not of the schema", disregards=True)
    for answer in _objects(reply.content):
        named = {name: answer[key] for name, keys in _names(asks).items() for key in keys if key in answer}
        if named:
            return named
    raise Garbled("its answer ran out of tokens" if reply.cut else "its answer holds no JSON object with the fields")


def _names(asks: Sequence[Ask]) -> dict[str, tuple[str, ...]]:
    """Field -> the keys it may stand under, the best one last."""
    names = {ask.field: (_folded(ask.label), _folded(ask.field)) for ask in asks}
    return names | {asking.NEW + ask.field: (_folded(asking.NEW + ask.field),) for ask in asks if asking.has_lane(ask)}


def _folded(key: str) -> str:
    return _JOINTS.sub("", key.casefold())


def _objects(text: str) -> Iterator[dict[str, object]]:
    """Every JSON object that begins in a text, its keys folded."""
    decoder = json.JSONDecoder(strict=False)
    for found in itertools.islice(re.finditer(r"\{", text), STARTS):
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield {_folded(key): each for key, each in value.items()}


def texts(answer: Mapping[str, object], asks: Sequence[Ask]) -> dict[str, str]:
    """The texts asked for, each in one line. Raises Garbled if one is missing."""
    found: dict[str, str] = {}
    for ask in asks:
        if ask.kind == "text":
            value = answer.get(ask.field)
            text = " ".join(value[:LONGEST].split()) if isinstance(value, str) else ""
            if not text:
                raise Garbled(f"its answer has no {ask.field}")
            found[ask.field] = text
    return found


def terms(answer: Mapping[str, object], asks: Sequence[Ask]) -> dict[str, tuple[Opinion, ...]]:
    """What the answer says of terms: the candidates that were picked, those that were passed over, and new ones."""
    return {ask.field: _opinions(ask, answer) for ask in asks if ask.kind == "terms"}


def _opinions(ask: Ask, answer: Mapping[str, object]) -> tuple[Opinion, ...]:
    listed = _listed(answer.get(ask.field)) + _listed(answer.get(asking.NEW + ask.field))
    names = {candidate.name.casefold(): candidate.name for candidate in ask.candidates}
    picked = list(dict.fromkeys(names[term.casefold()] for term in listed if term.casefold() in names))
    if ask.field not in answer:
        return ()
    step = (FIRST - LAST) / max(1, len(picked) - 1)
    scores = {name: FIRST - step * rank for rank, name in enumerate(picked)}
    weighed = [Opinion(name, scores.get(name, PASSED_OVER)) for name in names.values()]
    new = dict.fromkeys(term for term in listed if term.casefold() not in names) if ask.new else ()
    return (*weighed, *(Opinion(term, 0.0, written=True) for term in new))


def _listed(value: object) -> list[str]:
    """The terms of a list, or of a text with separators in it."""
    items = _SEPARATORS.split(value[:LONGEST]) if isinstance(value, str) else value
    if not isinstance(items, list):
        return []
    found = (" ".join(item[:LONGEST].split()) for item in items[:MOST_TERMS] if isinstance(item, str))
    return [term for term in found if term]
