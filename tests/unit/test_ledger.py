from __future__ import annotations

import datetime as dt
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogmetad.journal.ledger import Job, Ledger, LedgerError, LedgerGone, State
from blogmetad.values import Problem

NOW = dt.datetime(2025, 4, 29, 10, 30, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=1)
SHA = "abcdef" + "0" * 58


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger(path) as opened:
        yield opened


def take_up(ledger: Ledger, name: str = "草稿.md", sha256: str = SHA) -> Job:
    return ledger.open_job(name, sha256, "b" * 64, 42, NOW, NOW, NOW)


def test_a_new_job_is_accepted_and_named_after_the_day_and_its_hash(ledger: Ledger) -> None:
    job = take_up(ledger)

    assert job.id == "20250429-abcdef"
    assert (job.state, job.attempts, job.name, job.size) == (State.ACCEPTED, 0, "草稿.md", 42)
    assert job.arrived == NOW
    assert job.arrived.tzinfo is dt.UTC
    assert ledger.get(job.id) == job


def test_a_taken_id_gets_a_number(ledger: Ledger) -> None:
    ids = [take_up(ledger).id for _ in range(3)]

    assert ids == ["20250429-abcdef", "20250429-abcdef-2", "20250429-abcdef-3"]


def test_everything_survives_closing_and_opening(path: Path) -> None:
    problems = (Problem("title.language", "标题必须是英文。", "title"),)
    with Ledger(path) as ledger:
        take_up(ledger)
        ledger.move(
            "20250429-abcdef",
            State.HELD,
            LATER,
            target="2025-04-29-因果.md",
            post_sha256="c" * 64,
            until=LATER,
            problems=problems,
            entry="记录.md",
            entry_sha256="d" * 64,
        )
    with Ledger(path) as ledger:
        job = ledger.get("20250429-abcdef")

    assert job is not None
    assert (job.state, job.target, job.post_sha256) == (State.HELD, "2025-04-29-因果.md", "c" * 64)
    assert (job.until, job.updated, job.problems) == (LATER, LATER, problems)
    assert (job.entry, job.entry_sha256) == ("记录.md", "d" * 64)


def test_what_is_not_given_stays_and_what_is_none_is_cleared(ledger: Ledger) -> None:
    job = take_up(ledger)
    ledger.move(job.id, State.HELD, NOW, target="a.md", until=LATER)

    moved = ledger.move(job.id, "accepted", LATER, until=None)

    assert (moved.state, moved.target, moved.until) == (State.ACCEPTED, "a.md", None)


def test_a_name_that_is_not_valid_text_is_kept(ledger: Ledger) -> None:
    name = b"\xff\xfe.md".decode("utf-8", "surrogateescape")

    job = take_up(ledger, name)

    assert ledger.latest(name) == job


def test_times_are_kept_in_utc(ledger: Ledger) -> None:
    shanghai = dt.datetime(2025, 4, 30, 1, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))

    job = ledger.open_job("a.md", SHA, SHA, 1, shanghai, shanghai, NOW)

    assert job.arrived == shanghai
    assert job.arrived.utcoffset() == dt.timedelta(0)


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="time zone"):
        ledger.open_job("a.md", SHA, SHA, 1, NOW, NOW, NOW.replace(tzinfo=None))

    assert ledger.jobs() == ()


def test_an_unknown_state_is_refused(ledger: Ledger) -> None:
    job = take_up(ledger)

    with pytest.raises(ValueError, match="lost"):
        ledger.move(job.id, "lost", NOW)


def test_an_unknown_job_is_a_key_error(ledger: Ledger) -> None:
    for change in (
        lambda: ledger.move("no", State.DONE, NOW),
        lambda: ledger.attempt("no", NOW),
        lambda: ledger.step("no", "read", {}, NOW),
    ):
        with pytest.raises(KeyError, match="no"):
            change()


def test_attempts_are_counted(ledger: Ledger) -> None:
    job = take_up(ledger)

    ledger.attempt(job.id, LATER)

    assert ledger.attempt(job.id, LATER).attempts == 2


def test_an_attempt_is_committed_at_once(ledger: Ledger, path: Path) -> None:
    job = take_up(ledger)
    ledger.attempt(job.id, NOW)

    with Ledger.open_readonly(path) as reader:
        seen = reader.get(job.id)

    assert seen is not None
    assert seen.attempts == 1


def test_steps_come_back_in_order_with_their_facts(ledger: Ledger) -> None:
    job = take_up(ledger)
    ledger.step(job.id, "read", {"fields": ["title"], "标题": "因果"}, NOW)
    ledger.step(job.id, "checked", {"ok": True}, LATER)

    first, second = ledger.steps(job.id)

    assert (first.at, first.name, first.data) == (NOW, "read", {"fields": ["title"], "标题": "因果"})
    assert (second.at, second.name, second.data) == (LATER, "checked", {"ok": True})


def test_jobs_are_found_by_either_end_of_the_id_and_wildcards_are_letters(ledger: Ledger) -> None:
    one, two = take_up(ledger), take_up(ledger, sha256="123456" + "0" * 58)

    assert ledger.find("123456") == (two,)
    assert ledger.find("20250429") == (two, one)
    assert ledger.find("%") == ledger.find("") == ledger.find("0429") == ()


def test_jobs_are_listed_by_state_and_age(ledger: Ledger) -> None:
    one, two, three = (take_up(ledger, f"{n}.md") for n in range(3))
    two = ledger.move(two.id, State.PARKED, LATER)

    assert ledger.jobs() == (three, two, one)
    assert ledger.jobs(newest_first=False, limit=2) == (one, two)
    assert ledger.jobs(State.PARKED, State.HELD) == (two,)


def test_the_latest_job_of_a_draft_may_be_asked_for_one_version(ledger: Ledger) -> None:
    old, new = take_up(ledger), take_up(ledger, sha256="123456" + "0" * 58)

    assert ledger.latest("草稿.md") == new
    assert ledger.latest("草稿.md", SHA) == old
    assert ledger.latest("别的.md") is None


def test_a_transaction_is_all_or_nothing(ledger: Ledger) -> None:
    job = take_up(ledger)

    def fail() -> None:
        with ledger.transaction():
            ledger.step(job.id, "done", {}, NOW)
            ledger.move(job.id, State.DONE, NOW)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()

    assert ledger.get(job.id) == job
    assert ledger.steps(job.id) == ()


def test_a_transaction_that_sqlite_has_given_up_itself_is_over(ledger: Ledger) -> None:
    job = take_up(ledger)

    def give_up() -> None:
        with ledger.transaction():
            ledger.move(job.id, State.DONE, NOW)
            ledger._db.execute("ROLLBACK")  # as it does when the disk is full

    with pytest.raises(LedgerError, match="cannot commit"):
        give_up()

    assert ledger.get(job.id) == job
    assert ledger.attempt(job.id, NOW).attempts == 1


def test_a_reader_sees_a_transaction_only_when_it_ends(ledger: Ledger, path: Path) -> None:
    job = take_up(ledger)
    with Ledger.open_readonly(path) as reader:
        with ledger.transaction():
            ledger.move(job.id, State.DONE, NOW)
            during = reader.jobs(State.DONE)
        after = reader.jobs(State.DONE)

    assert (during, len(after)) == ((), 1)


def test_a_reader_cannot_write(ledger: Ledger, path: Path) -> None:
    job = take_up(ledger)
    with Ledger.open_readonly(path) as reader, pytest.raises(LedgerError, match="readonly"):
        reader.move(job.id, State.DONE, NOW)

    assert ledger.get(job.id) == job


def test_a_reader_does_not_create_a_ledger(path: Path) -> None:
    with pytest.raises(LedgerError, match=r"ledger\.sqlite3"):
        Ledger.open_readonly(path)

    assert not path.exists()


def test_several_threads_may_use_it_one_at_a_time(ledger: Ledger) -> None:
    job = take_up(ledger)
    threads = [threading.Thread(target=ledger.attempt, args=(job.id, NOW)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    again = ledger.get(job.id)
    assert again is not None
    assert again.attempts == 8


def test_a_file_that_is_no_database_is_named_with_what_to_do(path: Path) -> None:
    path.write_bytes("这不是数据库".encode() * 100)

    with pytest.raises(LedgerError, match="Start blogmetad again") as caught:
        Ledger(path)

    assert caught.value.corrupt
    assert str(path) in str(caught.value)


def test_a_foreign_database_is_refused_and_left_alone(path: Path) -> None:
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE recipes (name TEXT)")
    foreign.close()
    before = path.read_bytes()

    with pytest.raises(LedgerError, match="not a ledger of blogmetad"):
        Ledger(path)

    assert path.read_bytes() == before


def test_a_ledger_of_a_newer_version_is_refused_but_not_called_damaged(path: Path) -> None:
    Ledger(path).close()
    newer = sqlite3.connect(path)
    newer.execute("CREATE TABLE draft (name TEXT)")
    newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(LedgerError, match="newer version 99") as caught:
        Ledger(path)

    assert not caught.value.corrupt


def test_a_version_that_does_not_fit_the_tables_is_damage(path: Path) -> None:
    Ledger(path).close()
    flipped = sqlite3.connect(path)
    flipped.execute("PRAGMA user_version = 65537")
    flipped.close()

    with pytest.raises(LedgerError, match="65537") as caught:
        Ledger(path)

    assert caught.value.corrupt


@pytest.mark.parametrize("content", [b"", None], ids=["an empty file", "a database without tables"])
def test_a_ledger_that_is_just_being_made_is_an_empty_one_to_its_readers(path: Path, content: bytes | None) -> None:
    if content is None:
        sqlite3.connect(path).execute("PRAGMA journal_mode = WAL")
    else:
        path.write_bytes(content)

    with Ledger.open_readonly(path) as reader:
        assert reader.jobs() == ()
        assert reader.find("2025") == ()
        with pytest.raises(LedgerError, match="readonly"):
            take_up(reader)


def test_a_ledger_knows_whether_its_file_is_still_the_one_under_its_name(ledger: Ledger, path: Path) -> None:
    assert ledger.in_place()

    path.rename(path.with_name("weg"))
    assert not ledger.in_place()
    path.write_bytes(path.with_name("weg").read_bytes())
    assert not ledger.in_place()
    path.with_name("weg").replace(path)
    assert ledger.in_place()


def test_a_job_may_be_written_down_again_under_the_id_it_had(ledger: Ledger) -> None:
    job = ledger.open_job("草稿.md", SHA, SHA, 1, NOW, NOW, NOW, State.DONE, known_as="20240101-123456-2")

    assert job.id == "20240101-123456-2"
    assert job.state is State.DONE


def test_a_ledger_that_is_gone_says_so_and_is_not_called_damaged(path: Path) -> None:
    gone = LedgerGone(path)

    assert str(path) in str(gone)
    assert not gone.corrupt


def test_the_jobs_that_made_a_post_of_a_body_are_found_the_newest_first(ledger: Ledger) -> None:
    parked, done, waiting = (take_up(ledger, f"{name}.md") for name in "甲乙丙")
    for job, state in ((parked, State.PARKED), (done, State.DONE), (waiting, State.WAITING)):
        ledger.move(job.id, state, NOW)

    assert [job.id for job in ledger.done_with_body("b" * 64)] == [waiting.id, done.id]
    assert ledger.done_with_body("c" * 64) == ()


def test_the_newest_step_of_a_name_is_found_for_every_job_in_a_state(ledger: Ledger) -> None:
    one, two, other = (take_up(ledger, f"{name}.md") for name in "甲乙丙")
    for job, value in ((one, 1), (two, 2), (one, 3), (other, 4)):
        ledger.step(job.id, "proposed", {"value": value}, NOW)
    ledger.step(one.id, "checked", {"value": 5}, NOW)
    ledger.move(other.id, State.PARKED, NOW)

    assert [step.data["value"] for step in ledger.latest_steps("proposed", State.ACCEPTED)] == [3, 2]


def test_events_are_the_steps_of_all_jobs_in_the_order_they_were_written_down(ledger: Ledger) -> None:
    one, two = take_up(ledger, "甲.md"), take_up(ledger, "乙.md")
    for job, name in ((one, "read"), (two, "read"), (one, "checked")):
        ledger.note(job.id, name, {}, NOW)

    events = ledger.events()
    assert [(event.job, event.step.name) for event in events] == [
        (one.id, "read"),
        (two.id, "read"),
        (one.id, "checked"),
    ]
    assert ledger.events(latest=1) == events[-1:]
    assert ledger.events(events[0].serial) == events[1:]


def test_a_job_whose_newest_question_has_no_answer_is_unanswered(ledger: Ledger) -> None:
    one, two, _ = (take_up(ledger, f"{name}.md") for name in "甲乙丙")
    for job, name in ((one, "asked"), (two, "asked"), (one, "answered"), (two, "answered"), (two, "asked")):
        ledger.step(job.id, name, {}, NOW)

    assert ledger.unanswered("asked", "answered") == (two.id,)


def test_flipped_bytes_are_told_as_damage(path: Path) -> None:
    with Ledger(path) as ledger:
        for number in range(50):
            take_up(ledger, f"{number}.md")
    damaged = bytearray(path.read_bytes())
    damaged[4096:8192] = bytes(byte ^ 0xFF for byte in damaged[4096:8192])
    path.write_bytes(damaged)

    with pytest.raises(LedgerError) as caught:
        Ledger(path)

    assert caught.value.corrupt


def test_a_flipped_value_is_told_as_damage_too(path: Path) -> None:
    with Ledger(path) as ledger:
        take_up(ledger)
    path.write_bytes(path.read_bytes().replace(b"accepted", b"acceptex"))

    with Ledger(path) as ledger, pytest.raises(LedgerError) as caught:
        ledger.jobs()

    assert caught.value.corrupt


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", b"../../etc/passwd"),
        ("name", b"/etc/passwd"),
        ("target", b"a\0.md"),
        ("entry", "文.md"),
        ("arrived", "2025-04-29T10:30:00"),
        ("attempts", "drei"),
        ("sha256", b"bytes"),
    ],
)
def test_a_value_no_ledger_has_written_is_damage_and_leads_nowhere(path: Path, column: str, value: object) -> None:
    with Ledger(path) as ledger:
        take_up(ledger)
        ledger._db.execute(f"UPDATE job SET {column} = ?", (value,))
        with pytest.raises(LedgerError, match="damaged"):
            ledger.jobs()


@pytest.mark.parametrize(("column", "value"), [("data", "[]"), ("data", "{"), ("name", b"read"), ("at", "gestern")])
def test_a_step_no_ledger_has_written_is_damage(path: Path, column: str, value: object) -> None:
    with Ledger(path) as ledger:
        job = take_up(ledger)
        ledger.step(job.id, "read", {}, NOW)
        ledger._db.execute(f"UPDATE step SET {column} = ?", (value,))
        for look in (ledger.read_all, lambda: ledger.steps(job.id)):
            with pytest.raises(LedgerError, match="damaged"):
                look()


def test_a_flipped_bit_anywhere_is_damage_or_does_no_harm(path: Path) -> None:
    with Ledger(path) as ledger:
        for number in range(3):
            job = take_up(ledger, f"稿{number}.md")
            ledger.step(job.id, "parked", {"标题": "因果"}, NOW)
            ledger.move(job.id, State.PARKED, LATER, target="a.md", problems=(Problem("a", "b", "c"),), entry="e.md")
    whole = path.read_bytes()
    header, rest = range(0, 800, 3), range(800, 8 * len(whole))
    outcomes = Counter[str]()
    for bit in [*header, *random.Random(20250429).sample(rest, 300)]:
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            with Ledger.open_readonly(path) as ledger:
                ledger.read_all()
            outcomes["harmless"] += 1
        except LedgerError as error:
            outcomes["damage" if error.corrupt else str(error)] += 1
    assert set(outcomes) == {"harmless", "damage"}
    assert min(outcomes.values()) > 50


def test_what_was_noted_is_read_in_its_order_and_outlives_the_process(ledger: Ledger, path: Path) -> None:
    job = take_up(ledger)
    ledger.note(job.id, "read", {"chars": 6}, NOW)
    ledger.step(job.id, "decided", {"title": "断电"}, NOW)
    ledger.note(job.id, "composed", {}, NOW)
    assert [step.name for step in ledger.steps(job.id)] == ["read", "decided", "composed"]
    ledger.note(job.id, "写下", {}, NOW)
    ledger.close()
    with Ledger.open_readonly(path) as later:
        assert [step.name for step in later.steps(job.id)] == ["read", "decided", "composed", "写下"]


def test_a_note_is_written_with_the_change_that_follows_or_stays_noted_if_that_fails(
    ledger: Ledger, path: Path
) -> None:
    job = take_up(ledger)
    ledger.note(job.id, "read", {}, NOW)
    with pytest.raises(KeyError):
        ledger.attempt("no such job", NOW)
    with Ledger.open_readonly(path) as reader:
        assert reader.steps(job.id) == ()
        ledger.attempt(job.id, NOW)
        assert [step.name for step in reader.steps(job.id)] == ["read"]
    assert len(ledger.steps(job.id)) == 1


def test_a_note_on_an_unknown_job_is_refused_at_once(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        ledger.note("no such job", "read", {}, NOW)


def test_a_note_made_in_a_transaction_is_part_of_it(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        job = ledger.open_job("甲.md", "a" * 64, "b" * 64, 1, NOW, NOW, NOW)
        ledger.note(job.id, "before", {}, NOW)
        with ledger.transaction():
            ledger.note(job.id, "inside", {}, NOW)
        with pytest.raises(ZeroDivisionError), ledger.transaction():  # noqa: PT012
            ledger.note(job.id, "undone with it", {}, NOW)
            raise ZeroDivisionError
        assert [step.name for step in ledger.steps(job.id)] == ["before", "inside"]


def test_the_settings_that_survive_a_power_cut_are_on(ledger: Ledger) -> None:
    settings = [ledger._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert settings == ["wal", 2]


def test_steps_are_told_in_the_order_they_were_written_whatever_the_clock_said(ledger: Ledger) -> None:
    first, second = take_up(ledger), take_up(ledger, "另一篇.md")
    ahead = NOW + dt.timedelta(days=3650)
    ledger.step(first.id, "read", {}, ahead)
    ledger.note(second.id, "read", {}, NOW)
    assert ledger.latest_first() == ((second.id, NOW), (first.id, ahead))
