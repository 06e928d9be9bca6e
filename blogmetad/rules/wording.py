"""A line of text the model wrote, held against its rule: what is kept, what was changed, why it is refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from blogmetad.rules.clean import clean, is_repetitive, shortened, with_period, without_period
from blogmetad.rules.schema import TextRule
from blogmetad.rules.script import is_in, key
from blogmetad.values import Language

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
_STOPS = (".", "!", "?", "。", "！", "？")
_LABELS = {"title": ("title", "标题", "题目"), "description": ("description", "描述", "摘要", "简介")}
_NUMBER = re.compile(r"^\s*第?[零〇一二三四五六七八九十百\d]{1,4}\s*[章节部分]{0,2}\s*[、.．:：)）\s]\s*")
_SECTIONS = frozenset(
    key(heading)
    for heading in (
        *(
            "前言",
            "引言",
            "引子",
            "序",
            "序言",
            "简介",
            "介绍",
            "背景",
            "概述",
            "概览",
            "正文",
            "目录",
            "总结",
            "小结",
            "结语",
            "后记",
        ),
        *("写在前面", "写在最后", "参考", "参考资料", "preface", "foreword", "introduction", "background", "overview"),
        *(
            "summary",
            "conclusion",
            "contents",
            "table of contents",
            "tl;dr",
            "references",
            "abstract",
            "post",
            "untitled",
        ),
    )
)
"""What every post might begin or end with."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value cannot be used: ``kind`` is the last part of a problem's id, ``reason`` a whole sentence."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Worded:
    """The text to use, or the Refusal; ``changes`` has a sentence for everything done to what was proposed."""

    text: str | Refusal
    changes: tuple[str, ...] = ()


def settle(
    proposed: str, name: str, rule: TextRule, language: Language, title: str = "", copied: Collection[str] = ()
) -> Worded:
    """Make ``proposed`` fit for the field ``name``.

    A text that says no more than ``title`` does is refused, and so is one of those in ``copied``: other posts'.
    """
    changes: list[str] = []
    text = clean(proposed, (*_LABELS.get(name, (name,)), *([rule.label] if rule.label else ())))
    if text != proposed.strip():
        changes.append("Markup, labels, quotes or characters that do not belong in a post were taken out.")
    whole = len(text)
    if whole > rule.max_length:
        # A description cut inside a sentence still gets its full stop.
        text = shortened(text, rule.max_length - rule.sentences, rule.min_length)
    elif rule.sentences and whole >= rule.max_length - 2:
        # It filled its room, which cut it off: it ends with its last whole sentence, if it has one.
        ended = shortened(text, whole - 1, rule.min_length)
        text = ended if ended.endswith(_STOPS) and not text.endswith(_STOPS) else text
    if len(text) < whole:
        changes.append(f"It was cut from {whole} to {len(text)} characters; {rule.max_length} is the most.")
    ended = text
    if name == "title":
        ended = without_period(text)
    elif rule.sentences:
        ended = with_period(text, rule.max_length)
    if ended != text:
        changes.append(f"The full stop at its end was {'added' if rule.sentences else 'taken off'}.")
    refusal = _refusal(ended, rule, language, title)
    if refusal is None and name == "title" and _bare(_NUMBER.sub("", ended)) in _SECTIONS:
        refusal = Refusal("section", f"The model's '{ended}' is the heading of a section and names no subject.")
    if refusal is None and _bare(ended) in map(_bare, copied):
        refusal = Refusal("copied", f"The model's '{ended}' is copied from the rules' examples.")
    return Worded(refusal or ended, tuple(changes))


def _bare(text: str) -> str:
    return key(text).rstrip(".。")


def _refusal(text: str, rule: TextRule, language: Language, title: str) -> Refusal | None:
    if not text:
        return Refusal("empty", "The model proposed nothing that can be used.")
    if not is_in(text, language):
        return Refusal("language", f"The model's '{text}' is not in {LANGUAGE_NAMES[language]}, as the rules ask.")
    if is_repetitive(text):
        return Refusal("repetitive", f"The model's '{text}' only repeats itself.")
    if title and _bare(text) == _bare(title):
        return Refusal("same", f"The model's '{text}' says the same as the title.")
    if len(text) < rule.min_length:
        reason = f"The model's '{text}' has {len(text)} characters; the rules ask for at least {rule.min_length}."
        return Refusal("short", reason)
    return None
