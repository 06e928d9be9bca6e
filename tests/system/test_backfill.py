"""Fields for published posts: proposed, approved, declined, revised, taken back; and no post touched before that."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from blogmetad import matter
from blogmetad.cli.journal.drafts import NoSuchDraft
from blogmetad.cli.run import FolderTrouble
from blogmetad.journal.ledger import Ledger, State
from blogmetad.lock import AlreadyRunning, alone
from blogmetad.model.proposal import ModelUnavailable, WorkerLost
from blogmetad.publish import offer
from blogmetad.values import Proposal
from tests.system.backfilled import BACKUP, CONFIG, POSTS, WAL, WHOLE, Backfilled, Model, make


@pytest.fixture
def blog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backfilled:
    return make(tmp_path / "博客", monkeypatch)


def fields(text: str) -> dict[str, object]:
    return dict(matter.parse(matter.split(text.encode()).head or b"") or {})


def filled(blog: Backfilled, *posts: str) -> None:
    for row in blog.rows("backfill", *posts):
        assert row["outcome"] == "waiting", row


def test_what_posts_lack_is_listed_without_a_model_and_nothing_is_written(blog: Backfilled) -> None:
    rows = blog.rows("backfill", "--dry-run")
    assert [(row["post"], row["fields"]) for row in rows] == [
        (BACKUP, ["description", "tags"]),
        (WAL, ["description"]),
    ]
    assert blog.model.asked == []
    assert not (blog.root / ".blogmetad").exists()
    assert not blog.review.exists()


@pytest.mark.parametrize("mode", ["auto", "review"])
def test_what_is_found_waits_in_the_review_folder_and_the_posts_are_as_they_were(blog: Backfilled, mode: str) -> None:
    blog.config.write_text(f'{CONFIG}\n[publish]\nmode = "{mode}"\n', "utf-8")
    rows = blog.rows("backfill")
    assert {(row["post"], row["outcome"], row["file"]) for row in rows} == {
        (BACKUP, "waiting", BACKUP),
        (WAL, "waiting", "2023-05-05-wal.md"),
    }
    assert sorted(blog.model.asked) == [("备份", ("description", "tags")), ("日志", ("description",))]
    assert blog.as_they_were()
    waits = (blog.review / BACKUP).read_text("utf-8")
    assert waits.replace('description: "备份写得很清楚。"\ntags: [备份]\n', "") == POSTS[BACKUP]
    assert blog.rows("once") == []
    assert blog.as_they_were()
    assert blog.waits() == ["2023-05-05-wal.md", BACKUP]


def test_the_journal_and_the_status_say_which_post_it_is_for_and_on_what_grounds(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    entry = blog.entry(BACKUP)
    assert "fields wait for your approval" in entry
    assert f"fields for the published post {BACKUP}: `description`, `tags`" in entry
    assert "备份: written in the text as '备份'" in entry
    assert "the post is as it was" in entry.rpartition("## What you can do")[2]
    (status,) = blog.rows("status", "--json")
    assert [(row["post"], row["of"]) for row in status["review"]] == [(BACKUP, BACKUP)]
    assert "last_posts" in status
    (row,) = blog.rows("journal", "list", "--json")
    assert (row["draft"], row["outcome"]) == (f"_posts/{BACKUP}", "waiting")


def test_approved_it_takes_the_place_of_the_post_and_undo_brings_the_former_bytes_back(blog: Backfilled) -> None:
    filled(blog)
    waits = (blog.review / "2023-05-05-wal.md").read_bytes()
    (row,) = blog.rows("approve", "2023-05-05-wal.md", "--json")
    assert (row["outcome"], row["post"]) == ("published", WAL)
    assert (blog.posts / WAL).read_bytes() == waits
    assert blog.as_they_were(WAL)
    assert blog.waits() == [BACKUP]
    assert "fields filled in" in blog.entry(WAL)
    (status,) = blog.rows("status", "--json")
    assert (status["last_posts"], status["published"]) == ([], 0)

    undone = blog.run("undo", WAL)
    assert undone.exit_code == 0
    assert "has its former text again" in undone.stdout
    assert blog.as_they_were()
    assert "fields taken back" in blog.entry(WAL)
    assert blog.run("undo", WAL).exit_code == 1


def test_a_mark_in_the_file_approves_it_too_and_so_does_moving_it_over_the_post(blog: Backfilled) -> None:
    filled(blog)
    marked = blog.review / BACKUP
    marked.write_text(marked.read_text("utf-8").replace("layout:", "approve: true\nlayout:"), "utf-8")
    shutil.move(blog.review / "2023-05-05-wal.md", blog.posts / WAL)
    assert blog.run("once").exit_code == 0
    assert blog.waits() == []
    for path in (BACKUP, WAL):
        assert blog.of(path).state is State.DONE
        assert "写得很清楚" in blog.post(path)
        assert "approve" not in blog.post(path)
        assert blog.run("undo", blog.of(path).id).exit_code == 0
    assert blog.as_they_were()


def test_what_the_author_edited_or_had_revised_while_it_waited_is_what_the_post_becomes(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    waits = blog.review / BACKUP
    waits.write_text(waits.read_text("utf-8").replace("写得很清楚", "讲三份数据"), "utf-8")
    revised = blog.run("revise", BACKUP, "标题改成「备份入门」，标签加上 sqlite", "--json")
    assert revised.exit_code == 0, revised.exception
    assert blog.as_they_were()
    assert blog.run("approve", "--all").exit_code == 0
    now = fields(blog.post(BACKUP))
    assert (now["title"], now["description"], now["tags"]) == ("备份入门", "备份讲三份数据。", ["备份", "sqlite"])


def test_a_post_edited_meanwhile_is_not_exchanged_and_both_versions_stay(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    waits = (blog.review / BACKUP).read_bytes()
    edited = POSTS[BACKUP].replace("三份", "四份")
    (blog.posts / BACKUP).write_text(edited, "utf-8")
    refused = blog.run("approve", BACKUP)
    assert refused.exit_code == 1
    assert "was changed since these fields were made for it" in refused.stdout
    assert blog.post(BACKUP) == edited
    assert (blog.review / BACKUP).read_bytes() == waits
    (row,) = blog.rows("backfill", "--again", BACKUP)
    assert (row["outcome"], row["file"]) == ("waiting", BACKUP)
    assert blog.run("approve", BACKUP).exit_code == 0
    assert "四份" in blog.post(BACKUP)
    assert "写得很清楚" in blog.post(BACKUP)


def test_a_post_that_was_renamed_or_removed_meanwhile_does_not_come_back(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    (blog.posts / BACKUP).unlink()
    refused = blog.run("approve", BACKUP)
    assert refused.exit_code == 1
    assert "is no longer there" in refused.stdout
    assert not (blog.posts / BACKUP).exists()
    assert blog.waits() == [BACKUP]


def test_an_approved_post_edited_since_is_not_given_its_former_bytes(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    assert blog.run("approve", BACKUP).exit_code == 0
    edited = blog.post(BACKUP) + "后记。\n"
    (blog.posts / BACKUP).write_text(edited, "utf-8")
    refused = blog.run("undo", BACKUP)
    assert refused.exit_code == 1
    assert "undoing would take edits away" in refused.stdout
    assert blog.post(BACKUP) == edited


def test_what_was_declined_or_taken_back_is_not_asked_for_again_unless_it_is_said(blog: Backfilled) -> None:
    filled(blog)
    (blog.review / BACKUP).unlink()
    assert blog.run("once").exit_code == 0
    assert blog.of(BACKUP).state is State.SUPERSEDED
    assert "fields declined" in blog.entry(BACKUP)
    undone = blog.run("undo", "2023-05-05-wal")
    assert "is as it was" in undone.stdout
    assert blog.waits() == []
    asked = len(blog.model.asked)
    rows = blog.rows("backfill")
    assert [row["outcome"] for row in rows] == ["passed", "passed"]
    assert all("declined before" in row["problems"][0] for row in rows)
    assert len(blog.model.asked) == asked
    assert {row["outcome"] for row in blog.rows("backfill", "--again")} == {"waiting"}
    assert blog.as_they_were()


def test_only_what_was_declined_counts_as_declined(blog: Backfilled) -> None:
    assert [row["fields"] for row in blog.rows("backfill", BACKUP, "--field", "description")] == [["description"]]
    assert blog.run("undo", BACKUP).exit_code == 0
    (row,) = blog.rows("backfill", BACKUP)
    assert row["fields"] == ["tags"]


def test_a_second_run_goes_on_where_the_first_stopped(blog: Backfilled) -> None:
    (first,) = blog.rows("backfill", "--limit", "1")
    assert first["post"] == BACKUP  # the newest
    rows = blog.rows("backfill")
    assert [(row["post"], row["outcome"]) for row in rows] == [(BACKUP, "passed"), (WAL, "waiting")]
    assert "it waits for you already" in rows[0]["problems"][0]


def test_a_waiting_file_that_was_edited_does_not_make_way_for_another(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    waits = blog.review / BACKUP
    waits.write_text(waits.read_text("utf-8") + "作者的话。\n", "utf-8")
    (row,) = blog.rows("backfill", "--again", BACKUP, code=1)
    assert row["outcome"] == "failed"
    assert "was edited" in row["problems"][0]
    assert blog.waits() == [BACKUP]
    assert "作者的话" in waits.read_text("utf-8")
    assert blog.run("undo", BACKUP).exit_code == 1


def test_a_file_renamed_where_it_waits_still_belongs_to_its_post(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    (blog.review / BACKUP).rename(blog.review / "2024-01-01-别的名字.md")
    assert blog.run("once").exit_code == 0
    assert blog.run("approve", "2024-01-01-别的名字.md").exit_code == 0
    assert blog.as_they_were(BACKUP)
    assert "写得很清楚" in blog.post(BACKUP)


def test_a_name_that_is_taken_in_the_review_folder_is_left_to_whom_it_belongs(blog: Backfilled) -> None:
    blog.review.mkdir()
    (blog.review / BACKUP).write_text("别人的。\n", "utf-8")
    (row,) = blog.rows("backfill", BACKUP)
    assert row["file"] == "2024-01-01-备份-2.md"
    assert blog.run("approve", row["file"]).exit_code == 0
    assert (blog.review / BACKUP).read_text("utf-8") == "别人的。\n"
    assert blog.as_they_were(BACKUP)


def test_a_post_edited_while_the_model_runs_is_told_and_left(blog: Backfilled) -> None:
    edited = POSTS[BACKUP] + "后记。\n"
    blog.model.before = lambda who: who == "备份" and (blog.posts / BACKUP).write_text(edited, "utf-8")
    rows = {row["post"]: row for row in blog.rows("backfill", code=1)}
    assert rows[BACKUP]["outcome"] == "changed"
    assert rows[WAL]["outcome"] == "waiting"
    assert blog.post(BACKUP) == edited
    assert blog.waits() == ["2023-05-05-wal.md"]


def test_posts_that_cannot_be_read_are_told_and_passed_over(blog: Backfilled) -> None:
    (blog.posts / "2021-01-01-坏.md").write_text("---\ntitle: [坏\n---\n文。\n", "utf-8")
    (blog.posts / "2020-01-01-linked.md").symlink_to(blog.posts / WHOLE)
    rows = {row["post"]: row for row in blog.rows("backfill", code=1)}
    assert "not valid YAML" in rows["2021-01-01-坏.md"]["problems"][0]
    assert "cannot be read" in rows["2020-01-01-linked.md"]["problems"][0]
    assert {rows[path]["outcome"] for path in (BACKUP, WAL)} == {"waiting"}


def test_a_post_is_named_by_its_file_or_its_path_and_others_are_refused(blog: Backfilled) -> None:
    for words in (WAL, "2023-05-05-wal", str(blog.posts / WAL)):
        assert [row["post"] for row in blog.rows("backfill", "--dry-run", words)] == [WAL]
    assert "there is no published post 没有" in str(blog.run("backfill", "没有").exception)
    (blog.posts / "2023-05-05-wal.md").write_bytes((blog.posts / WAL).read_bytes())
    assert "could be any of" in str(blog.run("backfill", "2023-05-05-WAL").exception)
    wrong = blog.run("backfill", "--field", "作者")
    assert "is no field that the rules" in str(wrong.exception)


def test_nothing_fit_makes_no_file_and_a_post_too_short_is_told(
    blog: Backfilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    (blog.posts / "2024-02-02-短.md").write_text("---\nlayout: post\ndate: 2024-02-02\n---\n短。\n", "utf-8")
    monkeypatch.setattr(Model, "propose", lambda *_: Proposal())
    rows = {row["post"]: row for row in blog.rows("backfill", "--field", "description", code=1)}
    assert (rows[BACKUP]["outcome"], rows[BACKUP]["left"]) == ("nothing", ["description"])
    assert rows["2024-02-02-短.md"]["outcome"] == "failed"
    assert blog.waits() == []


def test_ctrl_c_withdraws_what_is_in_flight_and_the_next_run_goes_on(blog: Backfilled) -> None:
    patient = Model(patient=True)
    patient.before = lambda who: who == "日志" and signal.raise_signal(signal.SIGINT)
    blog.models.append(patient)
    stopped = blog.run("backfill", "--json")
    assert stopped.exit_code == 130, stopped.exception
    assert blog.waits() == []
    blog.models.append(Model())
    assert {row["outcome"] for row in blog.rows("backfill")} == {"waiting"}


def test_a_model_that_cannot_be_used_ends_it_and_what_came_before_waits(blog: Backfilled) -> None:
    def gone(who: str) -> None:
        if who == "日志":
            raise ModelUnavailable("the server does not answer")

    blog.config.write_text(f"{CONFIG}\n[model]\nparallel = 1\n", "utf-8")
    blog.model.before = gone
    done = blog.run("backfill")
    assert isinstance(done.exception, ModelUnavailable)
    assert blog.waits() == [BACKUP]


def test_a_post_over_which_the_model_is_lost_is_asked_about_once_more_and_then_told(blog: Backfilled) -> None:
    lost = []

    def lose(who: str) -> None:
        if who == "日志" and len(lost) < limit:
            lost.append(who)
            raise WorkerLost("it was killed")

    blog.model.before, limit = lose, 1
    assert {row["outcome"] for row in blog.rows("backfill")} == {"waiting"}
    limit = 3
    assert blog.run("undo", "2023-05-05-wal").exit_code == 0
    rows = blog.rows("backfill", "--again", WAL, code=1)
    assert "was lost over" in rows[0]["problems"][0]
    assert len(lost) == 3


def test_two_runs_at_once_do_not_get_into_each_others_way(blog: Backfilled) -> None:
    with alone(blog.root / ".blogmetad" / "backfill.lock"):
        done = blog.run("backfill")
    assert isinstance(done.exception, AlreadyRunning)
    assert "Ctrl-C" in done.exception.hint
    assert blog.waits() == []


def test_a_lost_ledger_is_built_anew_first_and_takes_nothing_that_waits_for_a_new_post(blog: Backfilled) -> None:
    filled(blog)
    assert blog.run("approve", "2023-05-05-wal.md").exit_code == 0
    for file in (blog.root / ".blogmetad").rglob("ledger.db*"):
        file.unlink()
    refused = blog.run("backfill")
    assert "run 'blogmetad once' first" in refused.exception.hint  # type: ignore[union-attr]
    assert blog.run("once").exit_code in (0, 1)
    assert blog.as_they_were(WAL)
    assert blog.of(BACKUP).state is State.WAITING
    assert blog.of(WAL).state is State.DONE
    assert blog.run("approve", BACKUP).exit_code == 0
    assert "写得很清楚" in blog.post(BACKUP)
    assert len(list(blog.posts.rglob("*.md"))) == len(POSTS)


def test_a_terminal_is_told_in_words(blog: Backfilled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blogmetad.cli.backfill.command.as_json", lambda asked: asked)
    (blog.posts / "2021-01-01-坏.md").write_text("---\ntitle: [坏\n---\n文。\n", "utf-8")
    listed = blog.run("backfill", "--dry-run").stdout
    assert f"{WAL}  lacks description" in listed
    assert "2 posts lack fields; 1 passed over" in listed
    said = blog.run("backfill").stdout
    assert f"{BACKUP}  waits with description, tags" in said
    assert "passed over: 2021-01-01-坏.md" in said
    assert "2 of 2 wait in" in said
    assert "blogmetad approve --all" in said
    assert "no post lacks anything that is to be filled in; 3 passed over" in blog.run("backfill").stdout
    assert "passed over: it waits for you already" in blog.run("backfill", BACKUP).stdout
    assert "it waits for you already" in blog.run("backfill", "--dry-run", BACKUP).stdout


def test_a_terminal_is_told_of_what_did_not_go_well_and_that_it_was_stopped(
    blog: Backfilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blogmetad.cli.backfill.command.as_json", lambda asked: asked)
    blog.config.write_text(f"{CONFIG}\n[model]\nparallel = 1\n", "utf-8")
    (blog.posts / "2024-02-02-短.md").write_text("---\nlayout: post\ndate: 2024-02-02\n---\n短。\n", "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(Model, "propose", lambda *_: Proposal())
        said = blog.run("backfill", "--field", "description").stdout
    assert f"{BACKUP}  nothing fit was found for description" in said
    assert "2024-02-02-短.md  The draft has 1 word" in said
    assert "0 of 3 wait in" in said

    def stop(who: str) -> None:
        if who == "日志":
            signal.raise_signal(signal.SIGINT)
            blog.model.patient = True

    blog.model.before = stop
    stopped = blog.run("backfill", BACKUP, WAL)
    assert stopped.exit_code == 130
    assert blog.waits() == [BACKUP]
    assert "1 of 2 waits in" in stopped.stdout
    assert "goes on where this one stopped" in stopped.stdout


def test_a_model_lost_while_it_is_stopped_is_not_asked_again(blog: Backfilled) -> None:
    def lose(who: str) -> None:
        signal.raise_signal(signal.SIGINT)
        raise WorkerLost(f"it was killed over {who}")

    blog.model.before = lose
    assert blog.run("backfill", WAL).exit_code == 130
    assert blog.model.asked == [("日志", ("description",))]


def test_hooks_hear_of_a_revised_post_and_never_of_a_new_one(blog: Backfilled) -> None:
    told = blog.root / "told"
    call = f'command = ["sh", "-c", "echo $BLOGMETAD_OUTCOME >> {told}"]'
    hook = f'\n[[hooks]]\non = ["published", "waiting", "revised", "undone"]\n{call}\n'
    blog.config.write_text(CONFIG + hook, "utf-8")
    filled(blog)
    assert not told.exists()
    assert blog.run("approve", BACKUP).exit_code == 0
    assert blog.run("undo", BACKUP).exit_code == 0
    assert blog.run("undo", "2023-05-05-wal").exit_code == 0
    assert told.read_text("utf-8").split() == ["revised", "undone"]


def test_no_draft_goes_by_the_name_of_an_offer(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    blog.drop(BACKUP, POSTS[BACKUP].replace("三份", "五份"))
    assert blog.run("once").exit_code == 0
    assert blog.of(BACKUP).state is State.WAITING
    assert blog.as_they_were() is False  # the draft is a post of its own, under the next name
    assert blog.post(BACKUP) == POSTS[BACKUP]
    with Ledger(blog.ledger) as ledger:
        assert {job.name for job in ledger.jobs(State.DONE)} == {BACKUP}
    assert isinstance(blog.run("approve", "没有").exception, NoSuchDraft)
    assert json.loads(blog.run("journal", "show", f"_posts/{BACKUP}", "--json").stdout)["post"] == BACKUP


def test_what_waits_for_a_post_that_is_gone_does_not_keep_its_text_from_being_published(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    (blog.posts / BACKUP).unlink()
    blog.drop("又一次.md", POSTS[BACKUP])
    (row,) = blog.rows("once")
    assert row["outcome"] == "published"
    assert blog.waits() == [BACKUP]
    assert blog.run("approve", BACKUP).exit_code == 1


def test_fields_that_were_taken_back_are_no_draft_to_try_again(blog: Backfilled) -> None:
    filled(blog, BACKUP)
    assert blog.run("undo", BACKUP).exit_code == 0
    refused = blog.run("retry", BACKUP)
    assert refused.exit_code == 1
    assert f"blogmetad backfill --again {BACKUP}" in refused.stdout
    assert blog.run("once").exit_code == 0
    assert blog.as_they_were()


def test_front_matter_in_braces_is_told_and_left(blog: Backfilled) -> None:
    (blog.posts / "2024-03-03-括号.md").write_text("---\n{layout: post, title: 括号}\n---\n括号：写成一行。\n", "utf-8")
    rows = {row["post"]: row for row in blog.rows("backfill", code=1)}
    assert "written in braces" in rows["2024-03-03-括号.md"]["problems"][0]
    assert blog.waits() == ["2023-05-05-wal.md", BACKUP]


@pytest.mark.parametrize("kept", [True, False], ids=["all of it is there", "its file is not"])
@pytest.mark.parametrize("words", [("once",), ("backfill",)], ids=lambda words: words[0])
def test_what_a_crash_cut_off_waits_at_the_next_start_or_is_proposed_anew(
    blog: Backfilled, words: tuple[str, ...], kept: bool
) -> None:
    blog.drop("草稿.md", "草稿：一篇与别的都不相干的文章。\n")
    assert blog.run("once").exit_code == 0
    filled(blog, BACKUP)
    job = blog.of(BACKUP)
    with Ledger(blog.ledger) as ledger:
        ledger.move(job.id, State.STAGED, job.updated)
    stage = blog.root / ".blogmetad" / "stage" / job.id
    (blog.review / BACKUP).rename(stage if kept else blog.root / "gone.md")
    assert blog.run(*words).exit_code == 0
    first = next(each for each in blog.jobs() if each.id == job.id)
    assert first.state is (State.WAITING if kept else State.SUPERSEDED)
    assert blog.as_they_were() is (len(list(blog.posts.rglob("*.md"))) == len(POSTS))
    assert {row["post"] for row in blog.rows("backfill") if row["outcome"] == "waiting"} <= {BACKUP, WAL}
    assert BACKUP in blog.waits()


def test_a_way_back_that_a_crash_cut_off_is_finished_at_the_next_start(blog: Backfilled) -> None:
    filled(blog)
    assert blog.run("approve", BACKUP).exit_code == 0
    with Ledger(blog.ledger) as ledger:
        for path, was in ((BACKUP, State.DONE), (WAL, State.WAITING)):
            job = blog.of(path)
            ledger.step(job.id, "undone", {"was": was.value, "post": path}, job.updated)
            ledger.move(job.id, State.UNDONE, job.updated)
    assert blog.run("once").exit_code == 0
    assert blog.as_they_were()
    assert blog.waits() == []


def test_a_disk_that_fails_at_the_start_is_tried_again(blog: Backfilled, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(blog, BACKUP)
    job = blog.of(BACKUP)
    with Ledger(blog.ledger) as ledger:
        ledger.move(job.id, State.STAGED, job.updated)
    failures, real = [OSError(5, "no"), OSError(5, "no")], offer.go_on

    def fail_at_first(*words: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*words)

    monkeypatch.setattr(offer, "go_on", fail_at_first)
    assert blog.run("once").exit_code == 0
    assert blog.of(BACKUP).state in (State.STAGED, State.WAITING)
    assert blog.run("once").exit_code == 0
    assert blog.of(BACKUP).state is State.WAITING


@pytest.mark.parametrize("line", ["approve: true", "approve: false", "revise: 标题短一点"])
def test_a_post_with_a_key_that_would_be_taken_for_the_authors_word_is_passed_over(blog: Backfilled, line: str) -> None:
    text = POSTS[BACKUP].replace("layout:", f"{line}\nlayout:")
    (blog.posts / BACKUP).write_text(text, "utf-8")
    (row,) = blog.rows("backfill", BACKUP, code=1)
    assert row["outcome"] == "passed"
    assert "would be taken for your word" in row["problems"][0]
    assert blog.waits() == []


def test_who_names_a_post_means_the_post_and_not_fields_that_were_declined(blog: Backfilled) -> None:
    blog.drop("草稿.md", "---\ntitle: 稿\nslug: cao-gao\ndate: 2026-02-02\n---\n草稿：一篇与别的都不相干的文章。\n")
    assert blog.run("once").exit_code == 0
    job = blog.job("草稿.md")
    assert job is not None
    name = str(job.target)
    post = blog.posts / name
    without = "".join(line for line in post.read_text("utf-8").splitlines(True) if not line.startswith("description"))
    post.write_text(without, "utf-8")
    filled(blog, name)
    assert blog.run("undo", name).exit_code == 0
    (row,) = blog.rows("revise", name, "标题改成「新的标题」", "--json")
    assert (row["id"], row["post"]) == (job.id, name)
    shown = blog.run("journal", "show", f"_posts/{name}").stdout
    assert "fields taken back" in shown


def test_all_that_tells_of_drafts_tells_of_offers_too(blog: Backfilled) -> None:
    filled(blog)
    assert blog.run("approve", BACKUP).exit_code == 0
    (stats,) = blog.rows("journal", "stats", "--json")
    assert stats["outcomes"] == {"waiting": 1, "published": 1}
    assert [(week["drafts"], week["posts"]) for week in stats["weeks"]] == [(2, 0)]
    assert {row["draft"] for row in blog.rows("journal", "search", "备份", "--json")} >= {f"_posts/{BACKUP}"}
    page = blog.root / "page.html"
    assert blog.run("journal", "page", "--output", str(page)).exit_code == 0
    assert f"_posts/{BACKUP}" in page.read_text("utf-8")
    assert blog.run("journal", "tail", "--json").exit_code == 0


def test_folders_that_are_away_are_told(blog: Backfilled) -> None:
    shutil.rmtree(blog.inbox)
    assert isinstance(blog.run("backfill").exception, FolderTrouble)
    assert "drafts folder" in str(blog.run("backfill").exception)
    blog.inbox.mkdir()
    (blog.root / "_posts").rename(blog.root / "weg")
    (row,) = blog.rows("backfill", "--dry-run", code=1)
    assert "posts folder" in row["problems"][0]
    assert "posts folder" in str(blog.run("backfill").exception)
