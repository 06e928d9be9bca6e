"""What authors write into fields: titles, dates, terms, addresses, against the rules or against Jekyll."""

from __future__ import annotations

from tests.faults.corpus.case import Case, bad_matter, matter

QUOTES = "Put it in quotes"


def held(what: str, head: str) -> Case:
    return Case(what, "held", matter(what, head).raw)


TITLES = (
    bad_matter("title no", "title: no\n", "draft.value", "'title' holds a truth value", "needs text"),
    bad_matter("title octal", "title: 010\n", "draft.value", "'010' on line 2 is no text", QUOTES),
    bad_matter("title clock", "title: 12:30:45\n", "draft.value", "'12:30:45'", QUOTES),
    bad_matter("title thousand", "title: 1,000\n", "draft.value", "'1,000'", QUOTES),
    bad_matter("title version", "title: 1.10\n", "draft.value", "'1.10'", QUOTES),
    bad_matter("title symbol", "title: :) 你好\n", "draft.value", "symbol", QUOTES),
    bad_matter("a symbol anywhere", "mood:\n- 甲\n- :乙\n", "draft.value", "':乙' on line 4", QUOTES),
    bad_matter("title list", "title: [甲, 乙]\n", "draft.value", "'title' holds this list"),
    bad_matter("title map", "title: {甲: 乙}\n", "draft.value", "'title' holds a map"),
    matter("title that is a year", "title: 2024\n"),
    matter("title that is a day", "title: 2025-04-29\n"),
    matter("title left empty", "title:\n"),
    matter("title quoted no", "title: 'no'\n"),
    matter("title with a colon", 'title: "Qwen3: 发布"\n'),
    matter("title with a hash", "title: C# 指南   # 暂定\n"),
    matter("title with a newline", 'title: "第一行\\n第二行"\n'),
    matter("title with quotes", "title: '他说 \"走\" it''s'\n"),
    matter("title up the folders", "title: ../../x\n"),
    matter("title from the root", "title: /etc/passwd\n"),
    matter("title of 300 bytes", f"title: {'长' * 100}\n"),
    matter("title of 3000 words", f"title: {'word ' * 3000}\n"),
    matter("title CON", "title: CON\n"),
    matter("title of emoji", "title: 😀🎉\n"),
    matter("title of punctuation", 'title: "！？…——"\n'),
    matter("title right to left", 'title: "evil\u202egnp.exe"\n'),
    matter("title with Liquid", 'title: "{{ site.title }} {% include x %}"\n'),
    matter("title with a script", 'title: "<script>alert(1)</script>"\n'),
    matter("title in another language than asked", "title: 全是中文的标题\n"),
)

DATES = (
    bad_matter("date in words", "date: tomorrow\n", "date.unreadable", "'tomorrow'", "write it as 2025-04-29"),
    bad_matter("date with slashes", "date: 2025/04/29\n", "date.unreadable", "'2025/04/29'"),
    bad_matter("date the German way", "date: 29.04.2025\n", "date.unreadable", "'29.04.2025'"),
    bad_matter("date in Chinese", "date: 2025年4月29日\n", "date.unreadable", "write it as"),
    bad_matter("date as a number", "date: 20250429\n", "date.unreadable", "'20250429'"),
    bad_matter("date in a list", "date: [2025-04-29]\n", "date.unreadable", "write it as"),
    bad_matter("date true", "date: true\n", "date.unreadable", "'True'"),
    bad_matter("date that is none", "date: 2025-02-30\n", "draft.frontmatter", "'date' cannot be read", "(line 2)"),
    bad_matter("date that is none in quotes", "date: '2025-02-30'\n", "date.unreadable", "'2025-02-30'"),
    bad_matter("date at 25 hours", "date: 2025-04-29 25:00:00\n", "draft.frontmatter", "'date' cannot be read"),
    bad_matter("date in an offset of 30 hours", "date: '2025-04-29 10:00 +3000'\n", "date.unreadable", "+3000"),
    bad_matter("date in year one", "date: 0001-01-01\n", "draft.frontmatter", "the year 1 cannot be used"),
    bad_matter("date beyond years", "date: 99999-01-01\n", "date.unreadable", "99999"),
    bad_matter("date left empty", "date:\n", "draft.value", "'date' holds nothing", "or no 'date' at all"),
    bad_matter("date of empty quotes", 'date: ""\n', "draft.value", "'date' holds this text"),
    matter("date with an offset", "date: 2025-04-29 23:30:00 -0800\n"),
    matter("date in Zulu", "date: 2025-04-29T10:00:00Z\n"),
    matter("date without an offset", "date: 2025-04-29 20:30:00\n"),
    matter("date without an offset in quotes", "date: '2025-04-29 20:30:00'\n"),
    matter("date without seconds", "date: 2025-04-29 10:00\n"),
    matter("date with single digits", "date: 2025-4-9\n"),
    matter("date before computers", "date: 1899-12-31\n"),
    held("date in seventy years", "date: 2095-01-01\n"),
    held("date at the end of time", "date: 9998-12-31 23:59:59 +0800\n"),
)

TERMS = (
    matter("tags as text", "tags: 数据库 读书\n"),
    matter("tags with commas", "tags: book, mind\n"),
    matter("tags with years", "tags: [2024, sqlite, true]\n"),
    matter("tags left empty", "tags:\n"),
    matter("tags that break every rule", f"tags: [{', '.join(f'标签{n}' for n in range(60))}]\n"),
    matter("a single tag", "tag: 长 的 标签\n"),
    bad_matter("tags as a map", "tags: {甲: 乙}\n", "draft.value", "'tags' holds a map", "text or a list of words"),
    bad_matter("tags in lists", "tags: [[甲], [乙]]\n", "draft.value", "'tags' holds this list"),
    bad_matter("tags as a number", "tags: 5\n", "draft.value", "'tags' holds a number"),
    bad_matter("a tag no", "tags: [甲, no]\n", "draft.value", "'no' on line 2", QUOTES),
    bad_matter("a tag of a version", "tags:\n- sqlite\n- 3.40\n", "draft.value", "'3.40' on line 4", QUOTES),
    bad_matter("categories as a map", "categories: {甲: 乙}\n", "draft.value", "'categories' holds a map"),
    bad_matter("categories true", "categories: true\n", "draft.value", "'categories' holds a truth value"),
    bad_matter("a tag that is a list", "tag: [甲]\n", "draft.value", "a single word"),
)

ADDRESSES = (
    matter("slug up the folders", "slug: ../../etc/cron.d/x\n"),
    matter("slug in Chinese", "slug: 春天\n"),
    bad_matter("slug a number", "slug: 5\n", "draft.value", "'slug' holds a number", "text in quotes"),
    bad_matter("slug a map", "slug: {a: b}\n", "draft.value", "'slug' holds a map"),
    bad_matter("slug a slash", "slug: /\n", "draft.value", "a letter or a digit"),
    matter("permalink up the folders", "permalink: /../../x/\n"),
    bad_matter("permalink a number", "permalink: 5\n", "draft.value", "'permalink' holds a number"),
    bad_matter("permalink with a NUL", 'permalink: "a\\0b"\n', "draft.value", "'permalink' holds this text"),
    matter("layout a list", "layout: [post]\n"),
    matter("published false", "published: false\n"),
    bad_matter("published in words", "published: maybe\n", "draft.value", "needs true or false"),
    bad_matter("published left empty", "published:\n", "draft.value", "'published' holds nothing"),
)
