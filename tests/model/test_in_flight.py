"""Several drafts in flight: each is answered as if it were alone, and a place that gets free is taken at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.model.local.engine import Engine
from blogmetad.model.local.llama import Cell, Llama, LoadOptions, Logits, ModelError
from blogmetad.values import Ask, Candidate, Proposal, Request

TOPICS = (
    "数据库的日志 log memory",
    "a journey to a city",
    "模型训练 training",
    "weather of a week",
    "缓存与性能",
    "music",
)


def request(topic: str, guidance: str = "Say what it is about. 用事实。") -> Request:
    asks = (
        Ask("title", "text", "Title", "en", 8, 60),
        Ask("description", "text", "Description", "zh", 8, 60, sentences=True),
        Ask("tags", "terms", "Tags", "en", 1, 3, tuple(map(Candidate, ("memory", "travel", "模型"))), new=True),
    )
    return Request(guidance, f"{topic}。" * 12, asks)


class Counting(Llama):
    """Counts its batches, and refuses some."""

    batches = 0
    refuse_wider_than = 10_000

    def decode(self, cells: list[Cell]) -> list[Logits]:  # type: ignore[override]
        self.batches += 1
        if len(cells) > self.refuse_wider_than:
            raise ModelError("refused")
        return super().decode(cells)


def loaded(file: Path, context: int = 8192) -> Counting:
    return Counting(LoadOptions(file, threads=1, gpu_layers=0, context=context, sequences=128))


def answers(engine: Engine, requests: dict[int, Request]) -> dict[int, Proposal | ModelError]:
    for key, asked in requests.items():
        engine.admit(key, asked)
    found: dict[int, Proposal | ModelError] = {}
    while engine.busy:
        found.update(engine.step())
    return found


def assert_alike(found: dict[int, Proposal | ModelError], alone: dict[int, Proposal]) -> None:
    """Sums of other batches differ in their last bits, and random weights make the most of that: a candidate's score
    moves by thousandths, and a text or two may take another turn."""
    assert set(found) == set(alone)
    same = 0
    for key, result in found.items():
        assert isinstance(result, Proposal), result
        assert set(result.texts) == set(alone[key].texts)
        if result.texts["title"] == alone[key].texts["title"]:  # terms are weighed behind it
            scores = [{o.name: o.score for o in r.terms["tags"] if not o.written} for r in (result, alone[key])]
            assert scores[0] == pytest.approx(scores[1], abs=0.05)
        same += sum(text == alone[key].texts[field] for field, text in result.texts.items())
    assert same >= 0.6 * 2 * len(found)


@pytest.fixture(scope="module")
def alone(tiny_model: Path) -> dict[int, Proposal]:
    model = loaded(tiny_model)
    engine = Engine(model, "tiny", "cpu")
    return {key: engine.propose(request(topic)) for key, topic in enumerate(TOPICS)}


def test_drafts_in_flight_get_the_answers_they_get_alone(tiny_model: Path, alone: dict[int, Proposal]) -> None:
    engine = Engine(loaded(tiny_model), "tiny", "cpu", parallel=3)
    found = answers(engine, {key: request(topic) for key, topic in enumerate(TOPICS)})
    assert_alike(found, alone)


def test_drafts_in_flight_share_batches(tiny_model: Path) -> None:
    batches = []
    for parallel in (1, 3):
        model = loaded(tiny_model)
        answers(Engine(model, "tiny", "cpu", parallel=parallel), dict(enumerate(map(request, TOPICS))))
        batches.append(model.batches)
    assert batches[1] < 0.6 * batches[0]


def test_a_place_that_gets_free_is_taken_while_the_others_go_on(tiny_model: Path) -> None:
    engine = Engine(loaded(tiny_model), "tiny", "cpu", parallel=2)
    for key, topic in enumerate(TOPICS):
        engine.admit(key, request(topic))
    while not engine.step():
        assert len(engine._flights) == 2
    assert len(engine._flights) < 2
    engine.step()
    assert len(engine._flights) == 2


def test_a_draft_that_is_withdrawn_leaves_the_others_as_they_were(tiny_model: Path, alone: dict[int, Proposal]) -> None:
    engine = Engine(loaded(tiny_model), "tiny", "cpu", parallel=3)
    for key, topic in enumerate(TOPICS):
        engine.admit(key, request(topic))
    for _ in range(4):
        engine.step()
    engine.withdraw(1)
    engine.withdraw(5)
    engine.withdraw(99)
    found: dict[int, Proposal | ModelError] = {}
    while engine.busy:
        found.update(engine.step())
    assert_alike(found, {key: result for key, result in alone.items() if key not in (1, 5)})


def test_drafts_with_other_guidance_wait_for_those_in_flight(tiny_model: Path) -> None:
    engine = Engine(loaded(tiny_model), "tiny", "cpu", parallel=4)
    mixed = {0: request("a", "One."), 1: request("b", "Two."), 2: request("c", "One.")}
    together = answers(engine, mixed)
    assert_alike(together, {key: engine.propose(each) for key, each in mixed.items()})


def test_no_more_drafts_are_in_flight_than_the_context_has_room_for(
    tiny_model: Path, alone: dict[int, Proposal]
) -> None:
    engine = Engine(loaded(tiny_model, context=1024), "tiny", "cpu", parallel=4)
    for key, topic in enumerate(TOPICS):
        engine.admit(key, request(topic))
    most, found = 0, dict[int, Proposal | ModelError]()
    while engine.busy:
        found.update(engine.step())
        most = max(most, len(engine._flights))
    assert most == 2
    assert_alike(found, alone)


def test_a_refused_batch_has_its_drafts_begun_again_one_by_one(tiny_model: Path, alone: dict[int, Proposal]) -> None:
    model = loaded(tiny_model)
    engine = Engine(model, "tiny", "cpu", parallel=3)
    for key, topic in enumerate(TOPICS):
        engine.admit(key, request(topic))
    engine.step()
    model.refuse_wider_than = 1
    assert engine.step() == []
    model.refuse_wider_than = 10_000
    found: dict[int, Proposal | ModelError] = {}
    while engine.busy:
        found.update(engine.step())
    assert_alike(found, alone)


def test_what_is_wrong_with_one_draft_is_told_of_that_one(tiny_model: Path) -> None:
    engine = Engine(loaded(tiny_model), "tiny", "cpu", parallel=2)
    found = answers(engine, {0: request("a"), 1: request("b", "规则" * 9000), 2: request("c")})
    assert isinstance(found[1], ModelError)
    assert "guidance" in str(found[1])
    assert isinstance(found[0], Proposal)
    assert isinstance(found[2], Proposal)
