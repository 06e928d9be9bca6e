"""Somebody new, with nothing but the README: from a clone to a post of their own."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from blogmetad import config as configuration
from blogmetad import matter
from blogmetad.model import catalog
from blogmetad.rules import document
from tests.system.al_folio import make_al_folio
from tests.system.blog import CHINESE
from tests.system.systemd import Systemd
from tests.system.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
STEPS = [
    line.split("#")[0].strip()
    for line in re.findall(r"## Your own site\n\n```sh\n(.*?)```", README, re.DOTALL)[0].splitlines()
]
SETUP, INIT, COPY, ONCE, SERVICE = STEPS


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project's folder as ``make setup`` leaves it, as far as the other steps need it; with a draft."""
    folder = tmp_path / "blogmetad"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "my-draft.md").write_text(CHINESE, "utf-8")
    return folder


@pytest.fixture
def site(home: Path) -> Path:
    return make_al_folio(home / "my-site")


def run(step: str, clone: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f"{''.join(f'export {k}={shlex.quote(v)}; ' for k, v in environment.items())}{step}"]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=240, check=False)


def init(clone: Path, answers: Mapping[str, str], **environment: str) -> str:
    terminal = Terminal(["bash", "-c", INIT], cwd=clone, **environment)
    code = terminal.answer_all(answers)
    assert code == 0, terminal.shown
    return terminal.shown


def test_the_steps_are_six_with_the_clone_and_begin_with_what_make_knows() -> None:
    assert 1 + len(STEPS) <= 6
    known = subprocess.run(["make", "--dry-run", *SETUP.split()[1:]], cwd=ROOT, capture_output=True, check=False)
    assert known.returncode == 0


def test_the_steps_of_the_readme_lead_to_a_post_of_ones_own_and_no_file_is_edited(
    clone: Path, site: Path, home: Path, tiny_model: Path, tmp_path: Path
) -> None:
    systemd = Systemd(tmp_path / "bin", home / ".config/systemd/user")
    shown = init(
        clone,
        {"Which rules?": "", "Which model?": str(tiny_model), "Install it as a service": "n"},
        **systemd.environment,
    )
    assert "site: " in shown
    assert "rules: learned from 8 posts" in shown
    rules = document.load(site / "_blogmetad/rules.md")
    assert {"title", "description", "tags", "categories", "giscus_comments"} <= set(rules.fields)
    before = {path: path.read_bytes() for path in (site / "_posts").iterdir()}
    assert run(COPY, clone).returncode == 0
    once = run(ONCE, clone)
    assert once.returncode == 0, once.stdout + once.stderr
    (post,) = set((site / "_posts").iterdir()) - before.keys() - {site / "_posts" / ".blogmetad"}
    fields = matter.parse(matter.split(post.read_bytes()).head or b"")
    assert fields is not None
    assert fields["layout"] == "post"
    assert fields["giscus_comments"] is True
    assert post.read_bytes().endswith(CHINESE.encode())
    assert len(list((site / "_journal").iterdir())) == 1
    assert {path: path.read_bytes() for path in before} == before
    serving = run(SERVICE, clone, **systemd.environment)
    assert serving.returncode == 0, serving.stderr
    assert (home / ".config/systemd/user/blogmetad.service").exists()


@pytest.mark.starter
def test_pressing_enter_is_enough_where_the_starter_is_the_model(
    clone: Path, site: Path, home: Path, starter: Path, tmp_path: Path
) -> None:
    systemd = Systemd(tmp_path / "bin", home / ".config/systemd/user")
    models = home / ".local/share/blogmetad/models"
    models.mkdir(parents=True)
    for file in starter.parent.glob(f"*{starter.name}*"):
        (models / file.name).symlink_to(file)
    shown = init(
        clone,
        {"Which rules?": "", "Which model?": "", "Install it as a service": ""},
        **systemd.environment,
    )
    assert catalog.resolve("starter", Path()) == models / starter.name
    assert "no hub answered" in shown
    assert "running, process 4711" in shown
    assert configuration.load(configuration.default_file()).model.name == "starter"
    run(COPY, clone)
    once = run(ONCE, clone)
    assert once.returncode == 0, once.stdout + once.stderr
    made = json.loads(once.stdout)
    fields = matter.parse(matter.split((site / "_posts" / made["post"]).read_bytes()).head or b"")
    assert fields is not None
    assert str(fields["title"]).isascii()
    assert fields["categories"] == ["databases"]


def test_a_young_site_gets_the_rules_of_its_theme_and_a_plain_folder_those_of_jekyll(
    clone: Path, site: Path, home: Path, tiny_model: Path
) -> None:
    for post in sorted((site / "_posts").iterdir())[2:]:
        post.unlink()
    command = f"{INIT} --yes --model {tiny_model}"
    assert run(command, clone).returncode == 0
    assert document.load(site / "_blogmetad/rules.md").name == "al-folio"
    plain = home / "notes"
    plain.mkdir()
    done = run(command.replace("my-site", "notes"), clone)
    assert done.returncode == 0, done.stderr
    assert document.load(plain / "_blogmetad/rules.md").name == "jekyll"
    assert "plain folder" in done.stdout


def test_inside_its_folder_the_site_need_not_be_named(clone: Path, site: Path, tiny_model: Path) -> None:
    command = f"cd {site}/_posts && {clone}/.venv/bin/blogmetad init --yes --model {tiny_model}"
    assert run(command, clone).returncode == 0
    assert configuration.load(configuration.default_file()).site.root == site


@pytest.mark.parametrize(
    ("words", "option"), [("", "--rules"), ("--rules jekyll", "--model"), ("--yes SITE", "there is no rules")]
)
def test_without_a_terminal_what_would_be_asked_is_said_by_options(
    words: str, option: str, clone: Path, site: Path
) -> None:
    if "SITE" in words:
        words = "--yes --rules 没有.md"
    done = run(f"{INIT} {words}", clone)
    assert done.returncode == 2
    assert option in done.stderr
    assert not configuration.default_file().exists()
    assert not (site / "_blogmetad").exists()


def test_the_service_asked_for_by_an_option_that_cannot_be_is_an_error_after_all_else_is_written(
    clone: Path, site: Path, home: Path, tiny_model: Path, tmp_path: Path
) -> None:
    systemd = Systemd(tmp_path / "bin", home / ".config/systemd/user")
    systemd.mark("away")
    done = run(f"{INIT} --yes --model {tiny_model} --service", clone, **systemd.environment)
    assert done.returncode == 1
    assert "Failed to connect to bus" in done.stderr
    assert configuration.load(configuration.default_file()).site.root == site
