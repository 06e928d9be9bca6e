"""One peer in its own environment (build/peers): answers what it is asked on standard input, a JSON object a line.

    build/peers/bin/python bench/elsewhere.py llm|outlines < questions

It imports nothing of ours, since nothing of ours is installed there. The first line has the model, threads, context and
the JSON schema; each line after it the system message, the user's, and the most tokens that may be written.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Ask = Callable[[str, str, int], str]


def of_llm(setting: dict[str, Any]) -> Ask:
    """Simon Willison's llm with llm-gguf. Only streaming works in its version 0.2, and it knows no schema. It has no
    setting for threads either, so its model is loaded here as it would load it, but with all of them."""
    import llm  # type: ignore[import-not-found]
    from llama_cpp import Llama
    from llm_gguf import GgufChatModel  # type: ignore[import-not-found]

    model = GgufChatModel("ours", setting["model"], n_ctx=setting["context"])
    model._model = Llama(
        model_path=setting["model"],
        verbose=False,
        n_ctx=setting["context"],
        n_threads=setting["threads"],
        n_threads_batch=setting["threads"],
        flash_attn=setting["flash_attention"],
        chat_format="chatml-function-calling",
    )
    assert isinstance(model, llm.Model)

    def ask(system: str, user: str, most: int) -> str:
        pieces = model.prompt(user, system=system, stream=True)
        return "".join(itertools.islice(pieces, most))

    return ask


def of_outlines(setting: dict[str, Any]) -> Ask:
    """outlines over llama-cpp-python, held to the JSON schema."""
    import outlines  # type: ignore[import-not-found]
    import outlines_core.kernels.numpy  # type: ignore[import-not-found]  # noqa: F401  else it would run without schema
    from llama_cpp import Llama
    from outlines.inputs import Chat  # type: ignore[import-not-found]

    llama = Llama(
        setting["model"],
        verbose=False,
        n_ctx=setting["context"],
        n_batch=512,
        n_threads=setting["threads"],
        n_threads_batch=setting["threads"],
        flash_attn=setting["flash_attention"],
    )
    write = outlines.Generator(outlines.from_llamacpp(llama), outlines.json_schema(json.dumps(setting["schema"])))

    def ask(system: str, user: str, most: int) -> str:
        chat = Chat([{"role": "system", "content": system}, {"role": "user", "content": user}])
        return str(write(chat, max_tokens=most, temperature=0.0))

    return ask


def main() -> None:
    """Load, then answer line by line: the text and the seconds it took."""
    ask = {"llm": of_llm, "outlines": of_outlines}[sys.argv[1]](json.loads(sys.stdin.readline()))
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        began = time.perf_counter()
        text = ask(question["system"], question["user"], question["most"])
        print(json.dumps({"text": text, "seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main()
