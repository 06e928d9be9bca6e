"""Latin names inside Chinese prose: products, protocols, models. They are what such a post is tagged with. Pure."""

from __future__ import annotations

import re
from collections import Counter

LEAST = 3
"""How often a name has to stand in the text to count as what the text is about."""

MOST = 4

_NOISE = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]{0,500}`|\$\$[^$]{0,2000}\$\$|\$[^$\n]{0,500}\$|https?://\S+"
    r"|\]\([^()]{0,1000}\)|<[^<>\n]{0,500}>|\{%[^%{}]{0,500}%\}|\{\{[^{}]{0,500}\}\}|\\[A-Za-z]+",
    re.DOTALL,
)
_WORD = re.compile(r"(?<![A-Za-z0-9_\\./-])[A-Za-z][A-Za-z0-9]*(?:[.+#-][A-Za-z0-9]+)*[+#]{0,2}(?![A-Za-z0-9_/])")


def names(text: str) -> dict[str, int]:
    """The most frequent names in ``text`` and how often each stands there, in the spelling used most.

    A name begins with a capital letter or holds one, or is a word of letters and digits (``iOS``, ``p2p``); a plain
    lower-case word inside Chinese text is more often code than a subject.
    """
    spellings: dict[str, Counter[str]] = {}
    for word in _WORD.findall(_NOISE.sub(" ", text)):
        if len(word) > 1 and (word != word.lower() or any(c.isdigit() for c in word)) and word.count("-") < 2:
            spellings.setdefault(word.casefold(), Counter())[word] += 1
    counts = {forms.most_common(1)[0][0]: forms.total() for forms in spellings.values()}
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict([(name, count) for name, count in ranked if count >= LEAST][:MOST])
