"""What a sentence about a field asks for, in Chinese or English: how much it is needed, its language, case, size."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Need: TypeAlias = Literal["required", "recommended", "optional"]
Range: TypeAlias = tuple[int | None, int | None]

_HEADED: tuple[tuple[Need, re.Pattern[str]], ...] = (
    (
        "optional",
        re.compile(
            r"可选|按需|选填|非必|不必|不是必须|\boptional|\bcontextual|\bnot required|\bif needed", re.IGNORECASE
        ),
    ),
    ("recommended", re.compile(r"推荐|建议|\brecommended|\bshould\b|\bnice to have", re.IGNORECASE)),
    ("required", re.compile(r"必须|必填|必需|必备|必要|\brequired|\bmandatory|\bmust\b|\balways\b", re.IGNORECASE)),
)
_STATED: tuple[tuple[Need, re.Pattern[str]], ...] = (
    ("optional", re.compile(r"可选|按需|选填|非必填|不是必须|\boptional\b|\bnot required\b", re.IGNORECASE)),
    ("recommended", re.compile(r"推荐|建议(?:填|写|加)|\brecommended\b", re.IGNORECASE)),
    ("required", re.compile(r"必填|必需|必备|\brequired\b|\bmandatory\b", re.IGNORECASE)),
)
_NOT_A_LANGUAGE = r"(?!双?引号|单引号|冒号|逗号|标点|句号|符号|半角|括号|空格|版|名)"
_NEGATED = re.compile(
    r"(?:不[要能用得]?|勿|别|禁止|避免|\bnot|\bnever|\bavoid|\bno)\s{0,2}(?:使用|用|in|use)?\s{0,2}\Z", re.IGNORECASE
)
_LANGUAGES: tuple[tuple[Literal["en", "zh"], re.Pattern[str]], ...] = (
    ("en", re.compile(rf"英[文语]{_NOT_A_LANGUAGE}|\bin English\b|\bEnglish\b(?! quot| punct)", re.IGNORECASE)),
    (
        "zh",
        re.compile(rf"(?:中文|汉语|汉字){_NOT_A_LANGUAGE}|\bin Chinese\b|\bChinese\b(?! quot| punct)", re.IGNORECASE),
    ),
)
_BINDING = re.compile(
    r"必须|使用|请用|要用|应用|统一|一律|都[是用]|应[该当]?[是为用]|只能|只用|需[要用]?|为[英中]文|用[英中]文"
    r"|\bmust\b|\bshould\b|\bin (?:English|Chinese)\b|\b(?:English|Chinese)[ -]only\b|\balways\b|\bonly\b|\bwrite\b",
    re.IGNORECASE,
)
_LOWER = re.compile(r"小写|\blower[- ]?case", re.IGNORECASE)
_USUALLY = re.compile(
    r"一般|通常|大部分|多数|始终|总是|固定|默认(?!不)|\balways\b|\busually\b|\bmost posts\b", re.IGNORECASE
)
_CHARACTERS = r"\s{0,2}个?\s{0,2}(?:characters|chars|letters|字符|汉字|字)"
_ITEMS = r"\s{0,2}(?:(?:tags?|categor(?:y|ies)|keywords?|items?|terms?|topics?)\b|个(?!字|汉字|句))"
_ONE = re.compile(
    r"一个.{0,6}(?:分类|标签|类别)|单个|单一|\b(?:one|a single) (?:main |primary )?(?:categor|tag|topic)", re.IGNORECASE
)
_OR_A_LIST = re.compile(r"列表|多个|两个|\bor a list|\bseveral|\bmore than one|\btwo\b", re.IGNORECASE)
_TWO_SENTENCES = re.compile(r"一两句|[一1][-到至~][两二2]句|\bone or two sentences|\b1-2 sentences", re.IGNORECASE)


def need_of_heading(title: str) -> Need | None:
    """How much the fields below a heading are needed, if it says so."""
    return next((need for need, pattern in _HEADED if pattern.search(title)), None)


def need_of_field(line: str) -> Need | None:
    """How much a field is needed by its own line; "must be in English" does not say that it must be there."""
    return next((need for need, pattern in _STATED if pattern.search(line)), None)


def language(text: str) -> Literal["en", "zh"] | None:
    """The language a text asks for; None if it asks for none, or names both."""
    asked = {name for name, pattern in _LANGUAGES for line in text.splitlines() if _asks(line, pattern)}
    return asked.pop() if len(asked) == 1 else None


def lower(text: str) -> bool:
    """Whether lower case is asked for."""
    return any(not _NEGATED.search(text[max(m.start() - 12, 0) : m.start()]) for m in _LOWER.finditer(text))


def usually(text: str) -> bool:
    """Whether a value is said to be there in most posts."""
    return _USUALLY.search(text) is not None


def lengths(text: str) -> Range:
    """The least and the most characters named."""
    return _range(text, _OF_CHARACTERS)


def counts(text: str) -> Range:
    """The least and the most terms named; "one, or a list" is one or two."""
    low, high = _range(text, _OF_ITEMS)
    if (low, high) == (None, None) and _ONE.search(text):
        return 1, 2 if _OR_A_LIST.search(text) else 1
    return low, high


def two_sentences(text: str) -> bool:
    """Whether one or two sentences are asked for."""
    return _TWO_SENTENCES.search(text) is not None


def _asks(line: str, pattern: re.Pattern[str]) -> bool:
    if not _BINDING.search(line):
        return False
    return any(not _NEGATED.search(line[max(m.start() - 12, 0) : m.start()]) for m in pattern.finditer(line))


def _bounds(unit: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Patterns for "3 to 5", "at least 3" and "at most 5" of something."""
    number = r"(?<!\d)(\d{1,4})"
    least = r"(?:at least|no less than|不少于|至少|最少)"
    most = r"(?:at most|up to|no more than|under|within|max(?:imum)?(?: of)?|不超过|最多|至多|不多于)"
    less = r"\s{0,2}(?:以内|以下|or (?:less|fewer)|max)"
    return (
        re.compile(rf"{number}\s{{0,2}}(?:[-–—~到至]|to|and)\s{{0,2}}{number}{unit}", re.IGNORECASE),
        re.compile(rf"{least}\s{{0,2}}{number}{unit}", re.IGNORECASE),
        re.compile(rf"{most}\s{{0,2}}{number}{unit}|{number}{unit}{less}", re.IGNORECASE),
    )


_OF_CHARACTERS, _OF_ITEMS = _bounds(_CHARACTERS), _bounds(_ITEMS)


def _range(text: str, bounds: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]) -> Range:
    both, least, most = (pattern.search(text) for pattern in bounds)
    if both:
        low, high = sorted((int(both[1]), int(both[2])))
        return low, high
    return int(least[1]) if least else None, int(most[1] or most[2]) if most else None
