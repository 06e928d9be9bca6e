"""What the model is shown: a guidance every draft of a site shares, the digest, and concrete words about each field.

Small models copy long instructions instead of following them, so the instruction is short and stands after the text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jinja2.sandbox import ImmutableSandboxedEnvironment

from blogmetad.values import Ask, Request

_LANGUAGE = {"en": "English", "zh": "Chinese", "any": ""}
_CHINESE_LABELS = {
    "title": "标题",
    "subtitle": "副标题",
    **dict.fromkeys(("description", "excerpt", "summary", "abstract"), "摘要"),
    "tags": "标签",
    "categories": "分类",
}
LISTED = 16
"""A vocabulary of at most this many terms is told to the model; a longer one is only scored."""

THINK, THOUGHT = "<think>", "</think>"
"""What opens a thought and what closes it, each one token of the models that think."""

_SYSTEM, _USER = "\x02system\x03", "\x02user\x03"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A chat template around two messages: the text before the system message, between it and the user message, and
    behind that up to the first word of the answer, or of a thought. Only these three may hold control tokens.

    ``thinks``: a thought comes first.
    """

    opening: str
    middle: str
    closing: str
    thinks: bool = False


def frame(template: str | None, thinking: bool = False) -> Frame:
    """Render a GGUF's chat template (Jinja) around placeholders, and take it apart again.

    Without ``thinking`` no thought is left open: hybrid templates write an empty one where ``enable_thinking`` is
    false, and one that always opens a thought has it closed. With it, a model that never thinks still does not.
    """
    on, off = _rendered(template, thinking=True), _rendered(template, thinking=False)
    opens = on.closing.rstrip().endswith(THINK)
    if thinking and (opens or on != off):
        return replace(on, closing=on.closing if opens else f"{on.closing}{THINK}\n", thinks=True)
    if off.closing.rstrip().endswith(THINK):
        return replace(off, closing=f"{off.closing.rstrip()}\n\n{THOUGHT}\n\n")
    return off


def _rendered(template: str | None, thinking: bool) -> Frame:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    rendered = environment.from_string(template or CHATML).render(
        messages=[{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}],
        add_generation_prompt=True,
        enable_thinking=thinking,
        tools=None,
        bos_token="",
        eos_token="",
    )
    opening, _, rest = rendered.partition(_SYSTEM)
    middle, _, closing = rest.partition(_USER)
    return Frame(opening, middle, closing)


def system(request: Request) -> str:
    """The message every draft of a site shares, so that its state is computed once."""
    parts = ["You are the editor of a blog. You write the metadata of its posts."]
    if request.guidance.strip():
        parts.append(request.guidance.strip())
    return "\n\n".join(parts)


def user(request: Request) -> str:
    """The digest, then what is wanted, as a sentence: lines that look like the answer's own get copied into it."""
    wanted = [f"{label(ask).lower()} ({instruction(ask)})" for ask in request.asks if ask.given is None]
    said = f"Its author says: {request.hint}\n" if request.hint else ""
    return f"{request.text}\n\n---\n{said}For the post above, write the " + ", the ".join(wanted) + "."


def label(ask: Ask) -> str:
    """What stands in front of a value. A Chinese value behind a Chinese word: nothing sways a small model more."""
    return _CHINESE_LABELS.get(ask.field, ask.label) if ask.language == "zh" else ask.label


def instruction(ask: Ask) -> str:
    """What is wanted for one field, in a few concrete words."""
    language = _LANGUAGE[ask.language]
    if ask.kind == "terms":
        what = f"{ask.low} to {ask.high}" if ask.high > ask.low else str(ask.high)
        if 0 < len(ask.candidates) <= LISTED and not ask.new:
            return f"{what} of: " + ", ".join(candidate.name for candidate in ask.candidates)
        style = " ".join(word for word in (what, language, "lower-case" if ask.lower else "", "keywords") if word)
        return f"{style}, separated by commas"
    hint = ask.hint.strip().rstrip(".")
    spoken = "用中文" if ask.language == "zh" else f"in {language}" if language else ""
    if ask.language == "zh" and ask.usual:
        spoken += f"，约{round(ask.usual)}字"
    return "; ".join(part for part in (spoken, hint) if part)
