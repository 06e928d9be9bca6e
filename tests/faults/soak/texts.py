"""Drafts for the soak, Chinese and English: as long as a short post, no two alike."""

from __future__ import annotations

import random

CHINESE = (
    "预写日志把每次提交追加到一个单独的文件，读者不必等待写者。",
    "检查点把日志里的页写回数据库，默认在一千页时做一次。",
    "备份的意义不在于有副本，而在于恢复时不出意外。",
    "小模型读得不多，却足以给一篇文章起一个像样的标题。",
    "相关不是因果，混杂因素会让最漂亮的曲线说谎。",
    "把复杂的事情写清楚，往往比把它做出来更难。",
    "缓存失效和命名，据说是计算机科学里仅有的两件难事。",
    "先让它正确，再让它快，最后才让它漂亮。",
    "一个好的默认值，胜过十页说明文档。",
)
ENGLISH = (
    "A write-ahead log lets readers go on while a writer appends.",
    "A checkpoint copies pages from the log back into the database.",
    "A backup that was never restored is only a hope.",
    "Small models read little, and still find a decent title.",
    "Correlation is not causation, however pretty the curve.",
    "It is harder to explain a thing than to build it.",
    "Cache invalidation and naming are said to be the two hard problems.",
    "Make it right first, then make it fast, then make it pretty.",
    "One good default is worth ten pages of manual.",
)
HEADS = (
    b"",
    b"",
    b"",
    b"---\ntags: [sqlite, AI]   # mine\n---\n",
    "---\ntitle: 作者自己的标题\n---\n\n".encode(),
    b"---\r\ntitle: With line ends of its own\r\n---\r\n",
)


def text(chance: random.Random, number: int) -> bytes:
    """A draft of three sections, that says its number so that there is no other like it."""
    sentences = chance.choice((CHINESE, ENGLISH))
    gap = "" if sentences is CHINESE else " "
    sections = []
    for part in range(3):
        lines = gap.join(chance.sample(sentences, chance.randint(3, 6)))
        sections.append(f"## {number}.{part}\n\n{lines}\n")
    return chance.choice(HEADS) + "\n".join(sections).encode()
