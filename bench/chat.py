"""The plain way on real posts: one chat completion with a JSON schema over the whole post, with the blog's terms."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import llama_cpp

from bench.plain import question, read, schema
from blogmetad.values import Ask

CONTEXT = 16 * 1024
ANSWER_TOKENS = 400
SYSTEM = "You are the editor of a blog. You write the metadata of its posts."


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``fields`` is empty where the JSON is unfinished; ``load`` is the machine's load average."""

    post: str
    seconds: float
    load: float
    prompt_tokens: int
    output_tokens: int
    text: str
    fields: Mapping[str, object]


class Chat:
    """A ``llama_cpp.Llama`` with room for a whole post and two threads for both phases."""

    def __init__(self, file: Path, threads: int = 2) -> None:
        self._llama = llama_cpp.Llama(
            str(file),
            n_ctx=CONTEXT,
            n_threads=threads,
            n_threads_batch=threads,
            flash_attn=True,
            verbose=False,
        )

    def ask(self, post: str, text: str, asks: Sequence[Ask]) -> Reply:
        """Ask for the metadata of ``text``. What does not fit into the context is cut off at its end."""
        wanted = f"\n\n---\n{question(asks)}"
        began = time.perf_counter()
        reply = self._llama.create_chat_completion(
            [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": self._fitting(text, wanted) + wanted},
            ],
            response_format={"type": "json_object", "schema": schema(asks, patterns=False)},
            temperature=0.0,
            max_tokens=ANSWER_TOKENS,
        )
        seconds = time.perf_counter() - began
        content = reply["choices"][0]["message"]["content"]
        used = reply["usage"]
        return Reply(
            post=post,
            seconds=seconds,
            load=os.getloadavg()[0],
            prompt_tokens=used["prompt_tokens"],
            output_tokens=used["completion_tokens"],
            text=content,
            fields=read(content),
        )

    def _fitting(self, text: str, wanted: str) -> str:
        room = CONTEXT - ANSWER_TOKENS - len(self._tokens(SYSTEM + wanted)) - 64
        tokens = self._tokens(text)
        return text if len(tokens) <= room else self._llama.detokenize(tokens[:room]).decode("utf-8", "ignore")

    def _tokens(self, text: str) -> list[int]:
        return list(self._llama.tokenize(text.encode(), add_bos=False))

    def close(self) -> None:
        """Free the model."""
        self._llama.close()


def load(cache: Path) -> dict[str, Reply]:
    """The replies kept in a file, by post. The last line may have been cut off by a stop; it is asked again."""
    replies: dict[str, Reply] = {}
    if cache.exists():
        for line in cache.read_text("utf-8").splitlines():
            try:
                reply = Reply(**json.loads(line))
            except ValueError:
                continue
            replies[reply.post] = reply
    return replies


def keep(cache: Path, reply: Reply) -> None:
    """Append a reply to a file, at once."""
    with cache.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(reply), ensure_ascii=False) + "\n")
