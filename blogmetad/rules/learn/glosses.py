"""Words of two languages for one thing, as a blog's own texts explain them: 机器学习（Machine Learning）."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from blogmetad.rules.learn.merging import Pair
from blogmetad.rules.script import HAN, key

SHORTEST, LONGEST = 2, 8
"""Characters of a Chinese term that is taken from a text."""

BEGINNINGS = 2
"""How many different characters in front of an ending show that a term begins there."""

WINDOW = 80
"""Characters in front of a bracket that are looked at."""

_ENGLISH = r"[A-Za-z][A-Za-z0-9+#./-]{0,24}(?: [A-Za-z0-9+#./-]{1,24}){0,4}"
_CHINESE = rf"[{HAN}]{{2,12}}"
_MARKS = r"[*_`\"”」]{0,2}\s?\Z"
_BRACKET = re.compile(rf"[（(]\s?(?:({_ENGLISH})|({_CHINESE}))\s?[)）,，、;；]")
_CHINESE_BEFORE = re.compile(rf"([{HAN}]{{1,12}}){_MARKS}")
_ENGLISH_BEFORE = re.compile(rf"((?<![A-Za-z0-9+#./-]){_ENGLISH}){_MARKS}")
_LEAD = re.compile("^.*(?:[的是了和与或及把被称为叫做如即]|一个|一种|所谓|通过|使用|利用|基于|关于|进行|包括)")


@dataclass(frozen=True, slots=True)
class _Run:
    """Chinese characters beside an English term; ``whole`` if brackets or marks tell where they begin, ``distinctive``
    if the term is no everyday word."""

    text: str
    whole: bool
    distinctive: bool


def glosses(texts: Iterable[str], terms: Collection[str]) -> list[Pair]:
    """Chinese words for ``terms`` that the texts give in brackets, those given most often first."""
    wanted = {key(term): term for term in terms}
    runs: dict[str, Counter[_Run]] = defaultdict(Counter)
    for text in texts:
        if "(" not in text and "（" not in text:
            continue
        for bracket in _BRACKET.finditer(text):
            english, chinese = bracket.groups()
            before = text[max(bracket.start() - WINDOW, 0) : bracket.start()]
            if english and key(english) in wanted and (run := _CHINESE_BEFORE.search(before)):
                runs[key(english)][_Run(run[1], _is_marked(before, run.start()), _is_distinctive(english))] += 1
            elif chinese and (found := _ENGLISH_BEFORE.search(before)) and key(found[1]) in wanted:
                runs[key(found[1])][_Run(chinese, True, _is_distinctive(found[1]))] += 1
    pairs = [(count, Pair(wanted[k], word, _origin(count))) for k in runs for word, count in _words(runs[k])]
    return [pair for _, pair in sorted(pairs, key=lambda item: (-item[0], item[1].chinese))]


def _is_marked(text: str, at: int) -> bool:
    return at > 0 and text[at - 1] in '*_`"“「《'


def _is_distinctive(english: str) -> bool:
    """Whether one explanation is enough: of several words, or of an acronym. "后端（JavaScript）" explains nothing."""
    return len(re.split("[ -]", english)) > 1 or (english.isupper() and 2 <= len(english) <= 6)


def _words(runs: Counter[_Run]) -> list[tuple[str, int]]:
    """The words that the runs of characters beside a term end with, and how often, the most frequent first.

    Where a word begins in a run is not told, unless a bracket, a mark or a particle goes before it. So the longest
    ending is taken that runs have in common which differ in front of it.
    """
    endings: Counter[str] = Counter()
    before: dict[str, set[str]] = defaultdict(set)
    plain: Counter[str] = Counter()
    for run, count in runs.items():
        word = run.text if run.whole else _LEAD.sub("", run.text)
        if (run.whole or word != run.text) and SHORTEST <= len(word) <= LONGEST:
            plain[word] += count if run.distinctive else count - 1
        for length in range(SHORTEST, min(len(word), LONGEST) + 1):
            endings[word[-length:]] += count
            before[word[-length:]].add(word[-length - 1 : -length])
    found: list[tuple[str, int]] = []
    for word in sorted(endings, key=lambda each: (-len(each), -endings[each], each)):
        told = plain[word] > 0 or len(before[word]) >= BEGINNINGS
        if told and not any(longer.endswith(word) for longer, _ in found):
            found.append((word, endings[word]))
    return sorted(found, key=lambda item: -item[1])[:3]


def _origin(count: int) -> str:
    return f"explained so {count} times in the posts" if count > 1 else "explained so in a post"
