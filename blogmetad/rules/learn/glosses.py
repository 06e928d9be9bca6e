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

TWICE = 2
"""How often a term has to be explained in the same way, unless where it begins and what it explains is plain."""

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
    """Chinese characters beside an English term: all there is in brackets, or what goes before a bracket."""

    text: str
    bracketed: bool
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
                runs[key(english)][_Run(run[1], False, _is_distinctive(english))] += 1
            elif chinese and (found := _ENGLISH_BEFORE.search(before)) and key(found[1]) in wanted:
                runs[key(found[1])][_Run(chinese, True, _is_distinctive(found[1]))] += 1
    pairs = [(count, Pair(wanted[k], word, _origin(count))) for k in runs for word, count in _words(runs[k])]
    return [pair for _, pair in sorted(pairs, key=lambda item: (-item[0], item[1].chinese))]


def _is_distinctive(english: str) -> bool:
    """Whether one explanation is enough: of several words, or of an acronym. "后端（JavaScript）" explains nothing."""
    return len(re.split("[ -]", english)) > 1 or (english.isupper() and 2 <= len(english) <= 6)


def _words(runs: Counter[_Run]) -> list[tuple[str, int]]:
    """The words that the runs of characters in front of a bracket end with.

    Where a word begins in such a run is not told, unless the run is all there is (in brackets) or what goes before it
    is a particle. So the longest ending that different runs have in common is taken.
    """
    endings: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    for run, count in runs.items():
        word = run.text if run.bracketed else _LEAD.sub("", run.text)
        if run.distinctive and (run.bracketed or word != run.text) and SHORTEST <= len(word) <= LONGEST:
            plain[word] += count
        for length in range(SHORTEST, min(len(word), LONGEST) + 1):
            endings[word[-length:]] += count
    found: list[tuple[str, int]] = []
    for word, count in sorted(endings.items(), key=lambda item: (-len(item[0]), -item[1])):
        counted = count if count >= TWICE else plain[word]
        if counted and not any(longer.endswith(word) for longer, _ in found):
            found.append((word, counted))
    return sorted(found, key=lambda item: -item[1])[:3]


def _origin(count: int) -> str:
    return f"explained so {count} times in the posts" if count > 1 else "explained so in a post"
