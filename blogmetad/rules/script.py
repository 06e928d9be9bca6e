"""Writing systems: which letters a text is made of, and whether they are those of a language.

A script is not a language: what is decided here is only what letters can decide.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from blogmetad.values import Language

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
CJK = f"{HAN}{KANA}{HANGUL}\u3100-\u312f"
"""Ranges for a regular expression's character class."""

_HAN = re.compile(f"[{HAN}]")
_CJK = re.compile(f"[{CJK}]")
_CJK_RUN = re.compile(f"[{CJK}]+")
_NOT_CHINESE = re.compile(f"[{KANA}{HANGUL}\u0370-\u1cff]")
_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015]+")
_LATIN_LETTER = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")
_TERM = 60
"""Characters up to which a term's key is remembered: a site has hundreds of terms, and each draft asks for them all."""

_WORD = re.compile(f"[^\\W_{CJK}]+(?:['’-][^\\W_{CJK}]+)*")


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in ``text``."""
    return _HAN.search(text) is not None


def is_cjk(character: str) -> bool:
    """Whether a character stands for itself, without spaces around words: Chinese, Japanese, Korean."""
    return _CJK.match(character) is not None


def is_latin(character: str) -> bool:
    """Whether a character is a letter of the Latin script, with or without accents."""
    return _LATIN_LETTER.match(character) is not None


def latin_words(text: str) -> list[str]:
    """The words of every script that puts spaces between them; "don't" and "e-mail" are one each."""
    return _WORD.findall(text)


def words(text: str) -> int:
    """The length of a text in words; a Chinese, Japanese or Korean character counts as one."""
    return counted(_CJK_RUN, text) + len(latin_words(text))


def counted(runs: re.Pattern[str], text: str) -> int:
    """How many characters of a text are in runs of a kind; ten times as fast as one by one."""
    return sum(map(len, runs.findall(text)))


def is_in(text: str, language: Language) -> bool:
    """Whether a line of text can be in ``language``.

    English has Latin letters only (and Greek ones, as symbols), Chinese has at least one Chinese character.
    """
    if language == "en":
        return text.isascii() or all(is_latin(c) or "\u02b0" <= c <= "\u03ff" or not c.isalpha() for c in text)
    return language == "any" or has_han(text)


def fits(term: str, language: Language) -> bool:
    """Whether a term may stand in a list of ``language``; a Chinese list holds Latin names (Docker) too."""
    if language == "zh":
        return _NOT_CHINESE.search(term) is None
    return is_in(term, language)


def key(term: str) -> str:
    """What the spellings of one term have in common: "Machine Learning" and "machine-learning" are one."""
    return _known_key(term) if len(term) <= _TERM else _key(term)


def _key(term: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", term).casefold())


_known_key = lru_cache(maxsize=16_384)(_key)
