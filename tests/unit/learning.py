"""Blogs with known habits, made of a few lines, for the tests of what is learned from posts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from blogmetad import matter
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.rules.learn import Guidance, Learned, learn, render
from blogmetad.site.post import terms
from blogmetad.values import EMPTY, PublishedPost

ENGLISH = (
    "The cache was slow and the reason for it was that every request had to wait on the lock of one table. "
    "We measured this with a small script, and you can run it on your own machine to see the same.\n\n"
)
CHINESE = (
    "这个缓存很慢，原因是每个请求都要等待同一张表的锁。我们用一个小脚本做了测量，你也可以在自己的机器上运行它。\n\n"
)


def post(name: str, head: str, body: str = ENGLISH) -> PublishedPost:
    """A post as the site's reader yields it."""
    lines = head.encode("utf-8")
    fields = matter.parse(lines) or EMPTY
    day = dt.date.fromisoformat(name[:10])
    raw = b"---\n" + lines + b"---\n" + body.encode("utf-8")
    slug = name[11:].rpartition(".")[0]
    return PublishedPost(name, raw, lines, fields, body.encode("utf-8"), terms(fields), day, slug)


def day(number: int) -> dt.date:
    """The date of the numbered post: one a week."""
    return dt.date(2020, 1, 1) + dt.timedelta(weeks=number)


def blog(
    heads: Iterable[str], bodies: Sequence[str] = (ENGLISH,), slug: str = "a-post-about-caches"
) -> list[PublishedPost]:
    """Posts with these heads; ``{n}`` and ``{date}`` in a head are filled in, bodies are taken in turn."""
    return [
        post(
            f"{day(n)}-{slug}-{n}.md",
            head.replace("{n}", str(n)).replace("{date}", str(day(n))),
            bodies[n % len(bodies)],
        )
        for n, head in enumerate(heads)
    ]


def learned(
    posts: Sequence[PublishedPost], guidance: Guidance | None = None, *, timezone_known: bool = True
) -> Learned:
    """What is learned from posts."""
    return learn(posts, name="测试博客", timezone_known=timezone_known, guidance=guidance)


def rules_of(found: Learned) -> Rules:
    """The rules as a reader of the document gets them: whatever a test looks at has been written and read."""
    return document.parse(render(found).encode("utf-8"), "learned.md")


def what_deviates(found: Learned, word: str) -> list[str]:
    """The paths of all deviations whose sentence has ``word`` in it."""
    return [path for each in found.deviations if word in each.what for path in each.paths]
