"""The plain way: one ``create_chat_completion`` over the whole post with a JSON schema, as most people would write it.

It gets every setting that makes it faster without changing what is asked: all physical cores for both phases (its
default is half of them for decoding), flash attention on or off, whichever is faster, room for the whole post, greedy
sampling, and the shared beginning of the prompt kept from the draft before. Two choices keep its answers short: the
question stands behind the post, and the schema's patterns hold a field to its language and length. Without them a small
model copies a Chinese post into the English fields, and takes up to four times as many tokens for it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import llama_cpp

from blogmetad.model import prompt
from blogmetad.values import Ask, Request

ANSWER_TOKENS = 512
"""More than any answer the schema allows needs; a side that runs into it is reported as incomplete."""

TERM_CHARS = 40
LANGUAGES = MappingProxyType({"en": "in English", "zh": "in Chinese", "any": ""})
SENTENCE = "[A-Za-z0-9 ,.:;!?()'/&+#-]"
"""The characters of an English text field as a pattern can say them: no quotes, no backslashes."""

TERM, LOWER_TERM = "[A-Za-z0-9 .+#-]", "[a-z0-9 .+#-]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``prompt_tokens`` were really evaluated; ``fields`` is empty where the JSON is unfinished."""

    seconds: float
    prompt_tokens: int
    output_tokens: int
    text: str
    fields: Mapping[str, object]


def question(asks: Sequence[Ask]) -> str:
    """The same wants as blogmetad's, in words: fields, languages, limits and vocabularies."""
    return "Write the metadata of the post above as one JSON object: " + ", ".join(map(_wanted, asks)) + "."


def _wanted(ask: Ask) -> str:
    words = [LANGUAGES[ask.language]]
    if ask.kind == "text":
        words += [ask.hint.strip().rstrip("."), f"at most {ask.high} characters"]
    else:
        words += [
            "lower-case" if ask.lower else "",
            f"{ask.low} to {ask.high}" if ask.low < ask.high else f"{ask.high}",
        ]
        names = ", ".join(candidate.name for candidate in ask.candidates)
        if names:
            words.append(("preferably of: " if ask.new else "of: ") + names)
    return f"{ask.field} ({'; '.join(word for word in words if word)})"


def schema(asks: Sequence[Ask], *, patterns: bool = True) -> dict[str, object]:
    """The JSON schema for the same fields: the rules' limits, an enum for a closed list, and ``patterns`` for English,
    which most people would not think of."""
    return {
        "type": "object",
        "properties": {ask.field: _field(ask, patterns) for ask in asks},
        "required": [ask.field for ask in asks],
        "additionalProperties": False,
    }


def _field(ask: Ask, patterns: bool) -> dict[str, object]:
    english = patterns and ask.language == "en"
    if ask.kind == "text":
        return _string(SENTENCE, ask.low, ask.high, english=english)
    item = _string(LOWER_TERM if ask.lower else TERM, 1, TERM_CHARS, english=english)
    if ask.candidates and not ask.new:
        item = {"enum": [candidate.name for candidate in ask.candidates]}
    return {"type": "array", "items": item, "minItems": ask.low, "maxItems": ask.high}


def _string(characters: str, low: int, high: int, *, english: bool) -> dict[str, object]:
    if english:
        return {"type": "string", "pattern": f"^{characters}{{{low},{high}}}$"}
    return {"type": "string", "minLength": low, "maxLength": high}


class Plain:
    """A ``llama_cpp.Llama`` asked the plain way. ``threads`` serve prefill and decode; ``context`` is in tokens."""

    def __init__(self, file: Path, threads: int, context: int, *, flash_attention: bool) -> None:
        self.flash_attention = flash_attention
        self._llama = llama_cpp.Llama(
            str(file),
            n_ctx=context,
            n_batch=512,
            n_threads=threads,
            n_threads_batch=threads,
            flash_attn=flash_attention,
            no_perf=True,
            verbose=False,
        )
        self._frame = prompt.frame(self._llama.metadata.get("tokenizer.chat_template"))

    def answer(self, request: Request, text: str) -> Answer:
        """Ask for the request's fields about ``text`` as if it were the next draft: only what drafts share is kept.

        Raises RuntimeError if what is shared was not reused, since then the comparison would not be fair.
        """
        system = prompt.system(request)
        shared = self._llama.tokenize(
            (self._frame.opening + system + self._frame.middle).encode(), add_bos=False, special=True
        )
        self._llama.reset()
        self._llama.eval(shared)
        began = time.perf_counter()
        reply = self._llama.create_chat_completion(
            [
                {"role": "system", "content": system},
                {"role": "user", "content": f"{text}\n\n---\n{question(request.asks)}"},
            ],
            response_format={"type": "json_object", "schema": schema(request.asks)},
            temperature=0.0,
            max_tokens=ANSWER_TOKENS,
        )
        seconds = time.perf_counter() - began
        if list(self._llama.input_ids[: len(shared)]) != shared:
            raise RuntimeError("The shared beginning was not reused: the chat template was rendered differently.")
        content = reply["choices"][0]["message"]["content"]
        return Answer(
            seconds=seconds,
            prompt_tokens=reply["usage"]["prompt_tokens"] - len(shared),
            output_tokens=reply["usage"]["completion_tokens"],
            text=content,
            fields=read(content),
        )

    def close(self) -> None:
        """Free the model."""
        self._llama.close()


def read(content: str) -> Mapping[str, object]:
    """The fields of an answer; none if it is not a whole JSON object (it ran out of tokens)."""
    try:
        fields = json.loads(content)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
