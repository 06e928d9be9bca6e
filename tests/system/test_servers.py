"""Drafts and a server elsewhere, through the command line: real servers, and a scripted one for keys and outages."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from blogmetad import matter
from blogmetad.journal.ledger import State
from tests.scripted_server import Reply, refused, said, scripted
from tests.servers import llama_cpp_python, llama_server
from tests.system.blog import CHINESE, Blog, make_blog

KEY = "sk-test-Geheim-0123456789abcdef"
PARALLEL = 2


def on_a_server(blog: Blog, url: str, more: str = "") -> Blog:
    """The same blog, its model on a server."""
    text = blog.config.read_text("utf-8").replace("[model]", '[model]\nengine = "openai"', 1)
    blog.config.write_text(f'{text}\n[server]\nurl = "{url}"\n{more}\n', "utf-8")
    return blog


def fields_of(file: Path) -> dict[str, object]:
    fields = matter.parse(matter.split(file.read_bytes()).head or b"")
    assert fields is not None
    return dict(fields)


Serving = Callable[[Path], AbstractContextManager[str]]


@pytest.mark.parametrize("serving", [llama_server, llama_cpp_python])
def test_a_real_server_gives_the_same_fields_as_the_model_here(
    serving: Serving, tmp_path: Path, tiny_model: Path
) -> None:
    here = make_blog(tmp_path / "here", tiny_model)
    there = make_blog(tmp_path / "there", tiny_model)
    with serving(tiny_model) as url:
        on_a_server(there, url)
        posts = {}
        for blog in (here, there):
            blog.drop("预写日志.md", CHINESE)
            done = blog.command("once", "--json")
            assert done.returncode == 0, done.stdout + done.stderr
            (name,) = blog.published()
            posts[blog.root.name] = fields_of(blog.posts / name)
        checked = there.command("rules", "check", str(there.posts / name))
        assert checked.returncode == 0, checked.stdout
    assert list(posts["here"]) == list(posts["there"])
    assert all(type(posts["here"][key]) is type(posts["there"][key]) for key in posts["here"])
    assert str(posts["there"]["title"]).isascii()
    (entry,) = there.journal.iterdir()
    assert "server" in entry.read_text("utf-8")


@pytest.mark.starter
def test_a_draft_processed_through_llama_server_passes_the_same_check(tmp_path: Path, starter: Path) -> None:
    blog = make_blog(tmp_path / "site", starter)
    with llama_server(starter) as url:
        on_a_server(blog, url)
        blog.drop("预写日志.md", CHINESE)
        done = blog.command("once", "--json", timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    (name,) = blog.published()
    fields = fields_of(blog.posts / name)
    assert {"title", "description", "tags", "categories"} <= set(fields)
    assert f"{fields['title']}{fields['description']}".isascii()
    assert blog.command("rules", "check", str(blog.posts / name)).returncode == 0


def complete(request: dict[str, object], _: int) -> Reply:
    """Every field the schema asks for."""
    form = request["response_format"]
    assert isinstance(form, dict)
    properties = form["json_schema"]["schema"]["properties"]
    words = "How a Write-Ahead Log Keeps Commits Safe, and What a Checkpoint Does for It in SQLite"
    values = {
        name: words[: 60 if name != "description" else 120]
        if about["type"] == "string"
        else about["items"].get("enum", ["sqlite", "database"])[: about["maxItems"]]
        for name, about in properties.items()
    }
    return said(json.dumps(values))


def test_a_key_reaches_the_server_and_nothing_else(tmp_path: Path, tiny_model: Path) -> None:
    def script(request: dict[str, object], number: int) -> Reply:
        return refused(503, f"no room for {KEY}") if number == 0 else complete(request, number)

    blog = make_blog(tmp_path / "site", tiny_model)
    with scripted(script=script) as server:
        on_a_server(blog, server.url, 'key_variable = "TEST_KEY"')
        blog.drop("预写日志.md", CHINESE)
        words = [("once", "--json"), ("doctor",), ("status",), ("journal",), ("preview", str(blog.config))]
        shown = [blog.command(*command, TEST_KEY=KEY) for command in words]
        assert shown[0].returncode == 0, shown[0].stdout + shown[0].stderr
        assert "server asked again" in shown[0].stderr
        assert set(server.keys) == {f"Bearer {KEY}"}
    told = "".join(done.stdout + done.stderr for done in shown)
    assert server.url in told
    kept = [file for file in blog.root.rglob("*") if file.is_file()]
    assert len(kept) > 5
    for part in (KEY, KEY[3:15], KEY[-12:]):
        assert part not in told
        assert [file.name for file in kept if part.encode() in file.read_bytes()] == []


def test_a_key_comes_from_a_credential_that_systemd_hands_over(tmp_path: Path, tiny_model: Path) -> None:
    blog = make_blog(tmp_path / "site", tiny_model)
    folder = tmp_path / "credentials"
    folder.mkdir()
    with scripted(script=complete) as server:
        on_a_server(blog, server.url, 'key_credential = "model.key"')
        without = blog.command("once")
        assert without.returncode == 4
        assert "$CREDENTIALS_DIRECTORY is not set" in without.stderr
        missing = blog.command("once", CREDENTIALS_DIRECTORY=str(folder))
        assert missing.returncode == 4
        assert "'model.key' cannot be read: No such file" in missing.stderr
        (folder / "model.key").write_text(f"{KEY}\n", "utf-8")
        blog.drop("预写日志.md", CHINESE)
        assert blog.command("once", CREDENTIALS_DIRECTORY=str(folder)).returncode == 0
        assert set(server.keys) == {f"Bearer {KEY}"}


def test_drafts_wait_in_their_folder_while_the_server_is_away_and_are_published_when_it_is_back(
    tmp_path: Path, tiny_model: Path
) -> None:
    away = True

    def script(request: dict[str, object], number: int) -> Reply:
        return refused(503, "loading model") if away else complete(request, number)

    blog = make_blog(tmp_path / "site", tiny_model)
    with scripted(script=script) as server:
        on_a_server(blog, server.url, "retries = 0")
        with blog.daemon() as daemon:
            for number in range(PARALLEL):
                blog.drop(f"{number}.md", f"# 第{number}篇\n\n{CHINESE}")
            daemon.wait(lambda: len(daemon.said("retry")) >= PARALLEL)
            assert blog.published() == []
            away = False
            for number in range(PARALLEL):
                daemon.wait_for(f"{number}.md", State.DONE)
            assert daemon.stop() == 0
    assert len(blog.published()) == PARALLEL


def test_stopping_does_not_wait_for_a_slow_server(tmp_path: Path, tiny_model: Path) -> None:
    def slow(request: dict[str, object], number: int) -> Reply:
        done = complete(request, number)
        return Reply(body=done.body, delay=20)

    blog = make_blog(tmp_path / "site", tiny_model)
    with scripted(script=slow) as server:
        on_a_server(blog, server.url)
        with blog.daemon() as daemon:
            blog.drop("a.md", CHINESE)
            daemon.wait(lambda: server.asked)
            assert daemon.stop() == 0
    assert (blog.inbox / "a.md").exists()
