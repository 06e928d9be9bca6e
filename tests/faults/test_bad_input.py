"""Every bad input we know of, one after another through one runner that never ends, with a good draft behind each.

Ledger, folders, index and reader are the real ones; only the model is a function. What is published keeps its body and
its author's lines to the byte; what is not stays as it was, and its author is told the file, the cause and what to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from blogmetad.matter import parse, split
from blogmetad.outcomes import Parked, Published
from blogmetad.rules.naming import jekyll_date
from blogmetad.runner import Done
from blogmetad.site.jekyll import read_site
from blogmetad.site.post import terms
from blogmetad.site.preflight import address
from blogmetad.values import PublishedPost
from tests import jekyll
from tests.faults.corpus import files, matters, texts, values
from tests.faults.corpus.case import BODY, Case
from tests.faults.privileges import without_override
from tests.system.workshop import Desk, Workshop, workshop
from tests.tally import Tally

RULES = b"""---
rules: bad input
version: 1
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 1, max_length: 60}
  date: {type: date, time: true}
  tags: {type: terms, language: en, min: 0, max: 3, vocabulary: [sqlite, reading]}
min_body: {words: 3}
---
Be exact.
"""
TABLES: dict[str, tuple[Case, ...]] = {
    "encodings": texts.ENCODINGS,
    "sizes and Markdown": texts.SIZES,
    "front matter": matters.SHAPES,
    "tricks of YAML": matters.TRICKS,
    "front matter elsewhere": matters.FOREIGN,
    "titles": values.TITLES,
    "dates": values.DATES,
    "terms": values.TERMS,
    "addresses": values.ADDRESSES,
    "names": files.NAMES,
    "no files": files.KINDS,
}
ROWS = [pytest.param(group, case, id=f"{group}: {case.what}") for group, cases in TABLES.items() for case in cases]
TABLE = "bad inputs"
SAFE_NAME = re.compile(r"\d{4}-\d\d-\d\d-[a-z0-9-]{1,90}\.md")


def title_of(text: str) -> str:
    return f"Notes {hashlib.sha256(text.encode()).hexdigest()[:12]}"


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """One runner for all of them, in memory where that is possible: five hundred drafts are fsynced."""
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="blogmetad-", dir=base) as folder,
        workshop(Path(folder) / "site", Desk(waits=False, title=title_of), 1, rules=RULES) as made,
    ):
        yield made


@pytest.fixture(autouse=True)
def nothing_outside(shop: Workshop) -> Iterator[None]:
    """Whatever a test does, a good draft is published after it, and nothing beside the site has changed."""
    beside = shop.inbox.parent.parent
    before = seen(beside)
    yield
    assert_the_next_draft_is_published(shop)
    assert {name: raw for name, raw in seen(beside).items() if name in before} == before
    assert {path.name for path in beside.iterdir()} <= {"site", "outside.md", "hard.md"}
    for path in shop.inbox.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def seen(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def assert_the_next_draft_is_published(shop: Workshop) -> None:
    number = len(list(shop.posts.iterdir()))
    shop.drop("good.md", f"{BODY}后面的第 {number} 篇是好的。\n")
    (done,) = [each for each in shop.drain() if each.name == "good.md"]
    assert isinstance(done.outcome, Published)


def state_of(path: Path) -> tuple[int, int, bytes]:
    """What a name in the drafts folder stands for: kind, file, and content."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return status.st_mode, status.st_ino, os.fsencode(path.readlink())
    small = stat.S_ISREG(status.st_mode) and status.st_size < 1 << 30
    return status.st_mode, status.st_ino, path.read_bytes() if small else b""


@pytest.mark.parametrize(("group", "case"), ROWS)
def test_a_bad_input_ends_as_the_table_says_and_the_next_draft_is_published(
    shop: Workshop, tally: Tally, group: str, case: Case
) -> None:
    row = tally.row(TABLE, group)
    try:
        case.put(shop.inbox)
    except PermissionError:
        pytest.skip("only root can make a device")
    path = shop.inbox / case.file
    before, posts = state_of(path), set(shop.posts.iterdir())
    row.tried += 1
    done = shop.drain()
    made = set(shop.posts.iterdir()) - posts
    row.doubled += len(made) > (case.outcome == "published")
    if case.outcome == "published":
        row.changed += not is_kept(shop, case, done, before[2])
    else:
        row.lost += not path.is_symlink() and not path.exists()
        row.changed += state_of(path) != before
    assert row.harmless
    assert_told(shop, case, done)
    assert shop.drain() == [], "told, or taken up, twice"


def is_kept(shop: Workshop, case: Case, done: list[Done], raw: bytes) -> bool:
    """Whether the post has a safe name, the body to the byte and every line of its author's in order; and whether the
    draft is kept as it was."""
    ((outcome, job),) = [(each.outcome, each.job) for each in done]
    assert isinstance(outcome, Published), outcome
    post = (shop.posts / outcome.filename).read_bytes()
    lines = iter(post.splitlines(keepends=True))
    return (
        SAFE_NAME.fullmatch(outcome.filename) is not None
        and post.endswith(case.body)
        and all(line in lines for line in case.head.splitlines(keepends=True))
        and (shop.config.site.state / "retired" / job).read_bytes() == raw
        and (shop.config.site.state / "originals" / job).read_bytes() == raw
    )


def assert_told(shop: Workshop, case: Case, done: list[Done]) -> None:
    """The outcome of the table, once, with a message that names file, cause and way out."""
    if case.outcome == "ignored":
        assert done == []
        return
    (each,) = done
    assert type(each.outcome).__name__.lower() == case.outcome
    if not isinstance(each.outcome, Parked):
        return
    job = shop.ledger.get(each.job)
    assert job is not None
    assert job.problems == each.outcome.problems
    entry = (shop.config.site.journal / str(job.entry)).read_text("utf-8")
    assert case.rule in [problem.rule for problem in each.outcome.problems]
    message = next(problem.message for problem in each.outcome.problems if problem.rule == case.rule)
    shown = ascii(case.file)[1:-1] if case.rule == "draft.name" else case.file
    names_it = message.startswith(shown) or shown in message or case.rule.partition(".")[0] == "date"
    assert names_it or case.rule in ("draft.short", "draft.frontmatter"), message
    assert message.endswith("."), message
    assert message.isprintable(), message
    for part in case.told:
        assert part in message, message
    assert case.rule in entry


def test_the_table_has_at_least_120_rows_a_fifth_of_them_with_chinese() -> None:
    names = [f"{case.what}{case.file}{case.raw[:200].decode('utf-8', 'ignore')}" for *_, (_, case) in
             ((row.values,) for row in ROWS)]  # fmt: skip
    assert len(ROWS) >= 120
    assert sum(re.search("[\u4e00-\u9fff]", name) is not None for name in names) >= len(ROWS) / 5
    assert len({case.file for cases in TABLES.values() for case in cases}) == len(ROWS)


def test_an_unreadable_draft_is_told_and_taken_up_once_it_can_be_read(shop: Workshop, tally: Tally) -> None:
    row = tally.row(TABLE, "permissions")
    path = shop.inbox / "不可读.md"
    path.write_text(f"{BODY}不可读\n", "utf-8")
    path.chmod(0o000)
    row.tried += 1
    with without_override():
        (done,) = shop.drain()
        assert shop.drain() == []
        assert isinstance(done.outcome, Parked)
        assert "不可读.md cannot be read: Permission denied" in done.outcome.problems[0].message
        path.chmod(0o600)
        (done,) = shop.drain()
    assert isinstance(done.outcome, Published)
    assert row.harmless


def test_jekyll_publishes_every_post_that_came_of_them_as_it_is_claimed(shop: Workshop) -> None:
    site = read_site(shop.config.site.root)
    seen = jekyll.posts(shop.config.site.root)
    hidden = 0
    for path in sorted(shop.posts.glob("*.md")):
        parts = split(path.read_bytes())
        fields = parse(parts.head or b"") or {}
        if fields.get("published") is False:
            hidden += 1
            continue
        post, ours = seen[path.name], terms(fields)
        assert "error" not in post, post
        if fields.get("title") is not None:
            assert post["title"] == jekyll.as_ruby(fields["title"])
        for name in ("tags", "categories"):
            assert tuple(json.dumps(t) if t is True else str(t) for t in post[name]) == ours.get(name, ()), path.name
        moment = jekyll_date(fields["date"], site.timezone)
        day = dt.date.fromisoformat(path.name[:10])
        assert moment is not None
        assert moment.astimezone(site.timezone).date() == dt.datetime.fromisoformat(post["date"]).date()
        facts = PublishedPost(path.name, b"", parts.head, fields, parts.body, ours, day, path.stem[11:])
        address_here = address(facts, str(site.permalink), dt.datetime.fromisoformat(post["date"]).date())
        assert unquote(str(post["url"])) == address_here
        assert Path(str(post["file"])).resolve().is_relative_to("/")
    assert len(seen) == len(list(shop.posts.glob("*.md"))) - hidden
    assert len(seen) > 100 or len(shop.ledger.jobs()) < 100
