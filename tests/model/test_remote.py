"""A server elsewhere: every way in which one can be busy, away, wrong, slow, talkative or strict."""

from __future__ import annotations

import html
import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from pydantic import SecretStr

from blogmetad.model.proposal import ModelUnavailable, Withdrawn, WorkerLost
from blogmetad.model.remote import connection
from blogmetad.model.remote.proposer import Remote
from blogmetad.model.remote.session import RemoteOptions
from blogmetad.values import Ask, Candidate, Proposal, Request
from tests.scripted_server import GOOD, Reply, Scripted, good, refused, said, scripted

TITLE = Ask("title", "text", "Title", "en", 10, 60, hint="what the post is about")
DESCRIPTION = Ask("description", "text", "Description", "en", 20, 160, sentences=True)
TAGS = Ask("tags", "terms", "Tags", "en", 1, 3, tuple(map(Candidate, ("sqlite", "database", "life"))), lower=True)
REQUEST = Request(
    "Titles are short.", "## 预写日志\n\nSQLite 把每次提交追加到一个单独的文件。", (TITLE, DESCRIPTION, TAGS)
)
KEY = "sk-test-Geheim-0123456789abcdef"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits a hundredth as long."""
    monkeypatch.setattr(connection, "FIRST_WAIT", 0.005)


@contextmanager
def remote(server: Scripted | str, **options: Any) -> Iterator[Remote]:
    url = server if isinstance(server, str) else server.url
    made = Remote(replace(RemoteOptions(url, timeout=10.0), **options))
    try:
        yield made
    finally:
        made.unload()


def propose(server: Scripted | str, request: Request = REQUEST, **options: Any) -> Proposal:
    with remote(server, **options) as made:
        return made.propose(request, lambda: True)


def test_a_proposal_has_texts_opinions_model_and_cost() -> None:
    usage = {
        "prompt_tokens": 120,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 100},
        "completion_tokens_details": {"reasoning_tokens": 7},
    }
    with scripted(said(json.dumps(GOOD), usage=usage)) as server:
        proposal = propose(server)
    assert proposal.texts == {"title": GOOD["title"], "description": GOOD["description"]}
    scores = {opinion.name: opinion.score for opinion in proposal.terms["tags"]}
    assert list(scores) == ["sqlite", "database", "life"]
    assert scores["sqlite"] > scores["database"] > 0 > scores["life"]
    assert (proposal.model, proposal.mode) == ("qwen3-8b", "server")
    assert (proposal.usage.prompt_tokens, proposal.usage.reused_tokens) == (20, 100)
    assert (proposal.usage.output_tokens, proposal.usage.thinking_tokens) == (30, 7)
    assert proposal.usage.seconds > 0


def test_the_request_holds_the_post_the_wishes_and_a_strict_schema_with_thinking_off() -> None:
    with scripted(good()) as server:
        propose(server, key=SecretStr(KEY))
    (asked,) = server.asked
    assert server.keys == [f"Bearer {KEY}"]
    assert asked["model"] == "qwen3-8b"
    system, user = (message["content"] for message in asked["messages"])
    assert "Titles are short." in system
    assert user.index("预写日志") < user.index("title (in English; what the post is about; at most 60 characters)")
    assert "sqlite, database, life" in user
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert asked["temperature"] == 0
    form = asked["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
    schema = form["json_schema"]["schema"]
    assert schema["required"] == ["title", "description", "tags"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["tags"]["items"]["enum"] == ["sqlite", "database", "life"]


def test_thinking_is_asked_for_with_room_for_it() -> None:
    with scripted(good()) as server:
        propose(server)
        propose(server, thinking=1024)
    without, with_it = server.asked
    assert with_it["chat_template_kwargs"] == {"enable_thinking": True}
    assert with_it["max_tokens"] == without["max_tokens"] + 1024


def test_a_busy_server_is_asked_again_after_as_long_as_it_says() -> None:
    with scripted(refused(429, "slow down", **{"Retry-After": "1"}), good()) as server:
        assert propose(server).texts["title"] == GOOD["title"]
    assert server.times[1] - server.times[0] >= 1.0


def test_a_server_that_fails_for_a_moment_is_asked_again() -> None:
    with scripted(refused(500, "oops"), refused(503, "loading model"), refused(502, "bad gateway"), good()) as server:
        assert propose(server).texts["title"] == GOOD["title"]
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_stays_busy_is_unavailable(status: int) -> None:
    with scripted(refused(status, "not now")) as server:
        with pytest.raises(ModelUnavailable, match=f"answered {status}: .*not now"):
            propose(server, retries=2)
        assert len(server.asked) == 3


def test_a_server_that_wants_a_long_wait_is_not_waited_for() -> None:
    began = time.monotonic()
    with scripted(refused(429, "quota", **{"Retry-After": "3600"})) as server:
        with pytest.raises(ModelUnavailable, match="429"):
            propose(server)
        assert len(server.asked) == 1
    assert time.monotonic() - began < 5


def test_a_server_that_fails_over_every_form_of_a_draft_loses_it() -> None:
    too_long = refused(500, "tokens exceed the context window")
    told = r"does not take the request \(500\): .*context window"
    with scripted(too_long) as server, pytest.raises(WorkerLost, match=told):
        propose(server, retries=0)


def test_a_server_that_nobody_listens_at_is_unavailable() -> None:
    with scripted(good()) as server:
        url = server.url
    with remote(url, retries=1) as made:
        for call in (made.prepare, lambda keep_going: made.propose(REQUEST, keep_going)):
            with pytest.raises(ModelUnavailable, match="cannot be reached"):
                call(lambda: True)


def test_a_server_that_went_away_is_noticed_before_the_next_draft() -> None:
    with scripted(good(), refused(503, "shutting down")) as server, remote(server, retries=0) as made:
        made.propose(REQUEST, lambda: True)
        made.prepare(lambda: True)
        assert server.looked == 1
        with pytest.raises(ModelUnavailable):
            made.propose(REQUEST, lambda: True)
        made.prepare(lambda: True)
        assert server.looked == 2


def test_a_connection_that_breaks_in_an_answer_is_tried_again() -> None:
    whole = good()
    with scripted(replace(whole, cut=40), Reply(cut=-1), whole) as server:
        assert propose(server).texts["title"] == GOOD["title"]
    assert len(server.asked) == 3


def test_a_draft_over_which_the_connection_always_breaks_is_lost_and_does_not_wait_for_ever() -> None:
    with scripted(Reply(cut=-1)) as server, pytest.raises(WorkerLost, match="broke off") as caught:
        propose(server, retries=1)
    assert caught.value.alone


def test_a_slow_answer_is_not_waited_for_longer_than_configured() -> None:
    began = time.monotonic()
    with scripted(replace(good(), delay=3.0)) as server, pytest.raises(WorkerLost, match="no answer within 1 sec"):
        propose(server, timeout=0.6)
    assert time.monotonic() - began < 2.5


def test_a_request_that_is_no_longer_wanted_ends_at_once() -> None:
    went_away = threading.Event()

    def slow(*_: Any) -> Reply:
        went_away.wait(5)
        return good()

    began = time.monotonic()
    with scripted(script=slow) as server, remote(server) as made:
        with pytest.raises(Withdrawn):
            made.propose(REQUEST, lambda: time.monotonic() - began < 0.3)
        assert time.monotonic() - began < 0.9
        went_away.set()
        assert made.propose(REQUEST, lambda: True).texts["title"] == GOOD["title"]


def test_the_wait_for_a_busy_server_ends_at_once_too() -> None:
    began = time.monotonic()
    busy = refused(503, "wait", **{"Retry-After": "60"})
    with scripted(busy) as server, remote(server) as made, pytest.raises(Withdrawn):
        made.propose(REQUEST, lambda: time.monotonic() - began < 0.3)
    assert time.monotonic() - began < 1.5


def test_unloading_ends_what_is_in_flight() -> None:
    with scripted(replace(good(), delay=3.0)) as server:
        made = Remote(RemoteOptions(server.url))
        ended: list[BaseException] = []

        def ask() -> None:
            try:
                made.propose(REQUEST, lambda: True)
            except Withdrawn as withdrawn:
                ended.append(withdrawn)

        asking = threading.Thread(target=ask)
        asking.start()
        while not server.asked:
            time.sleep(0.01)
        began = time.monotonic()
        made.unload()
        asking.join()
        assert ended
        assert time.monotonic() - began < 1.5


def test_no_more_requests_are_in_flight_than_configured_and_each_gets_its_own_answer() -> None:
    def echo(asked: dict[str, Any], _: int) -> Reply:
        mark = asked["messages"][1]["content"].split(";")[0]
        return replace(good(title=f"The Post Number {mark}"), delay=0.1)

    found: dict[int, str] = {}
    with scripted(script=echo) as server, remote(server, parallel=3) as made:

        def ask(number: int) -> None:
            found[number] = made.propose(replace(REQUEST, text=f"{number}; 正文"), lambda: True).texts["title"]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.most_busy == 3
    assert found == {number: f"The Post Number {number}" for number in range(12)}


@pytest.mark.parametrize(
    "nonsense",
    [
        *("", "Sure! Here is the metadata you wanted.", "{", "[]", "null", '"title"', "{}" * 200, "[" * 100_000),
        *('{"title": 5, "description": null, "tags": "sqlite"}', '{"titel": "Wie ein Log funktioniert"}'),
    ],
)
def test_nonsense_is_asked_about_again_in_every_form_and_then_given_up(nonsense: str) -> None:
    with scripted(said(nonsense)) as server:
        with pytest.raises(WorkerLost, match="answer"):
            propose(server)
        assert 4 <= len(server.asked) <= 8


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{}]}'])
def test_what_is_no_completion_is_lost(body: bytes) -> None:
    with scripted(Reply(body=body)) as server, pytest.raises(WorkerLost, match="no chat completion"):
        propose(server)


def test_an_error_inside_a_success_is_told() -> None:
    error = Reply(body=b'{"error": {"message": "the provider is down"}}')
    with scripted(error) as server, pytest.raises(WorkerLost, match="the provider is down"):
        propose(server)


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    with scripted(Reply(body=b"x" * (connection.LONGEST + 1))) as server, pytest.raises(WorkerLost, match="4 MiB"):
        propose(server)


def test_an_answer_that_ran_out_of_tokens_is_told_as_such() -> None:
    unfinished = said('{"title": "How a Write-Ahead Log', finish="length")
    with scripted(unfinished) as server, pytest.raises(WorkerLost, match="ran out of tokens"):
        propose(server)


def test_a_web_page_is_no_server() -> None:
    page = Reply(body=b"<html>Open WebUI</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    with scripted(page) as server, pytest.raises(ModelUnavailable, match=r"web page.*\[server\] url"):
        propose(server)
    with (
        scripted(good(), on_models=page) as server,
        remote(server) as made,
        pytest.raises(ModelUnavailable, match="web page"),
    ):
        made.prepare(lambda: True)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_missing_or_wrong_is_told_apart(status: int) -> None:
    with scripted(good(), on_models=refused(status, "Unauthorized")) as server:
        with pytest.raises(ModelUnavailable, match="a key is wanted"):
            propose(server)
        with pytest.raises(ModelUnavailable, match="the key is refused: check key_variable"):
            propose(server, key=SecretStr(KEY))


def test_a_redirect_is_not_followed_so_that_the_key_stays_with_its_server() -> None:
    away = Reply(307, headers={"Location": "http://127.0.0.1:9/v1/chat/completions"})
    with scripted(away) as server, pytest.raises(ModelUnavailable, match="sends elsewhere"):
        propose(server, key=SecretStr(KEY))


def test_an_unknown_model_is_told_with_those_there_are() -> None:
    there = ("qwen3-4b", "qwen3-32b")
    told = "has no model 'qwen3-8b'; it has qwen3-4b, qwen3-32b"
    with scripted(refused(404, "?"), models=there) as server, pytest.raises(ModelUnavailable, match=told):
        propose(server, model="qwen3-8b")


def test_a_server_with_several_models_wants_one_named() -> None:
    with scripted(good(), models=("qwen3-4b", "qwen3-32b")) as server:
        with pytest.raises(ModelUnavailable, match=r"several models \(qwen3-4b, qwen3-32b\): name one"):
            propose(server)
        assert propose(server, model="qwen3-32b").model == "qwen3-32b"


def test_of_a_server_with_hundreds_of_models_a_few_are_named() -> None:
    many = [f"qwen3-{number}\x1b[2J" for number in range(300)]
    with scripted(good(), models=many) as server, pytest.raises(ModelUnavailable, match="and 288 more") as caught:
        propose(server)
    assert len(str(caught.value)) < 400
    assert "\x1b" not in str(caught.value)


def test_a_server_that_lists_no_models_is_asked_for_the_one_named() -> None:
    with scripted(good(), on_models=refused(404, "not here")) as server:
        assert propose(server, model="qwen3-8b").model == "qwen3-8b"
        with pytest.raises(ModelUnavailable, match="name one"):
            propose(server)


def test_a_path_without_chat_completions_is_told() -> None:
    with scripted(good()) as server, pytest.raises(ModelUnavailable, match="mostly ends in /v1"):
        propose(server.url.removesuffix("/v1"), model="qwen3-8b")


def only(*accepted: str) -> Callable[[dict[str, Any], int], Reply]:
    """A server that answers in these forms and refuses all others."""

    def script(asked: dict[str, Any], _: int) -> Reply:
        form = asked.get("response_format", {"type": "none"})
        schema = form.get("schema") or form.get("json_schema", {}).get("schema")
        bare = schema is not None and "pattern" not in schema["properties"]["title"]
        name = form["type"] + ("+schema" if "schema" in form else "") + ("+bare" if bare else "")
        return good() if name in accepted else refused(400, f"response_format {name} is not supported")

    return script


@pytest.mark.parametrize("form", ["json_schema", "json_object+schema", "json_schema+bare", "json_object", "none"])
def test_the_form_a_server_takes_is_found_and_remembered(form: str) -> None:
    with scripted(script=only(form)) as server, remote(server) as made:
        made.propose(REQUEST, lambda: True)
        first = len(server.asked)
        made.propose(REQUEST, lambda: True)
        assert len(server.asked) == first + 1


def test_a_server_that_ignores_a_form_is_asked_in_the_next_one_and_not_in_that_one_again() -> None:
    def script(asked: dict[str, Any], _: int) -> Reply:
        obeys = "schema" in asked["response_format"]
        return good() if obeys else good(title="预写日志如何工作", mood="happy")

    with scripted(script=script) as server, remote(server) as made:
        for _ in range(3):
            assert made.propose(REQUEST, lambda: True).texts["title"] == GOOD["title"]
        assert [asked["response_format"]["type"] for asked in server.asked] == ["json_schema"] + ["json_object"] * 3


def test_one_slip_of_a_server_that_obeys_does_not_loosen_the_form() -> None:
    with scripted(good(), good(tags=["unheard-of"]), good()) as server, remote(server) as made:
        for _ in range(3):
            made.propose(REQUEST, lambda: True)
        assert {asked["response_format"]["type"] for asked in server.asked} == {"json_schema"}
        assert [asked["temperature"] for asked in server.asked] == [0.0, 0.0, 0.7, 0.0]


@pytest.mark.parametrize(
    "content",
    [
        f"Here you are:\n```json\n{json.dumps(GOOD, indent=1)}\n```\nAnything else?",
        f"The {{post}} is about logs.\n{json.dumps(GOOD)}",
        json.dumps({"Title": GOOD["title"], "DESCRIPTION": GOOD["description"], "tags": "SQLite, database"}),
    ],
)
def test_json_between_words_is_found_where_no_schema_is_kept_to(content: str) -> None:
    with scripted(said(content)) as server:
        proposal = propose(server)
    assert proposal.texts == {"title": GOOD["title"], "description": GOOD["description"]}
    assert [o.name for o in proposal.terms["tags"] if o.score > 0] == ["sqlite", "database"]


@pytest.mark.parametrize("key", ["chat_template_kwargs", "seed", "temperature", "max_tokens"])
def test_keys_a_server_does_not_know_are_left_out_from_then_on(key: str) -> None:
    def script(asked: dict[str, Any], _: int) -> Reply:
        return refused(400, f"Unrecognized request argument supplied: {key}") if key in asked else good()

    with scripted(script=script) as server, remote(server) as made:
        made.propose(REQUEST, lambda: True)
        made.propose(REQUEST, lambda: True)
    assert [key in asked for asked in server.asked] == [True, False, False]
    assert {asked["response_format"]["type"] for asked in server.asked} == {"json_schema"}
    assert ("max_completion_tokens" in server.asked[-1]) == (key == "max_tokens")


def test_a_server_that_does_not_say_which_key_it_refuses_is_asked_without_the_unusual_one() -> None:
    def script(asked: dict[str, Any], _: int) -> Reply:
        return refused(422, "extra inputs are not permitted") if "chat_template_kwargs" in asked else good()

    with scripted(script=script) as server:
        assert propose(server).texts["title"] == GOOD["title"]
    assert server.asked[-1]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("opened", ["<think>", "\n<think>\n", ""])
def test_thoughts_are_taken_off_and_counted(opened: str) -> None:
    thought = "这篇文章讲的是 {预写日志}。" * 20
    with scripted(said(f"{opened}{thought}</think>\n\n{json.dumps(GOOD)}")) as server:
        proposal = propose(server)
    assert proposal.texts["title"] == GOOD["title"]
    assert 0 < proposal.usage.thinking_tokens < proposal.usage.output_tokens


def test_a_title_about_think_tags_is_no_thought() -> None:
    with scripted(good(title="What </think> Means in Qwen3".replace("<", "(").replace(">", ")"))) as server:
        assert propose(server).texts["title"] == "What (/think) Means in Qwen3"
    with scripted(said(json.dumps(GOOD | {"title": "What </think> Means"}))) as server:
        assert propose(server).texts["title"] == "What </think> Means"
        assert propose(server).usage.thinking_tokens == 0


def test_thoughts_beside_the_answer_are_counted() -> None:
    with scripted(said(json.dumps(GOOD), reasoning_content="Hm. " * 100)) as server:
        assert propose(server).usage.thinking_tokens > 10


def test_a_model_that_thinks_unasked_gets_room_for_it() -> None:
    def script(asked: dict[str, Any], _: int) -> Reply:
        thinking = said("", finish="length", reasoning_content="Let me see. " * 50)
        return good() if asked["max_tokens"] > 4000 else thinking

    with scripted(script=script) as server, remote(server) as made:
        made.propose(REQUEST, lambda: True)
        made.propose(REQUEST, lambda: True)
        assert len(server.asked) == 3
    endless = said("<think>Let me see. ", finish="length")
    with scripted(endless) as server, pytest.raises(WorkerLost, match="went into thinking"):
        propose(server)


def test_what_is_known_and_what_was_refused_is_told_and_only_the_rest_is_asked_for() -> None:
    asks = (
        replace(TITLE, given="预写日志"),
        replace(DESCRIPTION, refused=("A post about logs.", "Logs, explained.")),
    )
    with scripted(said(json.dumps({"description": GOOD["description"]}))) as server:
        proposal = propose(server, replace(REQUEST, asks=asks))
    assert proposal.texts == {"description": GOOD["description"]}
    (asked,) = server.asked
    words = asked["messages"][1]["content"]
    assert "Title: 预写日志" in words
    assert '"A post about logs.", "Logs, explained."' in words
    assert asked["response_format"]["json_schema"]["schema"]["required"] == ["description"]
    assert asked["temperature"] > 0


def test_new_terms_have_a_lane_of_their_own() -> None:
    tags = replace(TAGS, new=True)
    with scripted(good(new_tags=["wal", "SQLite", "checkpoint"])) as server:
        opinions = propose(server, replace(REQUEST, asks=(TITLE, DESCRIPTION, tags))).terms["tags"]
    assert [o.name for o in opinions if o.written] == ["wal", "checkpoint"]
    assert [o.name for o in opinions if not o.written] == ["sqlite", "database", "life"]


def test_the_key_is_in_no_message_no_log_no_traceback_and_no_representation(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    options = RemoteOptions("http://127.0.0.1:9/v1", key=SecretStr(KEY), retries=1)
    replies = [
        refused(401, f"Incorrect API key provided: {KEY}"),
        refused(400, f"bad header Authorization: Bearer {KEY}"),
        refused(503, "x" * 290 + KEY),
        refused(302, f"gone with {KEY}", Location=f"http://127.0.0.1:9/{KEY}"),
        refused(404, f"no such key as {KEY}"),
        refused(503, "later", **{"Retry-After": KEY}),
        Reply(body=f'{{"error": "{KEY}"}}'.encode()),
        Reply(cut=-1),
    ]
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged:
        for reply in replies:
            with scripted(reply) as server, remote(server, key=SecretStr(KEY), retries=1) as made:
                with pytest.raises((ModelUnavailable, WorkerLost)) as caught:
                    made.propose(REQUEST, lambda: True)
                # Of the frames, all but this one; as a log of unexpected errors shows them on a terminal.
                caught.value.__traceback__ = caught.tb.tb_next
                shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
                assert "in _answer" in shown
                told += [shown, repr(caught.value), repr(vars(made)), repr(made)]
                assert server.keys[0] == f"Bearer {KEY}"
    output = capfd.readouterr()
    everything = "".join([*told, caplog.text, repr(logged), output.out, output.err, repr(options), str(options)])
    assert "server asked again" in everything
    for part in (KEY, KEY[:12], KEY[-12:]):
        assert part not in everything


@pytest.mark.parametrize("form", ["as it is", "as JSON", "as other JSON", "in an address", "in a page"])
def test_a_key_that_is_repeated_in_another_spelling_is_not_shown_either(form: str) -> None:
    key = "sk-\"a\\b/c+d=&<e>'f-0123456789"
    spelt = {
        "as it is": key,
        "as JSON": json.dumps(key),
        "as other JSON": json.dumps(key).replace("/", "\\/"),
        "in an address": f"https://server/?key={quote(key, safe='')}",
        "in a page": html.escape(key),
    }[form]
    reply = Reply(401, f"wrong key: {spelt}".encode(), {"Content-Type": "text/plain"})
    with scripted(reply) as server, pytest.raises(ModelUnavailable) as caught:
        propose(server, key=SecretStr(key))
    assert "wrong key: " in str(caught.value)
    assert "0123456789" not in str(caught.value)


def test_a_key_in_an_answer_gets_into_no_value() -> None:
    with scripted(good(title=f"How {KEY} Works in Practice")) as server:
        proposal = propose(server, key=SecretStr(KEY))
    assert proposal.texts["title"] == "How ... Works in Practice"
