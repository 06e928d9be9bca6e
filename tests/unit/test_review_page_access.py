"""Who is let in to the review page, and who is not: told from what a request says of who sends it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad.cli.review.page import words
from blogmetad.cli.review.page.access import Asked, Door, Refusal, hosts, stranger
from blogmetad.cli.review.page.words import WORDS, preferred, say
from blogmetad.journal.page import words as journal

PORT = 43817
STATES = ("queued", "running", "done", "failed")
HOST = f"127.0.0.1:{PORT}"
READ = Asked("GET", (HOST,), site="same-origin")
WRITE = Asked("POST", (HOST,), f"http://{HOST}", "same-origin")


@pytest.mark.parametrize(
    "asked",
    [
        READ,
        WRITE,
        replace(READ, site=None),
        replace(READ, site="none"),
        replace(READ, method="HEAD"),
        replace(WRITE, site=None),
        replace(WRITE, origin="null"),
        replace(WRITE, origin=None),
        Asked("POST", (f"localhost:{PORT}",), f"http://localhost:{PORT}", "same-origin"),
    ],
)
def test_the_page_itself_and_its_user_are_let_in(asked: Asked) -> None:
    assert stranger(asked, PORT) is None


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("",),
        ("127.0.0.1",),
        ("localhost",),
        ("127.0.0.1:80",),
        (f"127.0.0.2:{PORT}",),
        (f"[::1]:{PORT}",),
        (f"evil.example:{PORT}",),
        (f"127.0.0.1.evil.example:{PORT}",),
        (f"博客.example:{PORT}",),
        (f"LOCALHOST:{PORT}",),
        (f"127.0.0.1:{PORT}.",),
        (f"user@127.0.0.1:{PORT}",),
        (HOST, HOST),
        (HOST, "evil.example"),
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(names: tuple[str, ...]) -> None:
    for asked in (READ, WRITE):
        assert stranger(replace(asked, hosts=names), PORT) == Refusal(421, "wrong host")
        assert stranger(replace(asked, hosts=names), PORT, entrance=True) == Refusal(421, "wrong host")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN", "whatever"])
def test_another_page_is_refused_also_one_of_another_port_of_this_machine(site: str) -> None:
    for asked in (READ, WRITE):
        assert stranger(replace(asked, site=site), PORT) == Refusal(403, "other page")


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("http://evil.example", "same-origin"),
        ("http://evil.example", None),
        (f"http://localhost:{PORT}", None),
        (f"https://{HOST}", None),
        (f"http://{HOST}.evil.example", None),
        (f"http://{HOST}/", None),
        ("http://127.0.0.1:1", None),
        ("null", None),
        ("null", "none"),
        (None, None),
        (None, "none"),
        ("", "same-origin"),
    ],
)
def test_a_form_of_another_page_is_refused(origin: str | None, site: str | None) -> None:
    assert stranger(replace(WRITE, origin=origin, site=site), PORT) == Refusal(403, "other page")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", ""])
def test_nothing_but_reading_and_forms_is_answered_so_no_page_is_told_that_it_may(method: str) -> None:
    assert stranger(replace(WRITE, method=method), PORT) == Refusal(405, "no such method")


def test_a_link_from_anywhere_leads_to_the_entrance_but_no_browser_goes_there_by_itself() -> None:
    link = replace(READ, site="cross-site")
    assert stranger(link, PORT, entrance=True) is None
    assert stranger(replace(link, ahead=True), PORT, entrance=True) == Refusal(403, "too early")
    assert stranger(replace(READ, ahead=True), PORT) is None
    assert stranger(replace(WRITE, origin="http://evil.example"), PORT, entrance=True) == Refusal(403, "other page")


def test_the_usual_port_need_not_be_said() -> None:
    assert "localhost" in hosts(80)
    assert "localhost" not in hosts(PORT)


def test_the_token_opens_once() -> None:
    door = Door()
    assert not door.knows(None)
    for wrong in ("", "x", "博客", "\udce9", door.token[:-1], f"{door.token} ", door.token.swapcase()):
        assert door.open(wrong) is None
    session = door.open(door.token)
    assert session is not None
    assert door.knows(session)
    assert door.open(door.token) is None


def test_nobody_is_known_before_the_token_was_brought() -> None:
    door = Door()
    assert not door.knows(door._session)


def test_a_session_is_neither_guessed_nor_that_of_another_page() -> None:
    door, other = Door(), Door()
    session = door.open(door.token)
    assert session is not None
    for wrong in (None, "", "博客", session[:-1], other.open(other.token), door.token, door.seal):
        assert not door.knows(wrong)
    assert door.sealed(door.seal)
    for seal in ("", other.seal, session, "封"):
        assert not door.sealed(seal)
    assert len({door.place, other.place, door.token, session, door.seal}) == 5


@pytest.mark.parametrize(
    ("accepted", "tongue"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en,zh", "en"),
        ("de-DE,de;q=0.9,zh;q=0.5", "zh"),
        ("de", "en"),
        ("," * 10_000, "en"),
    ],
)
def test_the_page_speaks_what_the_browser_asks_for_first(accepted: str, tongue: str) -> None:
    assert preferred(accepted) == tongue


def test_words_of_the_journal_are_known_too() -> None:
    assert say("why", "zh") == "依据"
    assert (say("posts", "en", n=1), say("posts", "en", n=2), say("posts", "zh", n=2)) == ("1 post", "2 posts", "2 篇")


def test_every_word_of_the_page_is_there_in_both_languages_and_used() -> None:
    own = Path(words.__file__).parent
    files = [*own.glob("templates/*.html"), *(file for file in own.glob("*.py") if file.name != "words.py")]
    text = "".join(file.read_text("utf-8") for file in files)
    composed = {f"{act} {state}" for act in ("approve", "revise", "undo") for state in STATES}
    composed |= {f"take back {what}{state}" for what in ("", "offered ") for state in ("waiting", "published")}
    said = set(re.findall(r'say\("([\w ]*\w)"', text))
    assert said - set(WORDS) - set(journal.WORDS) == set()
    assert {key for key in WORDS if f'"{key}"' not in text} == composed
    for english, chinese in WORDS.values():
        holes = [set(re.findall(r"{(\w+)}", each)) for each in (*english.split("|"), chinese)]
        assert all(each == holes[-1] for each in holes), english
