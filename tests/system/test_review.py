"""Posts that wait for their author: edited, approved, revised, moved by hand, thrown away; all told, nothing lost."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from blogmetad import files
from blogmetad.config import Mode
from blogmetad.journal.ledger import State
from blogmetad.outcomes import Duplicate, Parked, Published, Superseded, Waiting
from blogmetad.publish import undo
from tests.system.workshop import Desk, Workshop, workshop

RULES = b"""---
rules: r
version: 1
fields:
  title: {type: text, language: any, min_length: 1, max_length: 60}
  date: {type: date}
  tags: {type: terms, min: 0, max: 6, need: optional}
min_body: {words: 1}
---
Be exact.
"""
DRAFT = "---\ndate: 2026-02-01\nslug: backups\n---\n备份：三份数据，两种介质，一份放在别处。\n"
POST = '---\ntitle: "备份"\ndate: 2026-02-01\nslug: backups\n---\n备份：三份数据，两种介质，一份放在别处。\n'
NAME = "2026-02-01-backups.md"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with opened(tmp_path) as shop:
        shop.drop("备份.md", DRAFT)
        (done,) = shop.drain()
        assert isinstance(done.outcome, Waiting)
        yield shop


def opened(
    root: Path, mode: Mode = "review", title: Callable[[str], str] | None = None, settle: float = 0.0
) -> AbstractContextManager[Workshop]:
    desk = Desk(waits=False) if title is None else Desk(waits=False, title=title)
    return workshop(root, desk, 1, rules=RULES, mode=mode, settle=settle)


def waiting(shop: Workshop) -> Path:
    return shop.desk / NAME


def write(shop: Workshop, text: str) -> None:
    waiting(shop).write_text(text, "utf-8")


def facts(shop: Workshop, step: str) -> dict[str, object]:
    return dict(next(s.data for s in shop.ledger.steps(shop.job("备份.md").id) if s.name == step))


def test_a_finished_post_waits_in_the_review_folder_and_nothing_is_published(shop: Workshop) -> None:
    assert waiting(shop).read_text("utf-8") == POST
    assert list(shop.posts.iterdir()) == []
    assert shop.job("备份.md").state is State.WAITING
    assert [path.name for path in shop.inbox.iterdir()] == []
    assert shop.drain() == []


def test_a_post_that_is_approved_in_its_front_matter_is_published_without_that_line(shop: Workshop) -> None:
    write(shop, POST.replace("title:", "approve: true\ntitle:"))
    (done,) = shop.drain()
    assert isinstance(done.outcome, Published)
    assert (shop.posts / NAME).read_text("utf-8") == POST
    assert list(shop.desk.glob("*.md")) == []
    assert shop.job("备份.md").state is State.DONE
    assert facts(shop, "approved") == {"post": NAME, "by": "approve: true"}
    assert len(list((shop.config.site.journal).glob("*.md"))) == 1


def test_what_the_author_edited_is_published_as_edited(shop: Workshop) -> None:
    write(shop, POST.replace('"备份"', "我的备份").replace("三份", "四份").replace("---\n备", "approve: yes\n---\n备"))
    shop.drain()
    published = (shop.posts / NAME).read_text("utf-8")
    assert published == POST.replace('"备份"', "我的备份").replace("三份", "四份")


def test_approve_false_and_an_untouched_file_wait_on(shop: Workshop) -> None:
    write(shop, POST.replace("title:", "approve: false\ntitle:"))
    assert shop.drain() == []
    assert waiting(shop).exists()


def test_a_post_moved_among_the_posts_by_hand_counts_as_approved(shop: Workshop) -> None:
    waiting(shop).rename(shop.posts / NAME)
    shop.drain()
    assert shop.job("备份.md").state is State.DONE
    assert facts(shop, "approved") == {"post": NAME, "by": "moved among the posts by hand"}


def test_a_post_moved_under_another_name_is_recognised_by_its_text(shop: Workshop) -> None:
    waiting(shop).rename(shop.posts / "2026-02-01-three-two-one.md")
    shop.drain()
    assert shop.job("备份.md").target == "2026-02-01-three-two-one.md"


def test_a_post_renamed_where_it_waits_is_published_under_its_new_name(shop: Workshop) -> None:
    renamed = shop.desk / "2026-02-02-three-copies.md"
    waiting(shop).rename(renamed)
    shop.drain()
    assert shop.job("备份.md").target == renamed.name
    renamed.write_text(POST.replace("title:", "approve: true\ntitle:"), "utf-8")
    shop.drain()
    assert (shop.posts / renamed.name).read_text("utf-8") == POST
    assert shop.job("备份.md").state is State.DONE


def approve(file: Path) -> None:
    file.write_text(file.read_text("utf-8").replace("title:", "approve: true\ntitle:"), "utf-8")


def test_the_name_that_is_approved_is_the_name_that_is_published(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        (shop.posts / NAME).write_text("---\ntitle: 别的\n---\n别的备份。\n", "utf-8")
        shop.drop("备份.md", DRAFT)
        shop.drop("再备份.md", DRAFT.replace("三份", "四份"))
        shop.drain()
        names = ["2026-02-01-backups-2.md", "2026-02-01-backups-3.md"]
        assert sorted(path.name for path in shop.desk.glob("*.md")) == names
        for name in names:
            approve(shop.desk / name)
        shop.drain()
        assert sorted(shop.published()) == sorted([NAME, *names])


def test_an_approved_name_that_is_taken_meanwhile_is_numbered_on(tmp_path: Path) -> None:
    other = "---\ntitle: 别的\n---\n别的备份{}。\n"
    with opened(tmp_path) as shop:
        (shop.posts / NAME).write_text(other.format(""), "utf-8")
        shop.drop("备份.md", DRAFT)
        shop.drop("第二部分.md", DRAFT.replace("slug: backups", "slug: part-2").replace("三份", "四份"))
        shop.drain()
        approved = [shop.desk / "2026-02-01-backups-2.md", shop.desk / "2026-02-01-part-2.md"]
        for file in approved:
            (shop.posts / file.name).write_text(other.format(file.name), "utf-8")
            approve(file)
        shop.drain()
        mine = [name for name, text in shop.published().items() if "介质" in text]
        assert mine == ["2026-02-01-backups-3.md", "2026-02-01-part-2-2.md"]
        assert shop.job("备份.md").target == "2026-02-01-backups-3.md"


def test_a_number_that_the_author_gave_a_waiting_post_is_part_of_its_name(shop: Workshop) -> None:
    renamed = waiting(shop).rename(shop.desk / "2026-02-01-backups-2.md")
    (shop.posts / renamed.name).write_text("---\ntitle: 别的\n---\n别的备份。\n", "utf-8")
    shop.drain()
    approve(renamed)
    shop.drain()
    assert (shop.posts / "2026-02-01-backups-2-2.md").read_text("utf-8") == POST


def test_a_post_that_is_thrown_away_is_not_asked_for_again(shop: Workshop) -> None:
    waiting(shop).unlink()
    assert shop.drain() == []
    assert shop.job("备份.md").state is State.SUPERSEDED
    assert facts(shop, "superseded") == {"because": "the post was taken out of the review folder"}


def test_a_file_that_is_gone_for_a_moment_as_it_is_saved_still_waits(tmp_path: Path) -> None:
    with opened(tmp_path, settle=0.3) as shop:
        shop.drop("备份.md", DRAFT)
        while not waiting(shop).exists():
            shop.runner.round()
            time.sleep(0.02)
        shop.drain()
        saved = waiting(shop).read_bytes()
        waiting(shop).unlink()
        again = shop.runner.round().again
        assert again is not None
        assert again <= 0.3
        assert shop.job("备份.md").state is State.WAITING
        waiting(shop).write_bytes(saved)
        time.sleep(0.4)
        shop.runner.round()
        assert shop.job("备份.md").state is State.WAITING
        waiting(shop).unlink()
        shop.runner.round()
        time.sleep(0.4)
        shop.runner.round()
        assert shop.job("备份.md").state is State.SUPERSEDED


def test_the_same_text_dropped_again_while_its_post_waits_is_a_duplicate(shop: Workshop) -> None:
    shop.drop("又一次.md", DRAFT)
    (done,) = shop.drain()
    assert isinstance(done.outcome, Duplicate)


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ("approve: 好\n", "Write true or take the line out"),
        ("revise: [短一点]\n", "Write what to change, in quotes"),
        ("revise: 标题短一点\napprove: true\n", "Keep one"),
        ("revise: 短一点\n", "Name one or more of: title, tags"),
        ("approve: true\ntitle: {\n", "front matter"),
    ],
)
def test_a_mark_that_cannot_be_obeyed_is_told_and_the_file_stays(shop: Workshop, marks: str, told: str) -> None:
    text = POST.replace("title:", f"{marks}title:", 1)
    write(shop, text)
    (done,) = shop.drain()
    assert isinstance(done.outcome, Parked)
    assert told in " ".join(problem.message for problem in done.outcome.problems)
    assert waiting(shop).read_text("utf-8") == text
    assert shop.drain() == []
    write(shop, POST.replace("title:", "approve: true\ntitle:"))
    (done,) = shop.drain()
    assert isinstance(done.outcome, Published)


def test_a_file_that_is_not_called_like_a_post_is_not_published(shop: Workshop) -> None:
    (shop.desk / "备份.md").write_text(POST.replace("title:", "approve: true\ntitle:"), "utf-8")
    (done,) = shop.drain()
    assert isinstance(done.outcome, Parked)
    assert "YYYY-MM-DD-words.md" in done.outcome.problems[0].message


def test_a_file_of_the_authors_own_in_the_review_folder_can_be_approved_too(shop: Workshop) -> None:
    other = shop.desk / "2026-02-03-other.md"
    other.write_text("---\ntitle: 别的\napprove: true\n---\n别的正文。\n", "utf-8")
    (done,) = shop.drain()
    assert isinstance(done.outcome, Published)
    assert (shop.posts / other.name).read_text("utf-8") == "---\ntitle: 别的\n---\n别的正文。\n"


def test_a_post_is_revised_where_it_lies_and_the_journal_tells_how(shop: Workshop) -> None:
    write(shop, POST.replace("date:", "revise: 标签加上 backup、存储，标题改成「三份备份」\ndate:"))
    (done,) = shop.drain()
    assert isinstance(done.outcome, Superseded)
    assert waiting(shop).read_text("utf-8") == POST.replace('"备份"', '"三份备份"').replace(
        "slug:", "tags: [backup, 存储]\nslug:"
    )
    assert facts(shop, "revised")["changes"] == [
        {"field": "title", "before": "备份", "after": "三份备份"},
        {"field": "tags", "before": None, "after": ["backup", "存储"]},
    ]
    assert shop.job("备份.md").state is State.WAITING
    assert shop.drain() == []


def test_a_revised_post_is_still_ours_and_is_withdrawn_when_the_draft_is_taken_back(shop: Workshop) -> None:
    write(shop, POST.replace("date:", "revise: 标题改成「三份备份」\ndate:"))
    shop.drain()
    assert isinstance(undo.undo(shop.placer, shop.job("备份.md")), undo.Undone)
    assert (shop.inbox / "备份.md").read_text("utf-8") == DRAFT
    assert list(shop.desk.glob("*.md")) == []


def test_an_approved_post_is_withdrawn_when_the_draft_is_taken_back(shop: Workshop) -> None:
    write(shop, POST.replace("title:", "approve: true\ntitle:"))
    shop.drain()
    assert isinstance(undo.undo(shop.placer, shop.job("备份.md")), undo.Undone)
    assert (shop.inbox / "备份.md").read_text("utf-8") == DRAFT
    assert list(shop.posts.iterdir()) == []


def test_a_waiting_post_that_its_author_edited_is_not_taken_away(shop: Workshop) -> None:
    write(shop, POST.replace("三份", "四份"))
    refused = undo.undo(shop.placer, shop.job("备份.md"))
    assert isinstance(refused, undo.Refused)
    assert "edited" in refused.reason


def test_what_the_author_saves_while_a_revision_is_made_goes_before_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap, saved = files.exchange, POST.replace("三份", "五份")

    def meanwhile(one: Path, other: Path) -> None:
        monkeypatch.setattr(files, "exchange", swap)
        write(shop, saved)
        swap(one, other)

    monkeypatch.setattr(files, "exchange", meanwhile)
    write(shop, POST.replace("date:", "revise: 标题改成「三份备份」\ndate:"))
    shop.drain()
    assert waiting(shop).read_text("utf-8") == saved
    assert "revised" not in shop.steps("备份.md")


def test_the_models_words_are_used_where_the_author_leaves_it_to_the_model(tmp_path: Path) -> None:
    titles = iter(["备份", "备份三份数据", "备份三份数据"])
    with opened(tmp_path, title=lambda _: next(titles)) as shop:
        shop.drop("备份.md", DRAFT)
        shop.drain()
        write(shop, POST.replace("date:", "revise: 标题再具体一些\ndate:"))
        shop.drain()
        assert 'title: "备份三份数据"' in waiting(shop).read_text("utf-8")
        again = waiting(shop).read_text("utf-8").replace("date:", "revise: 标题再具体一些\ndate:")
        write(shop, again)
        (done,) = shop.drain()
        assert isinstance(done.outcome, Parked)
        assert "no other idea" in done.outcome.problems[0].message
        assert waiting(shop).read_text("utf-8") == again


def test_posts_that_wait_are_seen_to_when_reviews_are_given_up(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        shop.drop("备份.md", DRAFT)
        shop.drain()
    with opened(tmp_path, mode="auto") as shop:
        write(shop, POST.replace("title:", "approve: true\ntitle:"))
        shop.drain()
        assert (shop.posts / NAME).exists()
        assert shop.job("备份.md").state is State.DONE
        shop.drop("新的.md", "---\ndate: 2026-02-02\nslug: new\n---\n新的一篇，写了几句话。\n")
        (done,) = shop.drain()
        assert isinstance(done.outcome, Published)


def test_an_approval_that_a_crash_cut_off_is_told_at_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        shop.drop("备份.md", DRAFT)
        shop.drain()
        ledger = shop.config.site.state / "ledger.db"
        shop.ledger.close()
        shutil.copy(ledger, tmp_path / "before.db")
    with opened(tmp_path) as shop:
        write(shop, POST.replace("title:", "approve: true\ntitle:"))
        shop.drain()
    shutil.copy(tmp_path / "before.db", ledger)
    with opened(tmp_path) as shop:
        assert shop.job("备份.md").state is State.WAITING
        shop.runner.recover()
        assert shop.job("备份.md").state is State.DONE
        assert len(list(shop.posts.iterdir())) == 1


def test_a_review_folder_that_is_away_holds_up_no_draft_and_loses_no_post(shop: Workshop) -> None:
    away = shop.desk.rename(shop.desk.with_name("away"))
    made = shop.runner.round()
    assert made.again is not None
    assert shop.job("备份.md").state is State.WAITING
    away.rename(shop.desk)
    assert shop.drain() == []
    assert shop.job("备份.md").state is State.WAITING
