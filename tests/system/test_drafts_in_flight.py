"""Several drafts at once over real folders and a real ledger: they have to end as they would one after another."""

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blogmetad import runner
from blogmetad.journal.ledger import State
from blogmetad.model.local.worker import Worker, WorkerOptions
from blogmetad.model.proposal import ModelUnavailable
from blogmetad.outcomes import Duplicate, Parked, Published, Retry, Superseded
from blogmetad.values import Proposal, Request
from tests.model import scripted_child
from tests.system import workshop as clock
from tests.system.workshop import PATIENCE, TEXT, Desk, now, workshop


def test_as_many_drafts_are_worked_on_as_there_are_places_and_a_free_one_is_taken_at_once(tmp_path: Path) -> None:
    desk = Desk()
    with workshop(tmp_path, desk, parallel=3) as shop:
        for name in "甲乙丙丁戊":
            shop.drop(f"{name}.md")
        first = shop.runner.round()
        assert first.flying == ("甲.md", "乙.md", "丙.md")
        assert first.waiting == 2
        assert first.again is None
        desk.until("甲", "乙", "丙")
        desk.give("乙")
        (done,) = shop.round()
        assert (done.name, type(done.outcome)) == ("乙.md", Published)
        desk.until("甲", "丙", "丁")
        desk.give(*"甲丙丁戊")
        assert {d.name for d in shop.drain()} == {"甲.md", "丙.md", "丁.md", "戊.md"}
        assert desk.most == 3
        assert shop.in_state(State.DONE) == sorted(f"{name}.md" for name in "甲乙丙丁戊")
        assert sorted(shop.published().values()) == sorted(TEXT.format(name) for name in "甲乙丙丁戊")
        assert list(shop.inbox.iterdir()) == []


def test_with_one_place_drafts_follow_each_other_in_the_order_they_were_saved(tmp_path: Path) -> None:
    desk = Desk(waits=False)
    with workshop(tmp_path, desk, parallel=1) as shop:
        for name in "丙甲乙":
            shop.drop(f"{name}.md")
        assert [done.name for done in shop.drain()] == ["丙.md", "甲.md", "乙.md"]
        assert desk.came == ["丙", "甲", "乙"]
        assert desk.most == 1


def test_drafts_in_flight_with_one_title_get_names_of_their_own(tmp_path: Path) -> None:
    desk = Desk(title=lambda _: "One Title")
    with workshop(tmp_path, desk, parallel=4) as shop:
        names = "甲乙丙丁"
        for name in names:
            shop.drop(f"{name}.md")
        shop.runner.round()
        desk.until(*names)
        desk.give(*names)
        assert all(isinstance(done.outcome, Published) for done in shop.drain())
        posts = shop.published()
        assert sorted(name[11:] for name in posts) == [f"one-title{n}.md" for n in ("-2", "-3", "-4", "")]
        assert sorted(posts.values()) == [TEXT.format(name) for name in sorted(names)]
        assert {shop.job(f"{name}.md").target for name in names} == set(posts)


def test_drafts_with_one_body_are_one_post_and_a_duplicate_though_there_are_places_for_both(tmp_path: Path) -> None:
    desk = Desk()
    body = TEXT.format("同")
    with workshop(tmp_path, desk, parallel=3) as shop:
        shop.drop("one.md", f"---\ntitle: One\n---\n{body}")
        shop.drop("two.md", f"\n{body}\n")
        shop.drop("别.md")
        made = shop.runner.round()
        assert made.flying == ("one.md", "别.md")
        assert made.waiting == 1
        desk.give("同", "别")
        outcomes = {done.name: done.outcome for done in shop.drain()}
        assert isinstance(outcomes["one.md"], Published)
        assert outcomes["two.md"] == Duplicate(outcomes["one.md"].filename)
        assert len(shop.published()) == 2


def test_a_draft_saved_again_while_it_is_worked_on_becomes_one_post_of_its_newest_version(tmp_path: Path) -> None:
    desk = Desk()
    with workshop(tmp_path, desk, parallel=3) as shop:
        shop.drop("稿.md", TEXT.format("旧"))
        shop.runner.round()
        desk.until("旧")
        shop.drop("稿.md", TEXT.format("新"))
        assert shop.runner.round().flying == ("稿.md",)
        desk.give("旧", "新")
        assert [type(done.outcome) for done in shop.drain()] == [Superseded, Published]
        assert list(shop.published().values()) == [TEXT.format("新")]


def test_drafts_in_flight_at_the_end_are_withdrawn_and_the_next_start_publishes_each_once(tmp_path: Path) -> None:
    names = [f"{name}.md" for name in "甲乙丙丁戊己"]
    for _ in range(3):  # more often than a draft may cost a worker its life
        desk = Desk()
        with workshop(tmp_path, desk, parallel=4) as shop:
            if not list(shop.inbox.iterdir()):
                for name in names:
                    shop.drop(name)
            shop.runner.recover()
            shop.runner.round()
            desk.until(*"甲乙丙丁")
            began = time.monotonic()
            shop.runner.stop()
            assert time.monotonic() - began < 2
            assert shop.in_state(State.ACCEPTED) == sorted(names[:4])
            assert shop.published() == {}
            assert shop.steps("甲.md")[-1] == "abandoned"
    with workshop(tmp_path, Desk(waits=False), parallel=4) as shop:
        shop.runner.recover()
        assert all(isinstance(done.outcome, Published) for done in shop.drain())
        assert shop.in_state(State.DONE) == sorted(names)
        assert len(shop.published()) == len(shop.ledger.jobs()) == 6


def test_drafts_that_were_in_flight_when_blogmetad_was_killed_are_tried_one_at_a_time(tmp_path: Path) -> None:
    desk = Desk()
    with workshop(tmp_path, desk, parallel=3) as shop:
        for name in "甲乙丙":
            shop.drop(f"{name}.md")
        shop.runner.round()
        desk.until("甲", "乙", "丙")
        shop.runner.stop()
        for name in "甲乙丙":
            shop.ledger.attempt(shop.job(f"{name}.md").id, now())  # one more try, of which nothing is told any more
    desk = Desk(waits=False)
    with workshop(tmp_path, desk, parallel=3) as shop:
        shop.drop("丁.md")
        assert all(isinstance(done.outcome, Published) for done in shop.drain())
        assert desk.most == 1


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_draft_that_kills_the_worker_is_parked_and_its_companions_never_are(tmp_path: Path, attempts: int) -> None:
    starts = tmp_path / "starts"
    command = (sys.executable, scripted_child.__file__, str(starts))
    worker = Worker(WorkerOptions(tmp_path / "模型.gguf", "scripted", tmp_path / "state"), command)
    try:
        with workshop(tmp_path / "blog", worker, parallel=4, attempts=attempts) as shop:
            for name in ("甲", scripted_child.POISON, "乙", "丙"):
                shop.drop(f"{name}.md")
            assert {type(done.outcome) for done in shop.drain()} == {Published, Parked}
            assert shop.in_state(State.PARKED) == ["毒药.md"]
            assert shop.job("毒药.md").problems[0].rule == "model.lost"
            assert shop.in_state(State.DONE) == sorted(["甲.md", "乙.md", "丙.md"])
            # Once in company, then alone as often as it may.
            assert shop.steps("毒药.md").count("worker lost") == attempts + 1
            assert [shop.steps(f"{name}.md").count("worker lost") for name in "甲乙丙"] == [1, 1, 1]
            assert len(starts.read_text("utf-8").splitlines()) <= attempts + 2
            shop.drop("丁.md")
            assert [type(done.outcome) for done in shop.drain()] == [Published]
    finally:
        worker.unload()


class Hanging(Desk):
    """A Proposer that hangs over one draft and asks nobody whether to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.freed = threading.Event()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        if request.text.startswith("僵"):
            assert self.freed.wait(PATIENCE)
        return super().propose(request, keep_going)


def test_drafts_that_wait_for_the_model_give_signs_of_life_and_one_that_hangs_does_not(tmp_path: Path) -> None:
    desk = Hanging()
    with workshop(tmp_path, desk, parallel=2) as shop:
        shop.drop("甲.md")
        shop.runner.round()
        desk.until("甲")
        time.sleep(0.6)
        assert shop.runner.silence < 0.3
        shop.drop("僵.md")
        assert len(shop.runner.round().flying) == 2
        time.sleep(0.6)
        assert shop.runner.silence > 0.3
        desk.freed.set()
        desk.give("甲", "僵")
        assert len(shop.drain()) == 2
        assert shop.runner.silence == 0.0


class Away(Desk):
    """A Proposer that is away the first time it is asked."""

    def __init__(self) -> None:
        super().__init__(waits=False)
        self.away = True

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        if self.away:
            self.away = False
            raise ModelUnavailable("the model is away")
        super().prepare(keep_going)


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_by_years_neither_puts_off_nor_hastens_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    shift = dt.timedelta()
    monkeypatch.setattr(clock, "now", lambda: dt.datetime.now(dt.UTC) + shift)
    monkeypatch.setattr(runner, "BACK_OFF", (0.5,))
    with workshop(tmp_path, Away(), parallel=1) as shop:
        shop.drop("甲.md")
        shop.runner.round()
        (failed,) = shop.round()
        assert isinstance(failed.outcome, Retry)
        shift = dt.timedelta(days=365 * years)
        again = shop.runner.round()
        assert not again.flying
        assert again.again is not None
        assert 0.0 < again.again <= 0.5
        time.sleep(0.5)
        assert [type(done.outcome) for done in shop.drain()] == [Published]
