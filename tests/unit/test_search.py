"""Recall: what the site knows of a text, by full-text search over real posts in a real cache."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad.site import search
from blogmetad.site.index import LATEST, Index
from blogmetad.site.posts import read_post
from blogmetad.site.search import NEIGHBOURS
from blogmetad.values import Neighbours, PublishedPost

LOG = "SQLite 的预写日志把每次提交追加到单独的文件，检查点再把页写回数据库。"
POSTS = {
    "2024-01-01-wal.md": f"---\ntitle: 预写日志\ntags: [sqlite, 日志]\ncategories: 数据库\n---\n{LOG}",
    "2024-02-01-k8s.md": "---\ntitle: Deploying on Kubernetes\ndescription: Pods and probes.\ntags: [kubernetes]\n---\n"
    "Kubernetes restarts a container when its probe fails. Kubernetes calls that healing.",
    "2024-03-01-tea.md": "---\ntitle: 泡茶\ntags: [生活]\n---\n水温八十度，绿茶泡三分钟。",
    "2024-04-01-trip.md": "---\ntitle: A trip\ntags: [life]\n---\nWe walked along the river until the evening.",
}


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    folder = tmp_path / "_posts"
    folder.mkdir()
    for name, content in POSTS.items():
        (folder / name).write_text(content, "utf-8")
    return folder


@pytest.fixture
def index(posts: Path, tmp_path: Path) -> Iterator[Index]:
    opened = Index(posts, tmp_path / "index.db")
    opened.refresh()
    yield opened
    opened.close()


def paths(near: Neighbours) -> list[str]:
    return [post.path for post in near.posts]


def recalled(index: Index, text: str, *but: str) -> list[str]:
    return paths(index.recall(text, ("tags",), but))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("检查点什么时候把日志写回去？", "2024-01-01-wal.md"),
        ("How a probe restarts a container", "2024-02-01-k8s.md"),
        ("我们在集群里用 Kubernetes 部署服务。", "2024-02-01-k8s.md"),
        ("SQLite internals explained", "2024-01-01-wal.md"),
    ],
)
def test_the_post_about_the_same_things_is_found_in_either_language(index: Index, text: str, found: str) -> None:
    assert recalled(index, text)[:1] == [found]


def test_a_neighbour_tells_its_title_its_description_and_its_terms_by_field(index: Index) -> None:
    wal, *_ = index.recall("预写日志与检查点的区别", ()).posts
    assert (wal.title, wal.terms) == ("预写日志", {"tags": ("sqlite", "日志"), "categories": ("数据库",)})
    pods, *_ = index.recall("the probe of a container", ()).posts
    assert pods.description == "Pods and probes."


def test_shares_add_up_to_one_and_the_nearest_post_has_the_largest(index: Index) -> None:
    shares = [post.share for post in index.recall("SQLite 的日志，Kubernetes 的探针，绿茶", ()).posts]
    assert len(shares) == 3
    assert sum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)


def test_a_word_in_a_title_counts_more_than_one_in_a_body(posts: Path, index: Index) -> None:
    (posts / "2024-05-01-a.md").write_text("---\ntitle: 别的\n---\n龙井 好喝，我说的是茶叶的事情。", "utf-8")
    (posts / "2024-05-02-b.md").write_text("---\ntitle: 龙井\n---\n别的 好喝，我说的是茶叶的事情。", "utf-8")
    index.refresh()
    assert recalled(index, "龙井")[0] == "2024-05-02-b.md"


@pytest.mark.parametrize("draft", [LOG, LOG + "又加了半句话。", LOG.replace("单独的", "另外的")])
def test_an_earlier_copy_of_the_draft_is_never_recalled(index: Index, draft: str) -> None:
    assert "2024-01-01-wal.md" not in recalled(index, draft)


def test_paths_that_are_left_out_are_never_recalled(index: Index) -> None:
    assert recalled(index, "检查点与日志") == ["2024-01-01-wal.md"]
    assert recalled(index, "检查点与日志", "2024-01-01-wal.md") == []


def test_words_that_only_left_out_posts_have_do_not_crowd_out_those_that_find_something(
    posts: Path, index: Index
) -> None:
    own = " ".join(f"own{n} own{n}" for n in range(60))
    (posts / "2025-01-01-a.md").write_text(f"---\ntitle: 甲\n---\nfalcon 猎鹰 {own}", "utf-8")
    (posts / "2025-01-02-b.md").write_text("---\ntitle: 乙\n---\n猎鹰 and some other words", "utf-8")
    index.refresh()
    assert recalled(index, f"falcon 猎鹰 {own}", "2025-01-01-a.md") == ["2025-01-02-b.md"]


def test_the_site_is_as_if_posts_that_are_left_out_were_not_there(posts: Path, index: Index) -> None:
    (posts / "2024-05-01-b.md").write_text("---\ntags: [sqlite, 独有]\n---\n另一篇关于数据库的文章。", "utf-8")
    index.refresh()
    with_it = index.recall("数据库", ("tags",))
    assert (with_it.usage["tags"]["sqlite"], with_it.count) == (2, 5)
    assert with_it.recent["tags"]["独有"] == 1
    without = index.recall("数据库", ("tags",), but=("2024-05-01-b.md", "2024-05-09-no-such-post.md"))
    (posts / "2024-05-01-b.md").unlink()
    index.refresh()
    assert without == index.recall("数据库", ("tags",))
    assert (without.usage["tags"]["sqlite"], without.count) == (1, 4)
    assert "独有" not in without.usage["tags"]


def test_only_the_fields_asked_for_are_counted(index: Index) -> None:
    near = index.recall("数据库", ("categories", "series"))
    assert near.usage == {"categories": {"数据库": 1}, "series": {}}
    assert near.recent == {"categories": {"数据库": 1}, "series": {}}


def test_what_is_recent_is_told_by_the_newest_posts_up_to_the_day_of_the_draft(posts: Path, index: Index) -> None:
    for day in range(1, LATEST + 1):
        (posts / f"2025-01-0{day}-p.md").write_text(f"---\ntags: [t{day}]\n---\n文{day}", "utf-8")
    index.refresh()
    now = index.recall("x", ("tags",))
    assert (sorted(now.recent["tags"]), now.latest) == (["t1", "t2", "t3", "t4", "t5"], LATEST)
    then = index.recall("x", ("tags",), before=dt.date(2024, 2, 1))
    assert (then.recent["tags"], then.latest) == ({"kubernetes": 1, "sqlite": 1, "日志": 1}, 2)
    hidden = index.recall("x", ("tags",), but=("2025-01-05-p.md",), before=dt.date(2025, 1, 5))
    assert sorted(hidden.recent["tags"]) == ["life", "t1", "t2", "t3", "t4"]


@pytest.mark.parametrize("text", ["", "。！？…", "生僻 zzz", '"*" OR NOT ( ^ :'])
def test_a_draft_without_a_word_that_tells_something_recalls_nothing(index: Index, text: str) -> None:
    assert recalled(index, text) == []


@pytest.mark.parametrize("text", ['日志" OR "x', "日志 NEAR(x y)", "日志 -检查点", "head:日志 OR x", "日志*"])
def test_what_a_query_means_something_by_is_plain_text_in_a_draft(index: Index, text: str) -> None:
    assert recalled(index, f"生僻的一句话。{text}") == ["2024-01-01-wal.md"]


def test_a_site_without_posts_recalls_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    index = Index(tmp_path / "empty", tmp_path / "index.db")
    assert index.recall("预写日志", ("tags",)) == Neighbours(usage={"tags": {}}, recent={"tags": {}})
    index.close()


def test_a_changed_post_is_found_by_its_new_words_and_no_longer_by_the_old(posts: Path, index: Index) -> None:
    (posts / "2024-03-01-tea.md").write_text("---\ntitle: 咖啡\n---\n手冲咖啡，水温九十度。", "utf-8")
    index.refresh()
    assert recalled(index, "我爱喝手冲咖啡") == ["2024-03-01-tea.md"]
    assert recalled(index, "绿茶泡茶") == []


def test_a_removed_post_is_forgotten_and_the_others_are_still_found(posts: Path, index: Index) -> None:
    (posts / "2024-03-01-tea.md").unlink()
    index.refresh()
    assert recalled(index, "绿茶，以及 Kubernetes") == ["2024-02-01-k8s.md"]


def test_what_was_forgotten_does_not_make_words_common(posts: Path, index: Index) -> None:
    before = index.recall("SQLite 的日志与绿茶", ())
    for round_ in range(3):
        for number in range(9):
            (posts / f"2024-06-0{number + 1}-x.md").write_text(f"日志 sqlite 绿茶 {round_} {number}", "utf-8")
        index.refresh()
    for number in range(9):
        (posts / f"2024-06-0{number + 1}-x.md").unlink()
    index.refresh()
    assert index.recall("SQLite 的日志与绿茶", ()) == before


def test_words_are_counted_the_same_however_often_the_counts_are_moved_together(
    posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recalled_with = []
    for most in (0, 3, search._LATELY):
        monkeypatch.setattr(search, "_LATELY", most)
        index = Index(posts, tmp_path / f"index-{most}.db")
        index.refresh()
        (posts / "2024-06-01-x.md").write_text("日志 sqlite 绿茶 probe", "utf-8")
        index.refresh()
        (posts / "2024-06-01-x.md").unlink()
        index.refresh()
        recalled_with.append(index.recall("SQLite 的日志，Kubernetes 的 probe，绿茶", ("tags",)))
        index.close()
    assert recalled_with[0].posts
    assert recalled_with == [recalled_with[0]] * 3


def test_posts_that_are_alike_to_the_word_come_in_the_order_of_their_paths(posts: Path, index: Index) -> None:
    for name in ("2025-01-03-c.md", "2025-01-01-a.md", "2025-01-02-b.md"):
        (posts / name).write_text("---\ntitle: 乌龙\n---\n乌龙茶 oolong 的做法与历史，写得很长。", "utf-8")
    index.refresh()
    near = index.recall("我爱喝乌龙茶", ())
    assert paths(near) == ["2025-01-01-a.md", "2025-01-02-b.md", "2025-01-03-c.md"]
    assert len({post.share for post in near.posts}) == 1


def test_no_more_neighbours_are_told_than_are_of_use(posts: Path, index: Index) -> None:
    for number in range(2 * NEIGHBOURS):
        text = f"---\ntitle: 乌龙 {number}\n---\n乌龙茶 {'水' * number} 第{number}种"
        (posts / f"2025-01-{number + 1:02}-p.md").write_text(text, "utf-8")
    index.refresh()
    assert len(recalled(index, "我爱喝乌龙茶")) == NEIGHBOURS


@pytest.mark.parametrize("when", ["before opening", "while asking"])
def test_a_damaged_cache_is_built_anew_and_recalls_the_same(posts: Path, tmp_path: Path, when: str) -> None:
    cache = tmp_path / "other.db"
    index = Index(posts, cache)
    index.refresh()
    whole = index.recall("检查点与日志", ("tags",))
    index.close()
    if when == "while asking":
        index = Index(posts, cache)
    raw = cache.read_bytes()
    cache.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))
    if when == "before opening":
        index = Index(posts, cache)
        index.refresh()
    assert index.recall("检查点与日志", ("tags",)) == whole
    index.close()


def test_an_index_in_memory_recalls_what_one_over_the_folder_does(posts: Path, index: Index) -> None:
    read = [read_post(name, (posts / name).read_bytes()) for name in sorted(POSTS)]
    memory = Index.of(post for post in read if isinstance(post, PublishedPost))
    text = "SQLite 的检查点，Kubernetes 的探针"
    assert memory.recall(text, ("tags",)) == index.recall(text, ("tags",))
    memory.close()
