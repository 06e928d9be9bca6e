"""What can be read off a body without a model: headings, fences, math, length, language. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from blogmetad.rules.script import HAN, HANGUL, KANA, counted, latin_words, words
from blogmetad.values import Draft, Language

__all__ = ["Features", "features", "features_of", "words"]

# Every pattern is bounded: a draft of a million odd characters must not hold up the ones behind it.
_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)$")
_HIGHLIGHT = re.compile(r"^\s*\{%-?\s*highlight\s+([\w+#.-]+)[^%]{0,200}%\}")
_END_HIGHLIGHT = re.compile(r"\{%-?\s*endhighlight\s*-?%\}")
_INFO = re.compile(r"\{?\s*\.?([^\s{}]+)")
_ATX = re.compile(r"^ {0,3}#{1,3}[ \t]+[^\s#]")
_UNDERLINE = re.compile(r"^ {0,3}(?:=+|-+)[ \t]*$")
_PARAGRAPH = re.compile(r"^ {0,3}(?![-*+>|#=]|\d{1,3}[.)][ \t])\S")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODE_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)([^`\n]{1,500})\1(?!`)")
_URL = re.compile(r"https?://[^\s<>()\]\"'，。、；）】」]+|(?<=\]\()[^\s()]+")
_DISPLAY_MATH = re.compile(
    r"(?<!\\)\$\$[^$]{1,2000}\$\$|\\\\\[[^\[\]]{1,500}\\\\\]|\\begin\{(?:equation|align|gather|cases)", re.DOTALL
)
_INLINE_MATH = re.compile(
    r"(?<![\\$\w])\$(?=[^\s$])([^$\n]{1,200}?)(?<=[^\s\\])\$(?![\d$])|\\\\\(([^()\n]{1,500})\\\\\)"
)
_MATHEMATICAL = re.compile(r"[\\^_={}+]|^[A-Za-z]\W?$")
_HAN = re.compile(f"[{HAN}]+")
_ASCII_LETTERS = re.compile("[A-Za-z]+")
_KANA_OR_HANGUL = re.compile(f"[{KANA}{HANGUL}]+")
_ENGLISH = frozenset(re.findall(r"\w+", "the of and to that with for this are it you from as on be by was"))

HAN_SHARE, FOREIGN_SHARE, ASCII_SHARE = 0.2, 0.2, 0.9
ENGLISH_SHARE, FEW_WORDS = 0.04, 20


@dataclass(frozen=True, slots=True)
class Features:
    """Facts about a body.

    ``headings`` counts those of levels 1 to 3, ``words`` those outside code (a CJK character is one); ``fences``
    are the info strings in lower case; ``language`` is ``any`` where letters and common words do not tell.
    """

    headings: int
    fences: frozenset[str]
    math: bool
    words: int
    language: Language


@lru_cache(maxsize=8)
def features(body: str) -> Features:
    """The features of a Markdown body. Code, comments and addresses are not taken for text.

    Those of the last few bodies are remembered: each step that a draft goes through asks for them.
    """
    fences: set[str] = set()
    text = _COMMENT.sub("", "\n".join(_outside_code(body, fences)))
    prose = _CODE_SPAN.sub(" ", text)
    bare = _URL.sub(" ", prose)
    return Features(_headings(text), frozenset(fences), _has_math(prose), words(bare), _language(bare))


def features_of(draft: Draft) -> Features:
    """The features of a draft's body, in the language its author says it is in."""
    found, told = features(draft.text), draft.directives.language
    return found if told is None else replace(found, language=told)


def _outside_code(body: str, fences: set[str]) -> Iterator[str]:
    """The lines that are not code, an empty one for each block; the blocks' info strings go to ``fences``."""
    mark = ""
    for line in body.splitlines():
        if mark == "highlight":
            if _END_HIGHLIGHT.search(line):
                mark = ""
            continue
        found = _FENCE.match(line)
        if mark:
            if found and found[1].startswith(mark) and not found[2].strip():
                mark = ""
            continue
        highlight = _HIGHLIGHT.match(line)
        if not (found or highlight):
            yield line
            continue
        yield ""
        info = _INFO.match(found[2]) if found else highlight
        if info:
            fences.add(info[1].lower())
        if found:
            mark = found[1]
        elif not _END_HIGHLIGHT.search(line):
            mark = "highlight"


def _headings(text: str) -> int:
    """ATX headings, and setext ones as kramdown takes them: a single line of text with an underline."""
    count = 0
    before, last = "", ""
    for line in text.splitlines():
        underlined = _UNDERLINE.match(line) and _PARAGRAPH.match(last) and not before.strip()
        heading = _ATX.match(line) or underlined
        count += bool(heading)
        before, last = last, "" if heading else line
    return count


def _has_math(prose: str) -> bool:
    """TeX between dollars or brackets; two prices in one line are none."""
    if _DISPLAY_MATH.search(prose):
        return True
    found = (m[1] or m[2] for m in _INLINE_MATH.finditer(prose))
    return any(_MATHEMATICAL.search(formula) for formula in found)


def _language(prose: str) -> Language:
    han, other = counted(_HAN, prose), counted(_KANA_OR_HANGUL, prose)
    letters = sum(map(str.isalpha, prose))
    if not letters:
        return "any"
    if other >= FOREIGN_SHARE * (han + other) and han + other >= HAN_SHARE * letters:
        return "any"
    if han >= HAN_SHARE * letters:
        return "zh"
    if counted(_ASCII_LETTERS, prose) < ASCII_SHARE * letters:
        return "any"
    spoken = [word.casefold() for word in latin_words(prose)]
    common = sum(word in _ENGLISH for word in spoken)
    return "en" if len(spoken) < FEW_WORDS or common >= ENGLISH_SHARE * len(spoken) else "any"
