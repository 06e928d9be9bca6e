"""How a server wants to be asked: what one of them needs, another refuses, and a third silently ignores. Pure.

A schema can be handed over in several forms. They are tried from the strictest to none; what a server was seen to obey
is what it is asked in from then on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from blogmetad.model import prompt
from blogmetad.model.remote import asking
from blogmetad.values import Ask, Request


class Form(Enum):
    """The forms a schema is handed over in, in the order they are tried."""

    STRICT = "json_schema"
    """OpenAI's form, with lengths and patterns: llama-server, and most likely vLLM, SGLang, LM Studio."""
    OBJECT = "json_object with a schema"
    """llama-cpp-python's server reads no other."""
    BARE = "json_schema without limits"
    """For those that keep to a shape but not to lengths and patterns, or refuse them: likely OpenAI and Ollama."""
    JSON = "json_object"
    NONE = "words alone"


FORMS = tuple(Form)
GREEDY, VARIED = 0.0, 0.7
"""Temperatures: of a first try, and of one that has to come out otherwise than the try before."""

OPTIONAL = ("chat_template_kwargs", "seed", "temperature", "max_tokens")
"""What a server may refuse and can be asked without."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """``dropped`` are keys the server refused. ``thinking`` is how many tokens an answer may be preceded by: those
    wanted, or those that a server which will not do without thinking needs."""

    form: Form = Form.STRICT
    dropped: frozenset[str] = frozenset()
    thinking: int = 0

    @property
    def limits(self) -> bool:
        """Whether lengths and patterns are part of the schema."""
        return self.form in (Form.STRICT, Form.OBJECT)

    @property
    def is_held(self) -> bool:
        """Whether the server is expected to hold the answer to the schema."""
        return self.form in (Form.STRICT, Form.OBJECT, Form.BARE)

    def looser(self) -> Dialect | None:
        """The next form, None behind the last."""
        after = FORMS[FORMS.index(self.form) + 1 :]
        return replace(self, form=after[0]) if after else None

    def without(self, words: str) -> Dialect | None:
        """What to try after the server refused a request with these words; None if there is nothing left."""
        for key in OPTIONAL:
            if key not in self.dropped and re.search(rf"\b{key}\b", words):
                return replace(self, dropped=self.dropped | {key})
        if looser := self.looser():
            return looser
        if OPTIONAL[0] not in self.dropped:
            return replace(self, form=FORMS[0], dropped=self.dropped | {OPTIONAL[0]})
        return None


def body(request: Request, model: str, dialect: Dialect, *, thinks: bool, turn: int) -> bytes:
    """A chat completion as JSON. ``turn`` counts the tries of this request: those behind the first come out otherwise.

    ``thinks``: thinking is wanted and not only put up with.
    """
    asks = asking.wanted(request)
    varied = turn > 0 or any(ask.refused for ask in asks)
    wishes: dict[str, object] = {
        "model": model,
        "messages": [
            {"role": "system", "content": prompt.system(request)},
            {"role": "user", "content": asking.user(request)},
        ],
        "stream": False,
        "temperature": VARIED if varied else GREEDY,
        "seed": turn,
        "max_tokens": asking.room(asks) + dialect.thinking,
        "chat_template_kwargs": {"enable_thinking": thinks},
    }
    if "max_tokens" in dialect.dropped:
        wishes["max_completion_tokens"] = wishes["max_tokens"]
    form = _response_format(asks, dialect)
    if form is not None:
        wishes["response_format"] = form
    kept = {key: value for key, value in wishes.items() if key not in dialect.dropped}
    return json.dumps(kept, ensure_ascii=False).encode("utf-8")


def _response_format(asks: Sequence[Ask], dialect: Dialect) -> dict[str, object] | None:
    schema = asking.schema(asks, limits=dialect.limits)
    match dialect.form:
        case Form.STRICT | Form.BARE:
            return {"type": "json_schema", "json_schema": {"name": "metadata", "strict": True, "schema": schema}}
        case Form.OBJECT:
            return {"type": "json_object", "schema": schema}
        case Form.JSON:
            return {"type": "json_object"}
        case Form.NONE:
            return None
