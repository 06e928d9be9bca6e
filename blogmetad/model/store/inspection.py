"""Whether a model file will load, and why not, told from its head alone: no native code that could crash is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from blogmetad.model.store import gguf, naming
from blogmetad.model.store.gguf import Header, Malformed
from blogmetad.model.store.memory import Need
from blogmetad.model.store.template import TemplateFault, Thinking, thinking

TEMPLATE, TOKENS, EMBEDDING = "tokenizer.chat_template", "tokenizer.ggml.tokens", "token_embd.weight"

NOT_MODELS = {
    "adapter": "an adapter (LoRA) for another model",
    "mmproj": "the part of a model that looks at pictures",
    "imatrix": "a matrix that helps with quantizing",
}
"""Values of ``general.type`` that are no models."""

_VECTORS = (
    "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert",
    "t5encoder", "gemma-embedding", "llama-embed",
)  # fmt: skip
NO_TEXT = {
    **dict.fromkeys(_VECTORS, "it turns text into vectors and writes none"),
    **dict.fromkeys(("clip", "wavtokenizer-dec", "qwen3tts"), "it is for pictures or sound"),
    **dict.fromkeys(("dream", "llada", "llada-moe", "rnd1"), "it is a diffusion model and does not write word by word"),
    **dict.fromkeys(("eagle3", "dflash", "gemma4-assistant"), "it only guesses words for a larger model"),
    "t5": "it is an encoder-decoder model",
}
"""Kinds of models llama.cpp loads that cannot do this work."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model is. ``files`` are all its parts, ``thinking`` is None where no template tells."""

    architecture: str
    name: str
    quantization: str
    parameters: int
    context: int | None
    vocabulary: int | None
    thinking: Thinking | None
    files: tuple[Path, ...]
    need: Need


@dataclass(frozen=True, slots=True)
class Inspection:
    """``facts`` are None if the head cannot be read. Each of the ``faults`` keeps the model from being used, the
    ``warnings`` do not; whole sentences."""

    file: Path
    facts: Facts | None = None
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def inspect(file: Path, *, context: int, memory: int, knows: Callable[[str], bool | None]) -> Inspection:
    """Look at a model file and, if it is cut into several, at the others beside it.

    ``context`` is how many tokens are to be in view, ``memory`` what the machine has left in bytes, and ``knows`` tells
    whether the installed llama.cpp can load an architecture.
    """
    try:
        head = gguf.read(file)
    except Malformed as error:
        return Inspection(file, faults=(f"{file} cannot be loaded: {error}.",))
    except OSError as error:
        return Inspection(file, faults=(f"{file} cannot be read: {error.strerror or error}.",))
    heads, faults = _parts(file, head)
    for part, header in heads.items():
        if header.end > header.size:
            missing = header.end - header.size
            faults.append(f"{part} is cut off: its last {missing:,} bytes are missing. Get it again.")
    faults += _unfit(head, heads, knows)
    facts = _facts(head, heads, context)
    try:
        facts = replace(facts, thinking=thinking(head.text(TEMPLATE)))
    except TemplateFault as fault:
        faults.append(f"Its chat template cannot be used ({fault}).")
    return Inspection(file, facts, tuple(faults), tuple(_doubts(facts, head, context, memory)))


def _parts(file: Path, head: Header) -> tuple[dict[Path, Header], list[str]]:
    """The heads of all parts of the model, and what is wrong with its being cut into parts."""
    count = head.number("split.count") or 1
    if count <= 1:
        return {file: head}, []
    names = naming.parts_of(file.name)
    if len(names) != count:
        name = f"{file} is one of {count} parts, but its name does not end in -00001-of-{count:05d}.gguf"
        return {file: head}, [f"{name}: llama.cpp does not find the others. Give all parts the names they had."]
    heads: dict[Path, Header] = {}
    faults: list[str] = []
    if file.name != names[0]:
        faults.append(f"{file} is not the first part of the model. Name {names[0]}.")
    for path in (file.with_name(name) for name in names):
        try:
            heads[path] = head if path == file else gguf.read(path)
        except Malformed as error:
            faults.append(f"{path} cannot be loaded: {error}.")
        except OSError as error:
            faults.append(f"{path}, a part of the model, cannot be read: {error.strerror or error}.")
    return heads, faults


def _unfit(head: Header, heads: Mapping[Path, Header], knows: Callable[[str], bool | None]) -> Iterator[str]:
    """What keeps a well-formed GGUF from doing this work."""
    architecture, kind = head.text("general.architecture"), head.text("general.type")
    if kind in NOT_MODELS:
        yield f"It is {NOT_MODELS[kind]}, no model by itself."
    elif not architecture:
        yield "It does not say which kind of model it is (general.architecture is missing)."
    elif architecture in NO_TEXT:
        yield f"It is no model for writing ({architecture}): {NO_TEXT[architecture]}."
    elif knows(architecture) is False:
        yield (
            f"The installed llama.cpp does not know models of the kind '{architecture}'. "
            "A newer one may: pip install --upgrade llama-cpp-python"
        )
    else:
        if not any(EMBEDDING in part.tensors for part in heads.values()):
            yield "It holds no weights, or not those of a model for text."
        if not head.counts.get(TOKENS):
            yield "It has no vocabulary (tokenizer.ggml.tokens is missing)."


def _facts(head: Header, heads: Mapping[Path, Header], context: int) -> Facts:
    architecture = head.text("general.architecture")
    trained = head.number(f"{architecture}.context_length")
    view = min(context, trained) if trained else context
    return Facts(
        architecture=architecture,
        name=head.text("general.name"),
        quantization=head.quantization,
        parameters=sum(part.weights for part in heads.values()),
        context=trained,
        vocabulary=head.counts.get(TOKENS),
        thinking=None,
        files=tuple(heads),
        need=Need(sum(part.size for part in heads.values()), view * _kv_bytes(head, architecture)),
    )


def _kv_bytes(head: Header, architecture: str) -> int:
    """What one token in view takes, in 16 bits: keys and values of every layer. Some models need less than that."""

    def number(key: str) -> int:
        return head.number(f"{architecture}.{key}") or 0

    heads = head.values.get(f"{architecture}.attention.head_count_kv")
    all_heads = sum(map(int, heads)) if isinstance(heads, tuple) else (
        (number("attention.head_count_kv") or number("attention.head_count")) * number("block_count")
    )  # fmt: skip
    width = number("embedding_length") // max(1, number("attention.head_count"))
    key, value = number("attention.key_length") or width, number("attention.value_length") or width
    return all_heads * (key + value) * 2


def _doubts(facts: Facts, head: Header, context: int, memory: int) -> Iterator[str]:
    """What does not keep the model from being used, and should be known."""
    if not head.text(TEMPLATE):
        yield "It has no chat template; the usual one of Qwen is used, which another model may not understand."
    if facts.context is not None and facts.context < context:
        yield f"It is made for {facts.context:,} tokens in view, so no more are kept."
    if facts.need.total > memory:
        need, free = facts.need.total / 1e9, memory / 1e9
        yield f"It needs about {need:.1f} GB of memory and {free:.1f} GB are free: it will be slow, or be stopped."
