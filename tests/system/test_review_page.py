"""The review page as its server sees it: what each form does to real files, and every request that is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from blogmetad import files
from blogmetad.cli.review.page import look
from blogmetad.cli.review.page.access import Door
from blogmetad.cli.review.page.acts import carry_out
from blogmetad.cli.review.page.errands import Errand, Errands
from blogmetad.cli.review.page.form import FIELD, KIND, MAX_BYTES, TERM
from blogmetad.cli.review.page.gate import HEADERS, cookie
from blogmetad.cli.review.page.look import Look
from blogmetad.cli.review.page.server import Page
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Ledger, State
from blogmetad.offered import offer_for
from blogmetad.site.index import CacheError, Index
from tests.scripted_server import good, scripted
from tests.system.reviewed import HOSTILE, OLD, SCRIPT, TEXT, WAL, Reviewed, hidden, make, work

PORT = 43817
HERE = f"http://127.0.0.1:{PORT}"
OURS = {"origin": HERE, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    with scripted(good()) as server:
        yield make(tmp_path_factory.mktemp("review") / "博客", server.url)


@pytest.fixture
def site(template: Reviewed, tmp_path: Path) -> Reviewed:
    return Reviewed(Path(shutil.copytree(template.root, tmp_path / "博客")))


class Visitor:
    """Somebody with a browser."""

    def __init__(self, site: Reviewed, index: Index) -> None:
        self.site, settings = site, site.settings
        self.door = Door()
        self.errands = Errands(lambda errand, keep_going: carry_out(settings, errand, keep_going))
        page = Page(settings, Look(settings, index, self.errands), self.errands, self.door, PORT)
        self.client = TestClient(page.app(), base_url=HERE, follow_redirects=False, raise_server_exceptions=False)
        self.base = f"/{self.door.place}/"

    def enter(self) -> None:
        answer = self.client.get("/open", params={"token": self.door.token})
        assert (answer.status_code, answer.headers["location"]) == (303, self.base)

    def get(self, path: str = "", **headers: str) -> Any:
        return self.client.get(self.base + path, headers={"sec-fetch-site": "same-origin", **headers})

    def path(self, draft: str = WAL, act: str = "") -> str:
        return f"post/{self.site.job(draft).id}" + (f"/{act}" if act else "")

    def send(self, act: str, draft: str = WAL, headers: dict[str, str] | None = None, **values: Any) -> Any:
        """The form of a draft's page with other values in it."""
        page = self.get(self.path(draft)).text
        form = {"seal": hidden(page, "seal")}
        if 'name="sha256"' in page:
            form["sha256"] = hidden(page, "sha256")
        return self.client.post(
            self.base + self.path(draft, act), data=form | values, headers=OURS if headers is None else headers
        )

    def wait(self, draft: str = WAL) -> str:
        """Until the errand about a draft has ended; how."""
        job = self.site.job(draft).id
        self.site.until(lambda: not getattr(self.errands.of(job), "is_open", True))
        found = self.errands.of(job)
        assert found is not None
        return f"{found.state} {found.reason}".strip()


@pytest.fixture
def stranger(site: Reviewed) -> Iterator[Visitor]:
    with closing(Index(site.settings.site.posts, site.settings.site.state / "index.db")) as index:
        visitor = Visitor(site, index)
        yield visitor
        visitor.errands.stop()


@pytest.fixture
def visitor(stranger: Visitor) -> Visitor:
    stranger.enter()
    return stranger


# Who is let in.


def test_the_token_is_traded_once_for_a_cookie_that_only_the_browser_reads(stranger: Visitor) -> None:
    assert stranger.get().status_code == 403
    answer = stranger.client.get("/open", params={"token": stranger.door.token})
    assert (answer.status_code, answer.headers["location"]) == (303, stranger.base)
    given = answer.headers["set-cookie"].lower()
    assert given.startswith(cookie(PORT))
    assert {"httponly", "samesite=strict", f"path={stranger.base}".lower()} <= {
        part.strip() for part in given.split(";")
    }
    assert stranger.door.token not in answer.headers["set-cookie"]
    assert stranger.get().status_code == 200


def test_the_token_works_once_and_who_is_in_already_is_led_on(visitor: Visitor) -> None:
    again = visitor.client.get("/open", params={"token": visitor.door.token})
    # The cookie goes to the page's own place alone, so a second opening looks like that of a stranger.
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)
    assert "used already" in again.text
    name = cookie(PORT)
    session = visitor.client.cookies[name]
    led = visitor.client.get("/open", headers={"cookie": f"{name}={session}"})
    assert (led.status_code, led.headers["location"]) == (303, visitor.base)


@pytest.mark.parametrize("token", ["", "x", "博客", "a" * 10_000])
def test_a_wrong_token_opens_nothing(stranger: Visitor, token: str) -> None:
    answer = stranger.client.get("/open", params={"token": token})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert stranger.client.get("/open").status_code == 403
    stranger.enter()


def test_a_link_on_another_page_is_led_on_by_a_page_of_ours(stranger: Visitor) -> None:
    ahead = {"sec-fetch-site": "cross-site", "sec-purpose": "prefetch"}
    assert stranger.client.get("/open", params={"token": stranger.door.token}, headers=ahead).status_code == 403
    assert "set-cookie" not in stranger.client.head("/open", params={"token": stranger.door.token}).headers
    answer = stranger.client.get(
        "/open", params={"token": stranger.door.token}, headers={"sec-fetch-site": "cross-site"}
    )
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, True)
    assert f'content="0;url={stranger.base}"' in answer.text


def test_without_a_session_there_is_only_a_refusal_that_tells_nothing_of_the_site(stranger: Visitor) -> None:
    for path in ("", stranger.path(), "pulse", "nothing"):
        answer = stranger.get(path)
        assert answer.status_code == 403
        assert "测试博客" not in answer.text
        assert stranger.door.seal not in answer.text
    for path in ("/", "/favicon.ico", "/robots.txt", "/../etc/passwd", "/post/x"):
        assert stranger.client.get(path).status_code == 403
    assert stranger.client.get("/page.css").status_code == 200
    assert stranger.client.get("/page.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "session", [b"", b"x", "博客".encode(), b"a" * 4000, b"../../x", b'"; path=/', b"\x7f", b"\xff"]
)
def test_a_session_that_was_made_up_is_none(visitor: Visitor, session: bytes) -> None:
    visitor.client.cookies.clear()
    made_up = cookie(PORT).encode() + b"=" + session
    assert visitor.client.get(visitor.base, headers=[(b"cookie", made_up)]).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": f"evil.example:{PORT}"}, 421),
        ({"host": "127.0.0.1"}, 421),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_what_another_page_asks_for_is_refused_with_the_session_too(
    visitor: Visitor, headers: dict[str, str], status: int
) -> None:
    for path in ("", visitor.path(), "pulse"):
        answer = visitor.get(path, **headers)
        assert answer.status_code == status
        assert SCRIPT not in answer.text
        assert "预写日志" not in answer.text
        assert "Go on" not in answer.text
        if status == 403:
            assert "open the address it prints anew" in answer.text
    for path in ("/page.js", "/page.css"):
        assert visitor.client.get(path, headers=headers).status_code == status


ELSEWHERE: tuple[dict[str, str], ...] = (
    {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
    {"origin": "null"},
    {},
    {**OURS, "host": f"evil.example:{PORT}"},
    {**OURS, "host": f"localhost:{PORT}"},
)


@pytest.mark.parametrize("act", ["save", "approve", "revise", "undo"])
def test_a_form_of_another_page_or_without_our_seal_does_nothing(visitor: Visitor, act: str) -> None:
    before = visitor.site.waiting().read_bytes()
    path = visitor.base + visitor.path(act=act)
    form = {FIELD + "title": "夺", "words": "标题改成「夺」", "sha256": files.digest(visitor.site.waiting()) or ""}
    for headers in ELSEWHERE:
        answer = visitor.client.post(path, data=form | {"seal": visitor.door.seal}, headers=headers)
        assert answer.status_code in (403, 421), headers
    for seal in ({}, {"seal": ""}, {"seal": "x"}, {"seal": "博客"}, {"seal": [visitor.door.seal, visitor.door.seal]}):
        answer = visitor.client.post(path, data=form | seal, headers=OURS)
        assert answer.status_code == 403
        assert "not made by this page" in answer.text
    assert visitor.site.waiting().read_bytes() == before
    assert visitor.errands.of(visitor.site.job().id) is None


def test_a_form_that_is_sent_without_the_session_does_nothing(visitor: Visitor) -> None:
    seal, path = visitor.door.seal, visitor.base + visitor.path(act="approve")
    visitor.client.cookies.clear()
    assert visitor.client.post(path, data={"seal": seal}, headers=OURS).status_code == 403
    assert visitor.site.job().state is State.WAITING


def test_nothing_changes_by_being_looked_at(visitor: Visitor) -> None:
    for act in ("save", "approve", "revise", "undo"):
        assert visitor.get(visitor.path(act=act)).status_code == 405
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert visitor.client.request(method, visitor.base, headers=OURS).status_code == 405
    assert visitor.client.post("/open", headers=OURS).status_code == 405


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (KIND, b"a=" + b"x" * (MAX_BYTES + 1), 413),
        ("multipart/form-data; boundary=x", b"--x--", 400),
        ("text/plain", b"seal=x", 400),
        ("application/json", b"{}", 400),
        (KIND, b"a=%ff", 400),
        (KIND, b"", 403),
    ],
)
def test_what_is_no_form_of_ours_is_refused(visitor: Visitor, kind: str, body: bytes, status: int) -> None:
    path = visitor.base + visitor.path(act="save")
    answer = visitor.client.post(path, content=body, headers={**OURS, "content-type": kind})
    assert answer.status_code == status


@pytest.mark.parametrize(
    "id_", ["none", "..", "%2e%2e%2f_posts", "2026-02-01-wal.md", "%00", "' OR 1=1 --", "%F0%9F%90%88"]
)
def test_an_address_names_a_draft_by_its_id_and_nothing_else(visitor: Visitor, id_: str) -> None:
    assert visitor.get(f"post/{id_}").status_code in (403, 404, 405)
    answer = visitor.client.post(f"{visitor.base}post/{id_}/approve", data={"seal": visitor.door.seal}, headers=OURS)
    assert answer.status_code in (403, 404)


def test_every_answer_says_that_nobody_else_may_have_or_show_it(visitor: Visitor) -> None:
    answers = [visitor.get(), visitor.get(visitor.path()), visitor.get("nothing"), visitor.get(host="evil.example")]
    answers += [visitor.client.get("/page.js"), visitor.client.get("/open"), visitor.send("save")]
    for answer in answers:
        assert HEADERS.items() <= {name.title(): value for name, value in answer.headers.items()}.items() | {
            (name, answer.headers.get(name)) for name in HEADERS
        }
        assert not any(name.startswith("access-control") for name in answer.headers)
    policy = answers[0].headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


# What is shown.


def test_the_list_shows_what_waits_what_needs_its_author_and_what_was_published(visitor: Visitor) -> None:
    page = visitor.get().text
    for shown in ("How a Write-Ahead Log Works", "2026-02-01-wal.md", "短.md", "将来.md", "旧文", "2099-01-01"):
        assert shown in page
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert page.count('data-key="a"') == 2
    chinese = visitor.get(**{"accept-language": "zh-CN,zh"}).text
    assert "等你审阅" in chinese
    assert 'lang="zh"' in chinese


def test_a_post_is_shown_with_its_text_its_fields_and_the_grounds(visitor: Visitor) -> None:
    page = visitor.get(visitor.path()).text
    assert "&lt;b&gt;粗体&lt;/b&gt; &amp; 其他。" in page
    assert 'name="field:title" value="How a Write-Ahead Log Works"' in page
    assert page.count('name="term:tags"') >= 3
    assert '<option value="预写日志">' in page
    assert '<option value="backup">2 posts</option>' in page
    assert "as the model proposed" in page
    assert "1 to 60 characters" in page
    hostile = visitor.get(visitor.path(HOSTILE)).text
    assert "&lt;/textarea&gt;&lt;img src=x&gt;</textarea>" in hostile
    assert SCRIPT not in hostile
    assert "contains HTML" in hostile


def test_what_was_published_is_shown_with_what_can_still_be_done(visitor: Visitor) -> None:
    page = visitor.get(visitor.path(OLD)).text
    assert "旧文" in page
    assert f'{visitor.path(OLD, "undo")}"' in page
    assert f'{visitor.path(OLD, "revise")}"' in page
    assert f'{visitor.path(OLD, "save")}"' not in page


def test_a_draft_that_has_no_post_is_shown_with_what_became_of_it(visitor: Visitor) -> None:
    assert "It does not wait for you: needs you." in visitor.get(visitor.path("短.md")).text


def test_the_pulse_changes_with_a_file_and_with_nothing_else(visitor: Visitor) -> None:
    before = visitor.get("pulse").json()
    assert visitor.get("pulse").json() == before
    visitor.site.waiting().write_text("---\ntitle: 新\n---\n文\n", "utf-8")
    assert visitor.get("pulse").json() != before


def test_the_language_can_be_chosen_and_leads_back_to_the_page_and_nowhere_else(visitor: Visitor) -> None:
    for back, leads in (
        (visitor.base + visitor.path(), visitor.base + visitor.path()),
        ("//evil.example", visitor.base),
    ):
        form = {"seal": visitor.door.seal, "tongue": "zh", "back": back}
        answer = visitor.client.post(f"{visitor.base}language", data=form, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, leads)
    assert 'lang="zh"' in visitor.get(**{"accept-language": "en"}).text


def test_broken_front_matter_is_told_and_cannot_be_edited_or_published(visitor: Visitor) -> None:
    visitor.site.waiting().write_text("---\ntitle: [\n---\n<i>文</i>\n", "utf-8")
    page = visitor.get(visitor.path()).text
    assert "not valid YAML" in page
    assert "&lt;i&gt;文&lt;/i&gt;" in page
    assert 'name="field:title"' not in page
    assert "not valid YAML" in visitor.get().text
    sent = {"seal": visitor.door.seal, "sha256": files.digest(visitor.site.waiting()) or "", FIELD + "title": "新"}
    answer = visitor.client.post(visitor.base + visitor.path(act="approve"), data=sent, headers=OURS)
    assert answer.status_code == 409
    assert visitor.site.job().state is State.WAITING


def test_a_file_without_front_matter_has_nothing_to_edit(visitor: Visitor) -> None:
    visitor.site.waiting().write_text("只有正文。\n", "utf-8")
    assert "no front matter" in visitor.get(visitor.path()).text


def test_a_file_that_is_gone_is_told(visitor: Visitor) -> None:
    page = visitor.get(visitor.path()).text
    form = {"seal": hidden(page, "seal"), "sha256": hidden(page, "sha256"), FIELD + "title": "新"}
    visitor.site.waiting().unlink()
    assert "not there any more" in visitor.get(visitor.path()).text
    assert "cannot be read now" in visitor.get().text
    for act in ("save", "approve", "revise"):
        answer = visitor.client.post(
            visitor.base + visitor.path(act=act), data=form | {"words": "标题短一点"}, headers=OURS
        )
        assert answer.status_code == 409
        assert "cannot be read" in answer.text
    assert not visitor.site.waiting().exists()


def test_a_link_in_the_place_of_the_file_is_not_followed(visitor: Visitor) -> None:
    visitor.site.waiting().unlink()
    visitor.site.waiting().symlink_to(visitor.site.root / "_posts" / "2025-01-01-older.md")
    page = visitor.get(visitor.path()).text
    assert "cannot be read" in page
    assert "更早的文章" not in page


def test_rules_that_cannot_be_read_keep_nobody_from_editing(visitor: Visitor) -> None:
    (visitor.site.root / "rules.md").write_text("broken", "utf-8")
    assert "rules cannot be read" in visitor.get(visitor.path()).text
    assert visitor.send("save", **{FIELD + "title": "没有规则"}).status_code == 303
    assert visitor.site.fields(visitor.site.waiting())["title"] == "没有规则"


def test_a_long_text_is_shown_in_part(visitor: Visitor) -> None:
    path = visitor.site.waiting()
    path.write_text(path.read_text("utf-8") + "长" * 200_001, "utf-8")
    assert "The text goes on" in visitor.get(visitor.path()).text


# What is done.


def test_an_edit_changes_the_value_and_not_a_byte_of_anything_else(visitor: Visitor) -> None:
    path = visitor.site.waiting()
    before = path.read_text("utf-8")
    assert "tags: [sqlite, 'backup']  # 两个" in before
    sent = {FIELD + "title": "预写日志：怎样工作", TERM + "tags": ["sqlite", "backup", "预写日志", ""]}
    answer = visitor.send("save", **sent)
    assert (answer.status_code, answer.headers["location"]) == (303, visitor.base + visitor.path())
    after = before.replace('"How a Write-Ahead Log Works"', '"预写日志：怎样工作"')
    assert path.read_text("utf-8") == after.replace("'backup'] ", "'backup', 预写日志] ")
    assert "Saved: title, tags." in visitor.get(visitor.path()).text
    assert "Saved" not in visitor.get(visitor.path()).text
    assert "edited by you since" in visitor.get(visitor.path()).text
    assert visitor.site.job().state is State.WAITING
    assert [each.name for each in path.parent.iterdir() if "tmp" in each.name] == []


def test_a_form_without_a_difference_writes_nothing(visitor: Visitor) -> None:
    before = visitor.site.waiting().stat().st_ctime_ns
    assert visitor.send("save", **{FIELD + "title": "How a Write-Ahead Log Works"}).status_code == 303
    assert "nothing was written" in visitor.get(visitor.path()).text
    assert visitor.site.waiting().stat().st_ctime_ns == before


def test_what_does_not_fit_is_told_beside_the_field_and_what_was_typed_is_kept(visitor: Visitor) -> None:
    before = visitor.site.waiting().read_bytes()
    sent = {FIELD + "title": "", FIELD + "date": "gestern", FIELD + "description": "新的描述。", "words": "标题短一点"}
    answer = visitor.send("save", **sent)
    assert answer.status_code == 422
    page = answer.text
    assert "There is no &#39;title&#39;" in page
    assert "cannot be read; write it as" in page
    assert page.count('aria-invalid="true"') == 2
    assert 'value="gestern"' in page
    assert "新的描述。</textarea>" in page
    assert "<ins>新的描述。</ins>" in page or "<ins>新的描述</ins>" in page
    assert "标题短一点</textarea>" in page
    assert visitor.site.waiting().read_bytes() == before


def test_a_file_that_was_changed_meanwhile_is_not_written_and_both_are_shown(visitor: Visitor) -> None:
    path = visitor.site.waiting()
    page = visitor.get(visitor.path()).text
    form = {"seal": hidden(page, "seal"), "sha256": hidden(page, "sha256"), FIELD + "title": "我的"}
    form |= {FIELD + "description": "A write-ahead log appends every commit to a file of its own."}
    changed = path.read_text("utf-8").replace('"How a Write-Ahead Log Works"', '"编辑器的"')
    changed = changed.replace("A write-ahead log appends every commit to a file of its own.", "编辑器的描述。")
    path.write_text(changed, "utf-8")
    answer = visitor.client.post(visitor.base + visitor.path(act="save"), data=form, headers=OURS)
    assert answer.status_code == 409
    assert path.read_text("utf-8") == changed
    assert "changed meanwhile" in answer.text
    assert 'name="field:title" value="我的"' in answer.text
    assert "The file has now</span> <bdi>编辑器的</bdi>" in answer.text
    assert "编辑器的描述。</textarea>" in answer.text
    again = form | {"sha256": hidden(answer.text, "sha256"), FIELD + "description": "编辑器的描述。"}
    assert visitor.client.post(visitor.base + visitor.path(act="save"), data=again, headers=OURS).status_code == 303
    assert path.read_text("utf-8") == changed.replace('"编辑器的"', '"我的"')


def test_a_version_that_nobody_was_shown_is_not_published(visitor: Visitor) -> None:
    path = visitor.site.waiting()
    form = {"seal": visitor.door.seal, "sha256": files.digest(path) or ""}
    path.write_text(path.read_text("utf-8").replace("检查点", "别的"), "utf-8")
    answer = visitor.client.post(visitor.base + visitor.path(act="approve"), data=form, headers=OURS)
    assert answer.status_code == 409
    assert "so it was not published" in answer.text
    assert visitor.site.job().state is State.WAITING


def test_a_file_that_a_program_has_open_to_write_is_let_be(visitor: Visitor) -> None:
    with visitor.site.waiting().open("ab"):
        answer = visitor.send("save", **{FIELD + "title": "新"})
    assert answer.status_code == 422
    assert "has the file open" in answer.text
    assert 'value="新"' in answer.text
    assert "新" not in str(visitor.site.fields(visitor.site.waiting())["title"])


def test_a_save_at_the_last_moment_is_not_lost(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = visitor.site.waiting(), files.exchange
    saved = path.read_text("utf-8").replace("检查点", "编辑器的检查点")

    def exchange(one: Path, other: Path) -> None:
        monkeypatch.setattr(files, "exchange", real)
        other.with_name(".part").write_text(saved, "utf-8")
        other.with_name(".part").rename(other)
        real(one, other)

    page = visitor.get(visitor.path()).text
    monkeypatch.setattr(files, "exchange", exchange)
    form = {"seal": hidden(page, "seal"), "sha256": hidden(page, "sha256"), FIELD + "title": "新"}
    answer = visitor.client.post(visitor.base + visitor.path(act="save"), data=form, headers=OURS)
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert path.read_text("utf-8") == saved


def test_a_disk_that_refuses_is_told(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "exchange", full)
    answer = visitor.send("save", **{FIELD + "title": "新"})
    assert answer.status_code == 409
    assert "No space left on device" in answer.text


def test_a_post_is_edited_and_published_in_one_go(visitor: Visitor) -> None:
    answer = visitor.send("approve", **{FIELD + "title": "发布的标题"})
    assert (answer.status_code, answer.headers["location"]) == (303, visitor.base)
    assert visitor.wait() == "done"
    post = visitor.site.root / "_posts" / "2026-02-01-wal.md"
    assert visitor.site.fields(post)["title"] == "发布的标题"
    assert "approve" not in post.read_text("utf-8")
    assert post.read_bytes().endswith(TEXT.format("日志").encode())
    assert visitor.site.job().state is State.DONE
    last = visitor.get().text.partition("Published last")[2]
    assert "发布的标题" in last
    assert "How a Write-Ahead Log Works" not in last
    for act in ("save", "approve"):
        late = visitor.send(act)
        assert late.status_code == 409
        assert "does not wait for you" in late.text


def test_a_waiting_post_is_revised_in_words(visitor: Visitor) -> None:
    answer = visitor.send("revise", words="标题改成「短标题」，标签加上 linux")
    assert (answer.status_code, answer.headers["location"]) == (303, visitor.base + visitor.path())
    assert visitor.wait() == "done"
    fields = visitor.site.fields(visitor.site.waiting())
    assert (fields["title"], fields["tags"]) == ("短标题", ["sqlite", "backup", "linux"])
    page = visitor.get(visitor.path()).text
    assert "changed as you said" in page
    assert "<ins>短标题</ins>" in page
    assert "edited by you since" not in page
    visitor.send("save", **{FIELD + "title": "又改"})
    assert visitor.get(visitor.path()).text.count("edited by you since") == 1


def test_a_published_post_is_revised_and_taken_back(visitor: Visitor) -> None:
    post = visitor.site.root / "_posts" / "2026-01-01-old.md"
    assert visitor.send("revise", OLD, words="title should be “新的旧文”").status_code == 303
    assert visitor.wait(OLD) == "done"
    assert visitor.site.fields(post)["title"] == "新的旧文"
    assert visitor.send("undo", OLD).status_code == 303
    assert visitor.wait(OLD) == "done"
    assert not post.exists()
    assert (visitor.site.root / "_inbox" / OLD).exists()
    assert visitor.site.job(OLD).state is State.UNDONE


def test_a_waiting_post_is_taken_back(visitor: Visitor) -> None:
    assert visitor.send("undo").status_code == 303
    assert visitor.wait() == "done"
    assert not visitor.site.waiting().exists()
    assert (visitor.site.root / "_inbox" / WAL).read_text("utf-8").startswith("---\ndate: 2026-02-01")


def test_what_cannot_be_done_is_told_and_the_mark_is_taken_out_again(visitor: Visitor) -> None:
    before = visitor.site.waiting().read_bytes()
    visitor.send("revise", words="make it nicer")
    assert "Name one or more of" in visitor.wait()
    assert visitor.site.waiting().read_bytes() == before
    assert "was not changed" in visitor.get(visitor.path()).text
    post = visitor.site.root / "_posts" / "2026-01-01-old.md"
    post.write_text(post.read_text("utf-8") + "我后来写的。\n", "utf-8")
    visitor.send("undo", OLD)
    assert "was edited after it was published" in visitor.wait(OLD)
    assert post.exists()


def test_a_post_whose_name_is_none_is_not_published_and_says_why(visitor: Visitor) -> None:
    renamed = visitor.site.waiting().with_name("ohne-datum.md")
    visitor.site.waiting().rename(renamed)
    ledger_told = visitor.send("approve")
    assert ledger_told.status_code == 409


def test_words_must_be_said_and_what_was_filled_in_is_kept(visitor: Visitor) -> None:
    answer = visitor.send("revise", words="  ", **{FIELD + "title": "未存"})
    assert answer.status_code == 422
    assert "Say what to change." in answer.text
    assert 'value="未存"' in answer.text


def test_while_something_is_being_done_with_a_post_nothing_else_is(visitor: Visitor) -> None:
    job = visitor.site.job().id
    visitor.errands._ended.set()  # so that what is asked for stays as it is
    assert visitor.errands.ask(job, "revise", words="标题短一点")
    page = visitor.get(visitor.path()).text
    assert "waits for the model" in page
    assert "disabled" in page
    for act in ("save", "approve", "revise", "undo"):
        form = {"seal": visitor.door.seal, "sha256": "x", "words": "x"}
        answer = visitor.client.post(visitor.base + visitor.path(act=act), data=form, headers=OURS)
        assert answer.status_code == 409
        assert "Something else is being done" in answer.text
    assert "waits for the model" in visitor.get().text


def late(visitor: Visitor, seen: str = "") -> str:
    """Why what was asked for a while ago cannot be done any more."""
    errand = Errand(1, visitor.site.job().id, "approve", seen=seen or files.digest(visitor.site.waiting()) or "")
    with pytest.raises(BlogmetadError) as told:
        carry_out(visitor.site.settings, errand, lambda: True)
    return str(told.value)


def test_what_has_changed_by_the_time_its_turn_comes_is_not_published(visitor: Visitor) -> None:
    path = visitor.site.waiting()
    assert "was changed meanwhile; look at it again" in late(visitor, seen="another version")
    with path.open("ab"):
        assert "is being changed" in late(visitor)
    path.write_text("---\n{title: 新}\n---\n文\n", "utf-8")
    assert "written in braces" in late(visitor)
    path.write_text("---\ntitle: [\n---\n文\n", "utf-8")
    assert "not valid YAML" in late(visitor)
    path.unlink()
    assert "cannot be read" in late(visitor, seen="x")
    visitor.send("undo")
    visitor.wait()
    assert "does not wait for you: it is undone" in late(visitor, seen="x")


def test_a_post_that_cannot_be_placed_says_why_and_loses_its_mark(visitor: Visitor) -> None:
    renamed = visitor.site.waiting().with_name("没有日期.md")
    visitor.site.waiting().rename(renamed)
    work(visitor.site)
    before = renamed.read_bytes()
    assert "YYYY-MM-DD" in late(visitor, seen=files.digest(renamed) or "")
    assert renamed.read_bytes() == before


def test_an_errand_ends_when_the_page_does(visitor: Visitor) -> None:
    errand = Errand(1, visitor.site.job().id, "approve", seen=files.digest(visitor.site.waiting()) or "")
    with pytest.raises(BlogmetadError, match="stopped before it came to it"):
        carry_out(visitor.site.settings, errand, lambda: False)
    assert visitor.site.job().state is State.WAITING


def test_every_draft_that_needs_its_author_is_listed(visitor: Visitor) -> None:
    now = dt.datetime.now(dt.UTC)
    names = [f"坏{number:02}.md" for number in range(15)]
    with Ledger(visitor.site.root / ".blogmetad" / "ledger.db") as ledger:
        for name in names:
            (visitor.site.root / "_inbox" / name).write_text("坏", "utf-8")
            job = ledger.open_job(name, name.encode().hex(), "2" * 64, 3, now, now, now)
            ledger.move(job.id, State.PARKED, now)
    page = visitor.get().text
    assert [name for name in names if name not in page] == []


def test_a_draft_that_is_being_worked_on_is_listed(visitor: Visitor) -> None:
    now = dt.datetime.now(dt.UTC)
    (visitor.site.root / "_inbox" / "正在.md").write_text("正在处理。", "utf-8")
    with Ledger(visitor.site.root / ".blogmetad" / "ledger.db") as ledger:
        ledger.open_job("正在.md", "1" * 64, "2" * 64, 3, now, now, now)
    page = visitor.get().text
    assert "Being worked on" in page
    assert "waits for the model" in page


def test_folders_and_caches_that_are_away_keep_nobody_from_looking(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Index, __: str) -> dict[str, int]:
        raise CacheError(Path("index.db"), "away")

    monkeypatch.setattr(Index, "usage", broken)
    assert '<option value="预写日志">' in visitor.get(visitor.path()).text
    for folder in ("_review", "_inbox"):
        (visitor.site.root / folder).rename(visitor.site.root / f"away{folder}")
    assert "cannot be read now" in visitor.get().text


def test_only_so_many_versions_are_remembered_and_a_form_of_a_forgotten_one_loses_nothing(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "REMEMBERED", 1)
    page = visitor.get(visitor.path()).text
    visitor.get(visitor.path(HOSTILE))
    visitor.site.waiting().write_text("---\ntitle: 又新\n---\n文\n", "utf-8")
    form = {"seal": visitor.door.seal, "sha256": hidden(page, "sha256"), FIELD + "title": "我的"}
    answer = visitor.client.post(visitor.base + visitor.path(act="save"), data=form, headers=OURS)
    assert answer.status_code == 409
    assert 'value="我的"' in answer.text
    assert "<bdi>又新</bdi>" in answer.text


def test_words_without_a_file_are_kept(visitor: Visitor) -> None:
    visitor.site.waiting().unlink()
    form = {"seal": visitor.door.seal, "words": "   "}
    answer = visitor.client.post(visitor.base + visitor.path(act="revise"), data=form, headers=OURS)
    assert answer.status_code == 422


def test_nothing_but_http_is_spoken(visitor: Visitor) -> None:
    async def none() -> Any:
        raise AssertionError

    async def never(_: Any) -> None:
        raise AssertionError

    asyncio.run(visitor.client.app({"type": "websocket"}, none, never))  # type: ignore[arg-type]


def test_what_backfill_offers_is_told_apart_and_taken_back(visitor: Visitor) -> None:
    site = visitor.site
    lacking = site.root / "_posts" / "2025-01-01-older.md"
    before = lacking.read_bytes().replace(b"description: d.\n", b"")
    lacking.write_bytes(before)
    run = [sys.executable, "-m", "blogmetad", "backfill", "--config", str(site.config)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    offer = offer_for("2025-01-01-older.md")
    assert "fields for a published post: " in visitor.get().text
    page = visitor.get(visitor.path(offer)).text
    assert "The post itself was never touched." in page
    assert "append" in page
    assert visitor.send("approve", offer).status_code == 303
    assert visitor.wait(offer) == "done"
    assert b"description:" in lacking.read_bytes()
    assert "has its former text again" in visitor.get(visitor.path(offer)).text
    assert visitor.send("undo", offer).status_code == 303
    assert visitor.wait(offer) == "done"
    assert lacking.read_bytes() == before


def test_a_ledger_that_is_away_is_told(visitor: Visitor) -> None:
    ledger = visitor.site.root / ".blogmetad" / "ledger.db"
    path = visitor.path()
    ledger.rename(ledger.with_name("away"))
    for each in ("", path, "pulse"):
        answer = visitor.get(each)
        assert answer.status_code == 409
        assert "nothing was recorded yet" in answer.text


def test_a_bug_is_told_without_telling_more(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Look) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(Look, "overview", broken)
    answer = visitor.get()
    assert answer.status_code == 500
    assert "bug in blogmetad" in answer.text
    assert "secret" not in answer.text
