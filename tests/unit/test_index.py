"""The index of published posts, on real folders with a real cache."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blogmetad.site.index import COMMIT_EVERY, CacheError, Index
from blogmetad.values import body_sha256


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    (tmp_path / "_posts").mkdir()
    return tmp_path / "_posts"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "state" / "index.db"


@pytest.fixture
def index(posts: Path, cache: Path) -> Iterator[Index]:
    opened = Index(posts, cache)
    yield opened
    opened.close()


def write(posts: Path, name: str, content: str | bytes) -> Path:
    file = posts / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def hashed(text: str) -> str:
    return body_sha256(text.encode())


def test_posts_are_indexed_nested_folders_included(index: Index, posts: Path) -> None:
    write(posts, "2025-01-01-甲.md", "---\ntitle: 甲文\n---\n正文甲")
    write(posts, "es/2025/2025-01-02-b.markdown", "---\ntitle: 'B: dos'\n---\ntexto")
    refreshed = index.refresh()
    assert (refreshed.posts, refreshed.read, refreshed.removed, refreshed.problems) == (2, 2, 0, ())
    assert index.titles() == {"2025-01-01-甲.md": "甲文", "es/2025/2025-01-02-b.markdown": "B: dos"}
    assert index.names() == {"2025-01-01-甲.md", "2025-01-02-b.markdown"}
    assert index.count() == 2


def test_what_jekyll_skips_is_not_indexed(index: Index, posts: Path) -> None:
    skipped = [".2025-01-01-a.md", "_2025-01-01-a.md", "#2025-01-01-a.md", "~2025-01-01-a.md", "about.md"]
    for name in [*skipped, ".git/2025-01-01-a.md", "_old/2025-01-01-a.md", "2025-01-01-folder.md/x.txt"]:
        write(posts, name, "文")
    os.mkfifo(posts / "2025-01-01-pipe.md")
    (posts / "2025-01-01-broken.md").symlink_to("无")
    assert index.refresh().posts == 0
    assert index.names() == set()


def test_only_new_and_changed_posts_are_read_again(index: Index, posts: Path) -> None:
    write(posts, "2025-01-01-甲.md", "一")
    changed = write(posts, "2025-01-02-乙.md", "二")
    assert index.refresh().read == 2
    assert index.refresh().read == 0
    changed.write_text("三三")
    write(posts, "2025-01-03-丙.md", "四")
    assert index.refresh().read == 2
    assert index.twin(hashed("三三")) == "2025-01-02-乙.md"
    assert index.twin(hashed("二")) is None


def test_a_change_that_keeps_size_and_modification_time_is_noticed(index: Index, posts: Path) -> None:
    post = write(posts, "2025-01-01-甲.md", "一")
    index.refresh()
    status = post.stat()
    time.sleep(0.02)
    post.write_text("二")
    os.utime(post, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert index.refresh().read == 1
    assert index.twin(hashed("二")) == "2025-01-01-甲.md"


def _in_a_folder_of_its_own(posts: Path) -> None:
    write(posts, "2026/2025-01-01-新.md", "新")


def _in_a_folder_that_was_there(posts: Path) -> None:
    write(posts, "es/2025-01-01-新.md", "新")


def _through_a_link(posts: Path) -> None:
    write(posts.parent, "elsewhere.md", "新")


def _through_its_other_name(posts: Path) -> None:
    with (posts.parent / "other.md").open("r+", encoding="utf-8") as file:
        file.write("新")


def _with_the_whole_folder(posts: Path) -> None:
    posts.rename(posts.with_name("away"))
    write(posts, "2025-01-01-新.md", "新")


def _by_a_link_that_leads_somewhere_at_last(posts: Path) -> None:
    write(posts.parent, "late.md", "新")


@pytest.mark.parametrize(
    "change",
    [
        _in_a_folder_of_its_own,
        _in_a_folder_that_was_there,
        _through_a_link,
        _through_its_other_name,
        _with_the_whole_folder,
        _by_a_link_that_leads_somewhere_at_last,
    ],
)
def test_a_post_is_noticed_wherever_it_is_changed_from(
    index: Index, posts: Path, change: Callable[[Path], None]
) -> None:
    write(posts, "es/2025-01-02-b.md", "b")
    (posts / "2025-01-03-链.md").symlink_to(write(posts.parent, "elsewhere.md", "旧文"))
    (posts / "2025-01-04-硬.md").hardlink_to(write(posts.parent, "other.md", "旧"))
    (posts / "2025-01-05-空.md").symlink_to(posts.parent / "late.md")
    assert index.refresh().posts == 3
    assert index.refresh().read == 0
    change(posts)
    assert index.refresh().read == 1
    assert index.twin(hashed("新")) is not None
    assert index.refresh().read == 0


def test_removed_posts_leave_the_index_with_all_their_terms(index: Index, posts: Path) -> None:
    post = write(posts, "2025-01-01-甲.md", "---\ntags: [春]\n---\n文")
    index.refresh()
    assert index.usage("tags") == {"春": 1}
    post.unlink()
    refreshed = index.refresh()
    assert (refreshed.posts, refreshed.removed) == (0, 1)
    assert (index.usage("tags"), index.twin(hashed("文")), index.names()) == ({}, None, set())


def test_terms_of_a_changed_post_replace_the_old_ones(index: Index, posts: Path) -> None:
    post = write(posts, "2025-01-01-甲.md", "---\ntags: [春, 夏]\n---\n文")
    index.refresh()
    post.write_text("---\ntags: [秋]\n---\n文文")
    index.refresh()
    assert index.usage("tags") == {"秋": 1}


def test_the_index_outlives_the_process(posts: Path, cache: Path) -> None:
    write(posts, "2025-01-01-甲.md", "文")
    first = Index(posts, cache)
    first.refresh()
    first.close()
    second = Index(posts, cache)
    assert second.twin(hashed("文")) == "2025-01-01-甲.md"
    assert second.refresh().read == 0
    second.close()


@pytest.mark.parametrize(
    ("post", "body"),
    [
        ("---\ntitle: 甲\n---\n正文\n", "正文\n"),
        ("---\ntitle: 甲\n---\n\n正文\n", "正文\n"),
        ("---\ntitle: 甲\n---\n\n正文\n", "\n正文\n"),
        ("---\r\ntitle: 甲\r\n---\r\n\r\n正文\r\n", "正文\r\n"),
        ("\ufeff---\ntitle: 甲\n---\n正文\n", "正文\n"),
        ("正文\n", "正文\n"),
        ("---\n只是文字\n---\n正文\n", "---\n只是文字\n---\n正文\n"),
        ("---\ntitle: 甲: 乙\n---\n\n正文\n", "正文\n"),
    ],
)
def test_a_post_with_the_same_body_is_the_twin_of_a_draft(index: Index, posts: Path, post: str, body: str) -> None:
    write(posts, "sub/2025-01-01-甲.md", post)
    index.refresh()
    assert index.twin(hashed(body)) == "sub/2025-01-01-甲.md"


def test_another_body_has_no_twin_and_of_several_twins_the_first_by_name_is_told(index: Index, posts: Path) -> None:
    for name in ("2025-01-02-b.md", "2025-01-01-a.md"):
        write(posts, name, "---\ntitle: x\n---\n\n正文\n")
    index.refresh()
    assert index.twin(hashed("正文\n")) == "2025-01-01-a.md"
    assert index.twin(hashed("正文。\n")) is None


@pytest.mark.parametrize(
    ("head", "field", "expected"),
    [
        ("tags: [AI, ai, '机器学习']", "tags", {"AI": 1, "ai": 1, "机器学习": 1}),
        ("tags: ai llm\n  qwen", "tags", {"ai": 1, "llm": 1, "qwen": 1}),
        ("tags: book, mind", "tags", {"book,": 1, "mind": 1}),
        ("tags: ['  alibaba cloud ', '']", "tags", {"alibaba cloud": 1}),
        ("tags: [a, a]", "tags", {"a": 1}),
        ("tags: [2024, no, 1.5, 2025-01-01, null, {x: 1}]", "tags", {"2024": 1, "false": 1, "1.5": 1, "2025-01-01": 1}),
        ("tag: machine learning", "tags", {"machine learning": 1}),
        ("tag: 一\ntags: [二]", "tags", {"一": 1}),
        ("categories:\n- AI-Research\n- 工作流", "categories", {"AI-Research": 1, "工作流": 1}),
        ("category: 深度 学习", "categories", {"深度 学习": 1}),
        ("categories: 2024", "categories", {}),
        ("tags:", "tags", {}),
        ("series: [长文]", "series", {"长文": 1}),
        ("series: 长 文", "series", {}),
    ],
)
def test_terms_are_counted_as_jekyll_reads_them(
    index: Index, posts: Path, head: str, field: str, expected: dict[str, int]
) -> None:
    write(posts, "2025-01-01-甲.md", f"---\n{head}\n---\n文")
    assert index.refresh().problems == ()
    assert index.usage(field) == expected


def test_the_most_used_terms_come_first(index: Index, posts: Path) -> None:
    for number, tags in enumerate(["[少, 多]", "[多, b]", "[多, b]"]):
        write(posts, f"2025-01-0{number + 1}-p.md", f"---\ntags: {tags}\n---\n文{number}")
    index.refresh()
    assert list(index.usage("tags").items()) == [("多", 3), ("b", 2), ("少", 1)]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("---\ntitle: 甲: 乙\n---\n文", "not valid YAML"),
        ("---\ntitle: 甲\ntitle: 乙\n---\n文", "stands twice (line 3)"),
        ("---\ntitle: 甲\n文", "never closed"),
        ("---\ntitle: 甲\n---\n文".encode() + b"\xff", "not valid UTF-8"),
        ("---\na: " + "[" * 15_000 + "\n---\n文", "levels deep"),
        (b"\xff\xfe\x00\x00", "not valid UTF-8"),
        (b"x" * (10 * 1024 * 1024 + 1), "10485761 bytes"),
    ],
)
def test_a_damaged_post_is_a_problem_every_time_and_stops_nothing(
    index: Index, posts: Path, content: str | bytes, cause: str
) -> None:
    write(posts, "2025-01-01-坏.md", content)
    write(posts, "2025-01-02-好.md", "---\ntags: [好]\n---\n文文")
    for read in (2, 0):
        refreshed = index.refresh()
        assert (refreshed.posts, refreshed.read) == (2, read)
        (problem,) = refreshed.problems
        assert (problem.rule, problem.field) == ("post.damaged", "2025-01-01-坏.md")
        assert cause in problem.message
    assert index.usage("tags") == {"好": 1}
    assert "2025-01-01-坏.md" in index.names()


def test_a_name_that_is_not_utf8_is_a_problem_and_stops_nothing(index: Index, posts: Path) -> None:
    write(posts, os.fsdecode(b"2025-01-01-\xd6\xd0.md"), "文")
    write(posts, os.fsdecode(b"\xd6\xd0/2025-01-01-a.md"), "文")
    write(posts, "2025-01-02-好.md", "文")
    refreshed = index.refresh()
    assert [problem.rule for problem in refreshed.problems] == ["post.name", "post.name"]
    assert index.names() == {"2025-01-02-好.md"}


def test_a_posts_folder_that_is_away_is_a_problem_and_what_was_known_is_kept(index: Index, posts: Path) -> None:
    write(posts, "2025-01-01-甲.md", "文")
    index.refresh()
    posts.rename(posts.with_name("away"))
    refreshed = index.refresh()
    assert [problem.rule for problem in refreshed.problems] == ["post.folder"]
    assert str(posts) in refreshed.problems[0].message
    assert (refreshed.posts, refreshed.removed) == (1, 0)
    assert index.twin(hashed("文")) == "2025-01-01-甲.md"
    posts.with_name("away").rename(posts)
    assert index.refresh().problems == ()


def test_a_post_that_cannot_be_read_is_a_problem_until_it_can(index: Index, posts: Path) -> None:
    post = posts / "2025-01-01-甲.md"
    post.symlink_to("/proc/self/mem")
    for _ in range(2):
        (problem,) = index.refresh().problems
        assert (problem.rule, problem.field) == ("post.unreadable", post.name)
    post.unlink()
    post.write_text("文")
    refreshed = index.refresh()
    assert (refreshed.read, refreshed.problems) == (1, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_post_and_a_folder_without_permission_are_problems_and_stay_known(index: Index, posts: Path) -> None:
    post = write(posts, "2025-01-01-甲.md", "文")
    nested = write(posts, "锁/2025-01-02-乙.md", "文文")
    index.refresh()
    post.chmod(0)
    nested.parent.chmod(0)
    try:
        refreshed = index.refresh()
    finally:
        nested.parent.chmod(0o755)
    assert sorted(problem.rule for problem in refreshed.problems) == ["post.folder", "post.unreadable"]
    assert refreshed.removed == 0
    assert index.twin(hashed("文文")) == "锁/2025-01-02-乙.md"


def _garbage(cache: Path) -> None:
    cache.write_bytes(b"not a database, " * 400)


def _torn(cache: Path) -> None:
    raw = cache.read_bytes()
    cache.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))


def _other_version(cache: Path) -> None:
    db = sqlite3.connect(cache)
    db.execute("PRAGMA user_version = 99")
    db.close()


def _someone_elses(cache: Path) -> None:
    cache.unlink()
    db = sqlite3.connect(cache)
    db.execute("CREATE TABLE theirs (x)")
    db.close()


@pytest.mark.parametrize("harm", [_garbage, _torn, _other_version, _someone_elses])
def test_a_cache_that_cannot_be_used_is_thrown_away_and_built_anew(
    posts: Path, cache: Path, harm: Callable[[Path], None]
) -> None:
    for number in range(200):
        write(posts, f"2025-01-01-{number}.md", f"---\ntags: [t{number}]\n---\n文{number}")
    first = Index(posts, cache)
    first.refresh()
    first.close()
    harm(cache)
    second = Index(posts, cache)
    second.refresh()
    assert second.count() == 200
    assert second.twin(hashed("文7")) == "2025-01-01-7.md"
    assert second.usage("tags")["t199"] == 1
    second.close()


def test_damage_met_while_asking_is_repaired_too(posts: Path, cache: Path) -> None:
    for number in range(200):
        write(posts, f"2025-01-01-{number}.md", f"文{number}")
    index = Index(posts, cache)
    index.refresh()
    index.close()
    index = Index(posts, cache)
    _torn(cache)
    assert index.twin(hashed("文7")) == "2025-01-01-7.md"
    assert index.refresh().read == 0
    index.close()


def test_a_cache_of_another_posts_folder_is_not_believed(tmp_path: Path, posts: Path, cache: Path) -> None:
    write(posts, "2025-01-01-甲.md", "文")
    first = Index(posts, cache)
    first.refresh()
    first.close()
    (tmp_path / "other").mkdir()
    second = Index(tmp_path / "other", cache)
    assert second.count() == 0
    second.close()


def test_a_cache_that_cannot_be_made_is_told_with_its_path(posts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match=r"index\.db") as caught:
        Index(posts, tmp_path / "file" / "index.db")
    assert caught.value.hint
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(CacheError, match=r"folder\.db"):
        Index(posts, tmp_path / "folder.db")


def test_two_processes_may_use_the_same_cache(posts: Path, cache: Path) -> None:
    write(posts, "2025-01-01-甲.md", "文")
    one, two = Index(posts, cache), Index(posts, cache)
    assert one.refresh().read == 1
    assert two.refresh().read == 0
    write(posts, "2025-01-02-乙.md", "文文")
    assert two.refresh().read == 1
    assert one.twin(hashed("文文")) == "2025-01-02-乙.md"
    one.close()
    two.close()


def test_a_thousand_posts_are_indexed_in_seconds_and_looked_over_in_a_blink(index: Index, posts: Path) -> None:
    head = "layout: post\ntitle: '第{0}篇: 春天'\ndate: 2025-01-01\ntags: [ai, 春, t{0}]\ntoc:\n  beginning: true\n"
    total = 2 * COMMIT_EVERY
    for number in range(total):
        write(posts, f"2025-01-01-p{number}.md", f"---\n{head.format(number)}---\n" + f"正文{number}" * 300)
    first, second = index.refresh(), index.refresh()
    assert (first.read, second.read) == (total, 0)
    assert first.seconds < 5.0
    assert second.seconds < 0.5
    assert index.usage("tags")["春"] == total
