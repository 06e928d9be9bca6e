"""``rules learn`` as a person or a script calls it, on posts that lie in real folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from blogmetad.rules import document
from blogmetad.rules.learn import learn, render
from blogmetad.rules.schema import TermsRule, TextRule
from blogmetad.site.posts import read_posts
from tests.unit.learning import CHINESE, ENGLISH

REAL = Path(__file__).parent / "posts_18f"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "blogmetad", "rules", "learn", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of ten Chinese posts with English metadata, one file that is no post and one that cannot be read."""
    root = tmp_path / "我的博客"
    posts = root / "_posts" / "2024"
    posts.mkdir(parents=True)
    (root / "_config.yml").write_text("title: 我的博客\ntimezone: Asia/Shanghai\n", "utf-8")
    for n in range(1, 11):
        head = f"---\nlayout: post\ntitle: Slow Caches, Part {n}\ndate: 2024-01-{n:02}\ntags: [cache, sql]\n---\n"
        (posts / f"2024-01-{n:02}-slow-caches-part-{n}.md").write_text(head + CHINESE, "utf-8")
    (posts / "notes.md").write_text("没有日期", "utf-8")
    (posts / "2024-02-01-broken.md").write_text("---\ntitle: [a\n---\n" + ENGLISH, "utf-8")
    return root


def test_the_document_goes_to_standard_output_and_the_report_beside_it(site: Path) -> None:
    done = command(site)
    assert done.returncode == 0, done.stderr
    rules = document.parse(done.stdout.encode("utf-8"), "stdout")
    assert rules.name == "我的博客"
    assert list(rules.fields) == ["layout", "title", "date", "tags"]
    title = rules.fields["title"]
    assert isinstance(title, TextRule)
    assert title.language == "en"
    assert "10 posts read, 2 passed over" in done.stderr
    assert "notes.md" in done.stderr
    assert "2024-02-01-broken.md" in done.stderr


def test_a_file_is_written_once_and_replaced_only_on_demand(site: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "rules.md"
    assert command(site, "-o", target).returncode == 0
    document.load(target)
    target.write_text("mine", "utf-8")
    refused = command(site, "-o", target)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert target.read_text("utf-8") == "mine"
    assert command(site, "-o", target, "--force").returncode == 0
    document.load(target)


def test_only_a_file_is_ever_replaced_and_one_behind_a_link_where_it_lies(site: Path, tmp_path: Path) -> None:
    pipe, link, target = tmp_path / "管道", tmp_path / "link.md", tmp_path / "rules.md"
    os.mkfifo(pipe)
    target.write_text("mine", "utf-8")
    link.symlink_to(target)
    for out in (pipe, tmp_path, target / "below.md", tmp_path / ("名" * 100)):
        done = command(site, "-o", out, "--force")
        assert done.returncode == 2, done.stderr
        assert "what to do:" in done.stderr
    assert pipe.is_fifo()
    assert command(site, "-o", link, "--force").returncode == 0
    assert link.is_symlink()
    document.load(target)


def test_a_full_disk_is_named_and_no_bug(site: Path) -> None:
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "blogmetad", "rules", "learn", str(site)]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_has_the_report_and_the_document_in_one_object(site: Path) -> None:
    done = command(site, "--json")
    (line,) = done.stdout.splitlines()
    report = json.loads(line)
    assert report["posts"] == 10
    assert report["fields"] == {"layout": "constant", "title": "text", "date": "date", "tags": "terms"}
    assert len(report["problems"]) == 2
    document.parse(report["document"].encode("utf-8"), "json")


def test_a_folder_of_posts_is_enough(site: Path) -> None:
    done = command(site / "_posts")
    assert done.returncode == 0, done.stderr
    assert document.parse(done.stdout.encode("utf-8"), "stdout").name == "_posts"


def test_what_cannot_be_used_is_named_with_what_to_do(site: Path, tmp_path: Path) -> None:
    latin = tmp_path / "latin.md"
    latin.write_bytes("Ü".encode("latin-1"))
    rules = tmp_path / "rules.md"
    assert command(site, "-o", rules).returncode == 0
    for arguments, said in (
        ((tmp_path / "nowhere",), "is not a folder"),
        ((site, "--guidance", tmp_path / "no.md"), "cannot be read"),
        ((site, "--guidance", latin), "not valid UTF-8"),
        ((site, "--guidance", rules), "a rules document already"),
    ):
        done = command(*arguments)
        assert done.returncode == 2, done.stdout
        assert said in done.stderr
        assert "what to do:" in done.stderr


def test_guidance_goes_before_the_posts(site: Path, tmp_path: Path) -> None:
    prose = tmp_path / "规范.md"
    prose.write_text("## 必填\n\n- title：必须用中文\n- date\n- tags: 最多 3 个\n", "utf-8")
    done = command(site, "--guidance", prose)
    rules = document.parse(done.stdout.encode("utf-8"), "stdout")
    title, tags = rules.fields["title"], rules.fields["tags"]
    assert isinstance(title, TextRule)
    assert isinstance(tags, TermsRule)
    assert (title.language, tags.max) == ("zh", 3)


def test_real_posts_give_rules_their_author_would_know() -> None:
    posts = read_posts(REAL).posts
    rules = document.parse(render(learn(posts, name="18f", timezone_known=False)).encode("utf-8"), "18f")
    tags = rules.fields["tags"]
    assert isinstance(tags, TermsRule)
    assert (tags.form, tags.case, tags.language) == ("lines", "lower", "en")
    assert any(" " in term.name for term in tags.vocabulary)
    kinds = {name: rule.type for name, rule in rules.fields.items()}
    assert (kinds["excerpt"], kinds["authors"], kinds["image"]) == ("text", "author", "author")
    assert "categories" not in kinds
    assert rules.slug.max_words >= 8
    excerpt = rules.fields["excerpt"]
    assert isinstance(excerpt, TextRule)
    assert excerpt.sentences
    assert rules.examples == ()
