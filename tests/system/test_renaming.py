"""A post's file renamed as its author says: its old address leads on, nothing is replaced, and it can be taken back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from blogmetad import files, matter
from blogmetad.announce.git import literal
from blogmetad.cli.review.marks import ReviewError
from blogmetad.journal.ledger import Ledger, State
from blogmetad.publish import rename
from blogmetad.publish.folders import Folders
from blogmetad.publish.place import Placer
from tests.system.backfilled import CONFIG, Backfilled, make

SITE = "title: 测试博客\ntimezone: Asia/Shanghai\npermalink: /blog/:year/:title/\n"
PLUGIN = "plugins:\n  - jekyll-feed\n  - jekyll-redirect-from\n"
DRAFT = "---\ntitle: 备份\ndate: 2026-02-01\ntags: [备份]\n---\n备份：三份数据，两种介质，一份放在别处。\n"
NEW = "2026-02-01-备份指南.md"


@pytest.fixture
def blog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backfilled:
    """A blog with a draft."""
    blog = make(tmp_path / "博客", monkeypatch)
    site(blog, PLUGIN)
    blog.drop("备份.md", DRAFT)
    return blog


def site(blog: Backfilled, more: str) -> None:
    (blog.root / "_config.yml").write_text(SITE + more, "utf-8")


def published(blog: Backfilled) -> str:
    assert blog.run("once").exit_code == 0
    return str(draft(blog).target)


def draft(blog: Backfilled) -> Any:
    job = blog.job("备份.md")
    assert job is not None
    return job


def revised(blog: Backfilled, post: str, words: str) -> dict[str, Any]:
    (row,) = blog.rows("revise", post, words, "--json")
    return row


def fields(path: Path) -> dict[str, object]:
    return dict(matter.parse(matter.split(path.read_bytes()).head or b"") or {})


@pytest.mark.parametrize("words", ["rename it to 备份指南", "请把文件名改成「备份指南」", "改名为备份指南.md"])
def test_a_published_post_gets_the_name_its_old_address_leads_to_it_and_all_else_stays(
    blog: Backfilled, words: str
) -> None:
    old = published(blog)
    before = (blog.posts / old).read_text("utf-8")
    row = revised(blog, old, words)
    assert (row["post"], row["warnings"]) == (NEW, [])
    assert row["changes"][0] == {"field": "file name", "before": old, "after": NEW}
    assert not (blog.posts / old).exists()
    now = (blog.posts / NEW).read_text("utf-8")
    address = f"/blog/2026/{old[11:-3]}/"
    assert now.replace(f"redirect_from: [{address}]\n", "") == before
    assert fields(blog.posts / NEW)["redirect_from"] == [address]
    assert draft(blog).target == NEW
    assert f"file name: {old} → {NEW}" in (blog.journal / str(draft(blog).entry)).read_text("utf-8")
    assert blog.run("undo", NEW).exit_code == 0
    assert not (blog.posts / NEW).exists()
    assert "三份数据" in (blog.inbox / "备份.md").read_text("utf-8")


def test_renamed_back_the_post_leads_to_itself_no_more(blog: Backfilled) -> None:
    old = published(blog)
    revised(blog, old, "rename it to 备份指南")
    revised(blog, NEW, f"rename it to {old[11:-3]}")
    assert fields(blog.posts / old)["redirect_from"] == ["/blog/2026/备份指南/"]


def test_a_post_is_renamed_and_revised_at_once(blog: Backfilled) -> None:
    old = published(blog)
    row = revised(blog, old, "标题改成「备份指南」，标签加上 sqlite，然后文件名改成 2026-03-01-guide")
    assert row["post"] == "2026-03-01-guide.md"
    now = fields(blog.posts / "2026-03-01-guide.md")
    assert (now["title"], now["tags"]) == ("备份指南", ["备份", "sqlite"])


def test_without_the_plugin_the_author_is_warned_and_no_redirect_is_written(blog: Backfilled) -> None:
    site(blog, "plugins: [jekyll-feed]\ngiscus: {mapping: pathname}\n")
    old = published(blog)
    row = revised(blog, old, "rename it to 备份指南")
    links, comments = row["warnings"]
    assert "the site has no plugin jekyll-redirect-from" in links
    assert "mapping: pathname" in comments
    assert "redirect_from" not in fields(blog.posts / NEW)


def test_a_new_title_is_warned_about_where_comments_are_kept_by_title(blog: Backfilled) -> None:
    site(blog, "giscus: {repo: me/comments}\n")
    old = published(blog)
    assert "mapping: title" in revised(blog, old, "标题改成「三份」")["warnings"][0]
    site(blog, "giscus: {mapping: pathname}\n")
    assert revised(blog, old, "标题改成「两份」")["warnings"] == []


def test_an_address_that_does_not_depend_on_the_name_needs_no_redirect(blog: Backfilled) -> None:
    old = published(blog)
    text = (blog.posts / old).read_text("utf-8")
    (blog.posts / old).write_text(text.replace("title:", "permalink: /备份/\ntitle:", 1), "utf-8")
    row = revised(blog, old, "rename it to 备份指南")
    assert row["warnings"] == []
    assert "redirect_from" not in fields(blog.posts / NEW)


def test_a_name_that_is_taken_or_is_none_changes_nothing(blog: Backfilled) -> None:
    old = published(blog)
    before = (blog.posts / old).read_bytes()
    (blog.posts / "2026-02-01-Guide.markdown").write_text("别人的。\n", "utf-8")
    for words in ("rename it to guide", "rename it to ../x", f"rename it to {old[11:-3]}", "rename it to 2026-13-01-x"):
        done = blog.run("revise", old, words)
        assert isinstance(done.exception, ReviewError), words
    assert (blog.posts / old).read_bytes() == before
    assert (blog.posts / "2026-02-01-Guide.markdown").read_text("utf-8") == "别人的。\n"


def test_a_name_taken_at_the_last_moment_leaves_the_post_as_it_was(
    blog: Backfilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = published(blog)
    before = (blog.posts / old).read_bytes()
    real = files.rename_new

    def taken_first(source: Path, target: Path) -> None:
        target.write_text("别人的。\n", "utf-8")
        real(source, target)

    monkeypatch.setattr(files, "rename_new", taken_first)
    assert isinstance(blog.run("revise", old, "rename it to 备份指南").exception, ReviewError)
    assert (blog.posts / old).read_bytes() == before
    assert (blog.posts / NEW).read_text("utf-8") == "别人的。\n"
    assert draft(blog).target == old


@pytest.mark.parametrize("moment", ["before", "linked", "after"])
def test_a_crash_on_the_way_is_carried_on_with_at_the_next_start(
    blog: Backfilled, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    old = published(blog)
    real = files.rename_new

    def crash(source: Path, target: Path) -> None:
        if moment == "linked":
            target.hardlink_to(source)
        if moment == "after":
            real(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "rename_new", crash)
    blog.run("revise", old, "rename it to 备份指南")
    monkeypatch.setattr(files, "rename_new", real)
    assert blog.run("once").exit_code == 0
    names = [path.name for path in blog.posts.glob("2026*")]
    assert names == [NEW]
    assert draft(blog).target == NEW
    assert fields(blog.posts / NEW)["redirect_from"]
    assert blog.run("undo", NEW).exit_code == 0


def test_a_waiting_post_is_renamed_where_it_waits_and_needs_no_redirect(blog: Backfilled) -> None:
    blog.config.write_text(f'{CONFIG}\n[publish]\nmode = "review"\n', "utf-8")
    assert blog.run("once").exit_code == 0
    old = str(draft(blog).target)
    row = revised(blog, old, "文件名改成「备份指南」，标签加上 sqlite")
    assert [change["field"] for change in row["changes"]] == ["tags", "file name"]
    assert blog.waits() == [NEW]
    assert (draft(blog).state, draft(blog).target) == (State.WAITING, NEW)
    assert isinstance(blog.run("revise", NEW, "rename it to 备份指南").exception, ReviewError)
    (blog.posts / "2026-02-01-taken.md").write_text("别人的。\n", "utf-8")
    assert isinstance(blog.run("revise", NEW, "rename it to taken").exception, ReviewError)
    assert blog.run("approve", NEW).exit_code == 0
    assert "redirect_from" not in fields(blog.posts / NEW)


def test_fields_that_wait_for_a_published_post_do_not_rename_it(blog: Backfilled) -> None:
    (row,) = blog.rows("backfill", "2024-01-01-备份.md")
    done = blog.run("revise", row["file"], "rename it to guide")
    assert "have that post renamed" in str(done.exception)
    assert blog.waits() == [row["file"]]
    assert blog.run("approve", row["id"]).exit_code == 0
    assert revised(blog, row["id"], "rename it to guide")["post"] == "2024-01-01-guide.md"
    refused = blog.run("undo", row["id"])
    assert refused.exit_code == 1
    assert "was renamed to 2024-01-01-guide.md" in refused.stdout


def test_the_repository_gets_the_new_name_and_lets_go_of_the_old_one(blog: Backfilled) -> None:
    def git(*words: str) -> str:
        command = ["git", "-C", str(blog.root), "-c", "core.quotepath=off", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    git("init", "-q")
    git("config", "user.name", "林")
    git("config", "user.email", "lin@example.org")
    blog.config.write_text(f"{CONFIG}\n[git]\ncommit = true\n", "utf-8")
    old = published(blog)
    assert old in git("ls-tree", "-r", "--name-only", "HEAD")
    revised(blog, old, "rename it to 备份指南")
    assert git("ls-tree", "-r", "--name-only", "HEAD").split() == [f"_posts/{NEW}"]
    assert git("status", "--porcelain", "--", literal("_posts/2026")) == ""


def test_a_folder_that_is_away_says_nothing_of_a_renaming(blog: Backfilled) -> None:
    old = published(blog)
    with Ledger(blog.ledger) as ledger:
        placer = Placer(
            Folders(blog.inbox, blog.root / "weg", blog.root / ".blogmetad"), ledger, lambda: draft(blog).arrived
        )
        with pytest.raises(FileNotFoundError):
            rename.settle(placer, draft(blog), {"from": old, "to": NEW, "before": "a", "sha256": "b"})


def test_words_that_lead_to_nothing_rename_nothing(blog: Backfilled) -> None:
    old = published(blog)
    before = (blog.posts / old).read_bytes()
    for words in ("标题改成「备份」", "改得好一点，文件名改成 新名字"):
        assert isinstance(blog.run("revise", old, words).exception, ReviewError), words
    assert (blog.posts / old).read_bytes() == before
    assert draft(blog).target == old


def test_a_post_saved_while_the_model_is_asked_is_neither_changed_nor_renamed(blog: Backfilled) -> None:
    old = published(blog)
    edited = (blog.posts / old).read_text("utf-8") + "后记。\n"
    blog.model.before = lambda _: (blog.posts / old).write_text(edited, "utf-8")
    done = blog.run("revise", old, "摘要写长一点，文件名改成 新名字")
    assert "changed meanwhile" in str(done.exception)
    assert (blog.posts / old).read_text("utf-8") == edited
    assert [path.name for path in blog.posts.glob("2026*")] == [old]
    blog.model.before = lambda _: None
    assert blog.run("once").exit_code == 0
    assert revised(blog, old, "文件名改成 新名字")["post"] == "2026-02-01-新名字.md"
    assert blog.run("undo", "2026-02-01-新名字.md").exit_code == 1  # it was edited by its author


def test_a_post_that_a_program_writes_is_not_renamed(blog: Backfilled) -> None:
    old = published(blog)
    with (blog.posts / old).open("ab"):
        done = blog.run("revise", old, "rename it to 备份指南")
    assert "is being written" in str(done.exception)
    assert (blog.posts / old).exists()


def test_front_matter_in_braces_takes_no_redirect_and_the_post_keeps_its_name(blog: Backfilled) -> None:
    old = published(blog)
    braces = "---\n{layout: post, title: 括号}\n---\n括号。\n"
    (blog.posts / old).write_text(braces, "utf-8")
    assert "written in braces" in str(blog.run("revise", old, "rename it to 备份指南").exception)
    assert (blog.posts / old).read_text("utf-8") == braces
