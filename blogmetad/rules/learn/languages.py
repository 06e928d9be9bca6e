"""In which language a field is written, held against the language of the bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blogmetad.rules.learn.sample import HALF, Sample, of
from blogmetad.rules.schema import RuleLanguage
from blogmetad.rules.script import has_han, is_in

CLEAR = 0.9
"""A language that fewer posts keep to is no rule."""

DOMINANT = 0.75
"""A language that fewer posts keep to is not even the dominant one."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A field's language with the words that speak for it, and the paths of the posts that write it otherwise;
    ``asked`` if it is not their habit but what a person asks for."""

    language: RuleLanguage
    evidence: str
    strangers: tuple[str, ...] = ()
    asked: bool = False


def spoken(values: Sequence[tuple[Sample, Sequence[str]]]) -> Spoken:
    """The language of a field from its values (the lines or terms of each post).

    Letters alone do not tell English from German, so English needs bodies that are English or Chinese.
    """
    known = [pair for pair in values if pair[0].body.language != "any"]
    if len(known) < HALF * len(values) or not known:
        return Spoken("any" if values else "body", "the language of the bodies is not told")
    keeping: dict[RuleLanguage, list[bool]] = {
        "en": [_english(texts) for _, texts in known],
        "zh": [_chinese(texts) for _, texts in known],
        "body": [_english(texts) if s.body.language == "en" else _chinese(texts) for s, texts in known],
    }
    best = max(keeping, key=lambda language: sum(keeping[language]))
    kept = sum(keeping[best])
    if kept < DOMINANT * len(known):
        return Spoken("any", _mixed(known))
    paths = tuple(s.post.path for (s, _), keeps in zip(known, keeping[best], strict=True) if not keeps)
    bodies = _bodies(known) if best != "body" else f"the body's own in {of(kept, len(known))}"
    evidence = bodies if best == "body" else f"{of(kept, len(known))}; {bodies}"
    return Spoken(best, evidence, paths)


def _english(texts: Sequence[str]) -> bool:
    return all(is_in(text, "en") for text in texts)


def _chinese(texts: Sequence[str]) -> bool:
    return any(map(has_han, texts))


def _bodies(known: Sequence[tuple[Sample, Sequence[str]]]) -> str:
    chinese = sum(s.body.language == "zh" for s, _ in known)
    if not chinese or chinese == len(known):
        return f"the bodies are {'Chinese' if chinese else 'English'}"
    return f"{chinese} bodies are Chinese, {len(known) - chinese} English"


def _mixed(known: Sequence[tuple[Sample, Sequence[str]]]) -> str:
    with_chinese = sum(_chinese(texts) for _, texts in known)
    return f"Chinese in {of(with_chinese, len(known))}, the others without a Chinese word"
