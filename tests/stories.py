"""Drafts whose stories the pipeline itself has told, with a model that answers as a test says; and a ledger of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from blogmetad import pipeline
from blogmetad.journal.entry import Happened, Story
from blogmetad.journal.ledger import Ledger, State
from blogmetad.outcomes import Held, Parked
from blogmetad.rules.document import parse
from blogmetad.values import Draft, Neighbour, Neighbours, Opinion, Proposal, Request, Usage, sha256

ZONE = dt.timezone(dt.timedelta(hours=8))
NOON = dt.datetime(2026, 11, 26, 12, 0, tzinfo=ZONE)
RULES = parse(
    """---
rules: 测试
version: 2
fields:
  layout: {type: constant, value: post}
  title: {type: text, language: en, min_length: 5, max_length: 60}
  date: {type: date}
  description: {type: text, language: en, min_length: 10, max_length: 60, need: optional}
  tags: {type: terms, min: 3, max: 4, new: queue, vocabulary: [{name: sqlite, aliases: [数据库]}]}
min_body: {words: 8}
---
""".encode(),
    "rules.md",
)
BODY = "SQLite 是一个数据库，预写日志让它写得更快，这里说明为什么。\n"
NEAR = Neighbours(
    (Neighbour("2024-01-01-fsync.md", "甲", "", {"tags": ("sqlite", "linux")}, 1.0),),
    {"tags": {"sqlite": 3, "linux": 5}},
    7,
)
USAGE = Usage(120, 900, 40, steps=12, prefill_seconds=0.5, decode_seconds=1.0, seconds=1.5)
TITLE = "How SQLite Writes"


@dataclass
class Answers:
    """A Proposer that gives out prepared answers, one after the other, and takes two seconds for each."""

    texts: list[Mapping[str, str]]
    own: tuple[str, ...]
    pass_time: Callable[[float], None]
    usage: Usage = USAGE
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def prepare(self, keep_going: Callable[[], bool]) -> None:
        assert keep_going()

    def propose(self, request: Request, keep_going: Callable[[], bool]) -> Proposal:
        assert keep_going()
        self.asked.append(tuple(ask.field for ask in request.asks))
        self.pass_time(2.0)
        opinions = tuple(Opinion(name, -1.0, written=True) for name in self.own)
        return Proposal(self.texts.pop(0), {"tags": opinions}, "tiny", "fast", self.usage)


def tell(
    name: str = "日志.md",
    *texts: Mapping[str, str],
    own: tuple[str, ...] = (),
    body: str = BODY,
    front: str = "",
    at: dt.datetime = NOON,
    usage: Usage = USAGE,
) -> Story:
    """The story of a draft that arrived at ``at``, from its reading to its outcome, as a ledger has it."""
    steps: list[Happened] = []
    clock = [at + dt.timedelta(seconds=2)]

    def pass_time(seconds: float) -> None:
        clock[0] += dt.timedelta(seconds=seconds)

    def record(step: str, data: Mapping[str, object]) -> None:
        pass_time(0.1)
        steps.append(Happened(clock[0], step, json.loads(json.dumps(data))))

    raw = (f"---\n{front}---\n{body}" if front else body).encode()
    proposer = Answers(list(texts) or [{"title": TITLE}], own, pass_time, usage)
    desk = pipeline.Desk(
        rules=RULES,
        recall=lambda _: NEAR,
        twin=lambda _: None,
        proposer=proposer,
        budget=400,
        hold_future=True,
        keep_going=lambda: True,
        record=record,
    )
    told = Story(
        f"{at:%Y%m%d}-{sha256(raw)[:6]}", name, "accepted", sha256(raw), len(raw), at, clock[0], None, None, ()
    )
    draft = pipeline.accept(name, raw, desk, arrived=at, now=at)
    result = pipeline.finish(draft, desk, arrived=at) if isinstance(draft, Draft) else draft
    if isinstance(result, pipeline.Finished):
        record("published", {"filename": result.post.filename})
        record("done", {"post": result.post.filename, "seconds": 3.0})
        told = replace(told, outcome="done", target=result.post.filename)
    elif isinstance(result, Held):
        told = replace(told, outcome="held", until=result.until)
    elif isinstance(result, Parked):
        told = replace(told, outcome="parked")
    return replace(told, steps=tuple(steps))


def revised(story: Story, outcome: str) -> Story:
    """A story whose post waited for its author a day and was revised then."""
    later = story.steps[-1].at + dt.timedelta(days=1)
    changes = [
        {"field": "title", "before": TITLE, "after": TITLE.removeprefix("How ")},
        {"field": "tags", "before": ["sqlite", "linux"], "after": ["moe"]},
        {"field": "subtitle", "before": None, "after": "新的"},
    ]
    steps = (
        *story.steps[:-1],
        replace(story.steps[-1], name="waiting"),
        Happened(later, "revised", {"words": "标题短一点", "changes": changes}),
    )
    approved = (Happened(later + dt.timedelta(hours=1), "done", story.steps[-1].data),) if outcome == "done" else ()
    return replace(story, outcome=outcome, steps=(*steps, *approved))


def keep(ledger: Ledger, story: Story) -> str:
    """Put a story into a ledger; the id it has there."""
    body = sha256(story.sha256.encode())
    last = story.steps[-1].at if story.steps else story.settled
    with ledger.transaction():
        job = ledger.open_job(story.name, story.sha256, body, story.size, story.arrived, story.settled, story.arrived)
        for step in story.steps:
            ledger.step(job.id, step.name, step.data, step.at)
        ledger.move(job.id, State(story.outcome), last, target=story.target, until=story.until)
    return job.id
