"""START HERE: the story of one draft, from its bytes to its outcome, a stage a line.

No threads, no native code and no files are touched here: the stages' own modules do that, behind the names below.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from blogmetad import liquid
from blogmetad.intake import draft as intake
from blogmetad.journal import entry
from blogmetad.model.digest import digest
from blogmetad.model.proposal import Proposer
from blogmetad.outcomes import Duplicate, Held, Parked
from blogmetad.publish.compose import compose
from blogmetad.rules.check import check, check_body, refused
from blogmetad.rules.document import Rules
from blogmetad.rules.naming import hold, local_to, post_date
from blogmetad.rules.note import creation_note
from blogmetad.rules.plan import guidance, known, plan
from blogmetad.rules.schema import ConstantRule
from blogmetad.secret import hidden
from blogmetad.values import Ask, Digest, Draft, Metadata, Neighbours, Post, Problem, Proposal, Request

SECOND_TRIES = 2
"""How often the model is asked again for texts that cannot be used."""

Record = Callable[[str, Mapping[str, object]], None]
"""Writes one step of a draft's story down: its name and its facts as JSON values."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stages work with.

    ``recall`` tells what the site knows that may help with a draft; ``twin`` finds a published post by the hash of its
    body; ``budget`` is the digest's size in tokens.
    """

    rules: Rules
    recall: Callable[[Draft], Neighbours]
    twin: Callable[[str], str | None]
    proposer: Proposer
    budget: int
    hold_future: bool
    keep_going: Callable[[], bool]
    record: Record


@dataclass(frozen=True, slots=True)
class Finished:
    """A post that is ready to be placed, and how it came about."""

    draft: Draft
    digest: Digest
    proposal: Proposal
    metadata: Metadata
    post: Post


def accept(
    name: str, raw: bytes, desk: Desk, *, arrived: dt.datetime, now: dt.datetime
) -> Draft | Parked | Held | Duplicate:
    """Everything that can be said of a draft before the model is asked."""
    draft = intake.read(name, raw)
    if not isinstance(draft, Draft):
        return _parked(draft, desk)
    desk.record("read", _facts_of(draft))
    rules = desk.rules
    desk.record(
        "rules",
        {"name": rules.name, "version": rules.version, "sha256": rules.sha256, "source": rules.source},
    )
    problems = (*check_body(draft, rules), *(liquid.problems(draft) if _rendered(rules) else ()))
    if problems:
        return _parked(problems, desk)
    twin = desk.twin(draft.body_sha256)
    if twin is not None:
        desk.record("duplicate", {"post": twin, "note": "a post with the same body exists; nothing is published"})
        return Duplicate(twin)
    local = local_to(rules, arrived)
    # Python compares two times in one zone by what the clock shows, which in autumn shows an hour twice.
    now = now.astimezone(dt.UTC)
    told = hold(draft, local.tzinfo)
    if isinstance(told, Problem):
        return _parked((told,), desk)
    if told is not None and told > now:
        return _held(told, "the draft says so", desk)
    due = post_date(draft, local)
    if isinstance(due, Problem):
        return _parked((due,), desk)
    if desk.hold_future and due.moment > now:
        return _held(due.moment, f"{due.origin} lies in the future", desk)
    return draft


def finish(draft: Draft, desk: Desk, *, arrived: dt.datetime) -> Finished | Parked:
    """Digest, propose, check, compose. Raises what the Proposer raises."""
    near = desk.recall(draft)
    desk.record("recalled", _near(near))
    return answered(draft, plan(desk.rules, discreet(draft), near), near, desk, arrived=arrived)


def answered(
    draft: Draft, asks: tuple[Ask, ...], near: Neighbours, desk: Desk, *, arrived: dt.datetime
) -> Finished | Parked:
    """The post with these questions answered. Raises what the Proposer raises."""
    seen = discreet(draft)
    shown = digest(seen.text, desk.budget)
    desk.record("digest", _shown(shown, asks))
    proposal = Proposal()
    if asks:
        request = Request(guidance(desk.rules), shown.text, (*_given(desk.rules, draft), *asks), draft.directives.hint)
        proposal = desk.proposer.propose(request, desk.keep_going)
        desk.record("proposed", _suggested(proposal))
        proposal = _tried_again(request, proposal, seen, desk)
    metadata = check(proposal, seen, desk.rules, near, arrived=arrived)
    if not isinstance(metadata, Metadata):
        return _parked(metadata, desk)
    desk.record("checked", _decided(metadata))
    note = creation_note(desk.rules, draft, metadata, proposal)
    post = Post(metadata.filename, compose(draft, metadata, note))
    desk.record("composed", {"filename": post.filename, "bytes": len(post.content), "sha256": post.sha256})
    return Finished(draft, shown, proposal, metadata, post)


def _rendered(rules: Rules) -> bool:
    """Whether Jekyll runs what looks like Liquid in the bodies of posts."""
    switch = rules.fields.get(liquid.SWITCH)
    return not (isinstance(switch, ConstantRule) and switch.value is False and switch.when is None)


def discreet(draft: Draft) -> Draft:
    """The draft as model and rules get to see it: what looks like a key or a password is hidden. The post has it."""
    text = hidden(draft.text)
    return draft if text == draft.text else replace(draft, body=text.encode("utf-8"))


def _tried_again(request: Request, proposal: Proposal, draft: Draft, desk: Desk) -> Proposal:
    """Ask again for the texts that cannot be used, begun in another way; all others stay."""
    refusals: dict[str, tuple[str, ...]] = {}
    for _ in range(SECOND_TRIES):
        problems = refused(proposal, draft, desk.rules)
        if not problems:
            break
        desk.record("refused", {"problems": [asdict(problem) for problem in problems]})
        wrong = [str(problem.field) for problem in problems]
        refusals |= {field: (*refusals.get(field, ()), proposal.texts[field]) for field in wrong}
        asks = _once_more(request.asks, proposal.texts, {field: refusals[field] for field in wrong})
        again = desk.proposer.propose(replace(request, asks=asks), desk.keep_going)
        desk.record("proposed", _suggested(again))
        proposal = replace(proposal, texts={**proposal.texts, **again.texts})
    return proposal


def _once_more(
    asks: tuple[Ask, ...], texts: Mapping[str, str], refusals: Mapping[str, tuple[str, ...]]
) -> tuple[Ask, ...]:
    """The questions behind the wrong texts again, with what is known by now as given; those for terms are answered."""
    return tuple(
        ask
        if ask.given is not None
        else replace(ask, refused=refusals[ask.field])
        if ask.field in refusals
        else replace(ask, given=texts[ask.field])
        for ask in asks
        if ask.given is not None or ask.field in texts
    )


def _given(rules: Rules, draft: Draft) -> tuple[Ask, ...]:
    """What the author wrote, as lines the model finds already filled in."""
    return tuple(Ask(label, "text", label, "any", 0, 0, given=hidden(value)) for label, value in known(rules, draft))


def _held(until: dt.datetime, note: str, desk: Desk) -> Held:
    desk.record("held", {"until": until.isoformat(), "note": note})
    return Held(until)


def _parked(problems: tuple[Problem, ...], desk: Desk) -> Parked:
    problems = tuple(replace(problem, message=hidden(problem.message)) for problem in problems)
    desk.record("parked", {"problems": [asdict(problem) for problem in problems]})
    return Parked(problems)


def _facts_of(draft: Draft) -> dict[str, object]:
    tags = [name for name, _ in liquid.read(draft.text).unknown]
    return {
        "bytes": len(draft.raw),
        "body_bytes": len(draft.body),
        "chars": len(draft.text),
        "sha256": draft.sha256,
        "body_sha256": draft.body_sha256,
        "fields": list(draft.fields),
        **({"tags": tags} if tags else {}),
    }


def _near(near: Neighbours) -> dict[str, object]:
    posts = [{"post": post.path, "share": round(post.share, 3)} for post in near.posts]
    return {"posts": posts, "of": near.count}


def _shown(shown: Digest, asks: tuple[Ask, ...]) -> dict[str, object]:
    return {
        "chars": len(shown.text),
        "tokens": shown.tokens,
        "source_chars": shown.source_chars,
        "asked": [ask.field for ask in asks if ask.given is None],
    }


def _suggested(proposal: Proposal) -> dict[str, object]:
    terms = {field: [o.name for o in opinions if o.written] for field, opinions in proposal.terms.items()}
    return {
        "model": proposal.model or "none",
        "mode": proposal.mode or "-",
        "values": entry.texts(proposal.texts, {field: names for field, names in terms.items() if names}),
        "usage": asdict(proposal.usage),
    }


def _decided(metadata: Metadata) -> dict[str, object]:
    rows = [
        {
            **asdict(decision),
            "value": plain(decision.value),
            "changes": list(decision.changes),
            "evidence": list(decision.evidence),
        }
        for decision in metadata.decisions
    ]
    return {"decisions": rows, "queued": [list(pair) for pair in metadata.queued]}


def plain(value: object) -> object:
    """A YAML value as JSON knows it: dates become text."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value
