"""What the runner sees to beside the drafts, on a real site whose folders fail it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from blogmetad import upkeep
from blogmetad.journal.ledger import LedgerGone, State
from blogmetad.outcomes import Parked
from tests.system.workshop import TEXT, Desk, Workshop, now, workshop

MORE = "编辑器后来写进去的一段。\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every round looks at everything."""
    monkeypatch.setattr(upkeep, "EVERY", 0.0)
    monkeypatch.setattr(upkeep, "AGAIN", 0.0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path, Desk(waits=False), 1) as made:
        made.runner.recover()
        yield made


def journal(shop: Workshop) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(shop.config.site.journal.glob("*.md"))}


def events(logs: list[dict[str, object]]) -> list[object]:
    return [line["event"] for line in logs]


def test_what_an_editor_writes_after_publication_comes_back_as_a_draft_and_is_told_once(shop: Workshop) -> None:
    shop.drop("甲.md")
    shop.drain()
    first = shop.job("甲.md")
    with (shop.config.site.state / "retired" / first.id).open("a", encoding="utf-8") as editor:
        editor.write(MORE)

    (told,) = shop.drain()

    assert isinstance(told.outcome, Parked)
    (problem,) = told.outcome.problems
    assert problem.rule == "draft.late"
    assert str(first.target) in problem.message
    assert (shop.inbox / "甲.md").read_text("utf-8") == TEXT.format("甲") + MORE
    assert len(shop.published()) == 1
    assert shop.job("甲.md").state is State.PARKED
    assert [step.name for step in shop.ledger.steps(first.id)][-1] == "written late"
    assert sum("written late" in text for text in journal(shop).values()) == 1
    assert shop.drain() == []
    assert len(shop.published()) == 1


def test_an_editor_that_goes_on_writing_is_waited_for(shop: Workshop) -> None:
    shop.drop("甲.md")
    shop.drain()
    retired = shop.config.site.state / "retired" / shop.job("甲.md").id
    with retired.open("a", encoding="utf-8") as editor:
        editor.write(MORE)
        editor.flush()
        shop.runner.round()
        assert list(shop.inbox.glob("*.md")) == []
        editor.write(MORE)
    shop.drain()
    assert (shop.inbox / "甲.md").read_text("utf-8") == TEXT.format("甲") + 2 * MORE


def test_a_draft_that_came_back_is_published_once_its_author_saves_it(shop: Workshop) -> None:
    shop.drop("甲.md")
    shop.drain()
    with (shop.config.site.state / "retired" / shop.job("甲.md").id).open("a", encoding="utf-8") as editor:
        editor.write(MORE)
    shop.drain()

    shop.drop("甲.md", TEXT.format("乙") + MORE)
    shop.drain()

    assert len(shop.published()) == 2


def test_a_journal_that_cannot_be_written_is_told_once_and_written_later(shop: Workshop) -> None:
    folder = shop.config.site.journal
    folder.rmdir()
    folder.write_text("a file where the folder was")
    with capture_logs() as logs:
        for name in ("甲", "乙", "丙"):
            shop.drop(f"{name}.md")
            shop.drain()
    assert len(shop.published()) == 3
    assert events(logs).count("journal entry not written") == 1

    folder.unlink()
    with capture_logs() as logs:
        shop.runner.round()
    assert len(journal(shop)) == 3
    assert events(logs) == ["journal entries written"]


@pytest.mark.parametrize("which", ["posts", "state"])
def test_a_folder_that_is_away_or_unusable_is_told_once_and_drafts_wait_until_it_is_back(
    shop: Workshop, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.drain()
    folder = getattr(shop.config.site, which)
    real = upkeep.folders.at_a_glance
    problem = upkeep.Problem("folder.unwritable", f"The {which} folder {folder} is not writable.", which)
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(upkeep.folders, "at_a_glance", lambda _: (problem,))
        patch.setattr(shop.placer, "probe", lambda: (problem,))
        shop.drop("甲.md")
        rounds = [shop.runner.round() for _ in range(3)]
        assert [(r.trouble, r.flying) for r in rounds] == [((problem,), ())] * 3
        assert events(logs) == ["folder trouble"]
    assert real(shop.placer.folders) == ()
    with capture_logs() as logs:
        shop.drain()
    assert events(logs)[0] == "the folders are well again"
    assert len(shop.published()) == 1


def test_a_posts_folder_that_goes_while_the_model_is_asked_costs_nothing(tmp_path: Path) -> None:
    desk = Desk()
    with workshop(tmp_path, desk, 1) as shop:
        shop.drop("甲.md")
        shop.runner.round()
        desk.until("甲")
        away = shop.posts.rename(tmp_path / "weg")
        desk.give("甲")
        (done,) = shop.round()
        assert "_posts" in str(done.outcome)
        assert [problem.rule for problem in shop.runner.round().trouble] == ["folder.missing"]
        assert (shop.inbox / "甲.md").exists()
        away.rename(shop.posts)
        assert shop.runner.round().trouble == ()


def test_a_ledger_that_is_taken_away_is_noticed_before_anything_is_written_into_nothing(shop: Workshop) -> None:
    shop.drop("甲.md")
    shutil.move(shop.config.site.state, shop.config.site.root / "weg")

    with pytest.raises(LedgerGone, match=r"ledger\.db is gone"):
        shop.runner.round()

    assert shop.published() == {}


def test_a_recovery_that_was_not_possible_is_made_up_for_without_a_restart(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        shop.drop("甲.md")
        raw = (shop.inbox / "甲.md").read_bytes()
        job = shop.ledger.open_job("weg.md", "a" * 64, "a" * 64, 3, now(), now(), now())
        away = shop.posts.rename(tmp_path / "weg")
        with pytest.raises(OSError, match="_posts"):
            shop.runner.recover()
        away.rename(shop.posts)

        shop.drain()

        again = shop.ledger.get(job.id)
        assert again is not None
        assert (again.state, again.entry is not None) == (State.SUPERSEDED, True)
        assert [text.encode() for text in shop.published().values()] == [raw]


def test_a_lost_ledger_is_built_anew_and_that_is_told_in_the_journal(tmp_path: Path) -> None:
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        shop.drop("甲.md")
        shop.drain()
        (post,) = shop.posts.glob("*.md")
        post.write_text("---\ntitle: 甲\n---\n作者后来改写了正文。\n", "utf-8")
        first = shop.job("甲.md")
    for file in shop.config.site.state.glob("ledger.db*"):
        file.unlink()
    with workshop(tmp_path, Desk(waits=False), 1) as shop:
        shop.runner.recover()
        shop.drop("甲.md")
        shop.drain()

        again = shop.ledger.get(first.id)
        assert again is not None
        assert (again.name, again.state, again.target) == ("甲.md", State.DONE, first.target)
        assert shop.in_state(State.DUPLICATE) == ["甲.md"]
        assert len(shop.published()) == 1
        assert shop.in_state(State.PARKED) == ["ledger.db"]
        assert sum("was lost" in text for text in journal(shop).values()) == 1
        assert len(journal(shop)) == 3


def test_a_draft_whose_setting_aside_was_interrupted_is_still_told_as_a_duplicate(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.drop("甲.md")
    shop.drain()
    (post,) = shop.published()
    shop.drop("乙.md", f"---\ntitle: 又一篇\n---\n{TEXT.format('甲')}")
    with monkeypatch.context() as patch:
        patch.setattr(shop.ledger, "move", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.drain()
    assert list(shop.inbox.glob("*.md")) == []

    with workshop(shop.config.site.root, Desk(waits=False), 1) as again:
        again.runner.recover()

        job = again.job("乙.md")
        assert (job.state, job.target) == (State.DUPLICATE, post)
        assert job.entry is not None
