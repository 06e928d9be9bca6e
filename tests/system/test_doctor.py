"""What doctor finds, on real folders with real faults; and that each finding says how to mend it."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from blogmetad import config as configuration
from blogmetad.cli import service as commands
from blogmetad.cli.doctor import blog as its_blog
from blogmetad.cli.doctor import models, places, service
from blogmetad.cli.doctor.finding import Finding
from blogmetad.config import Config
from blogmetad.journal import renewal
from blogmetad.service.unit import NAME
from tests.system.al_folio import make_al_folio
from tests.system.blog import Blog, make_blog
from tests.system.systemd import Systemd

RULES = Path(__file__).resolve().parents[2] / "rules" / "al-folio.md"


@pytest.fixture
def settings(tmp_path: Path, tiny_model: Path) -> Config:
    """A site that is well, set up without a process."""
    root = make_al_folio(tmp_path / "博客")
    (root / "_inbox").mkdir()
    (root / "rules.md").write_bytes(RULES.read_bytes())
    file = tmp_path / "config.toml"
    file.write_text(f'[site]\nroot = "{root}"\nrules = "rules.md"\n[model]\nname = "{tiny_model}"\n', "utf-8")
    return configuration.load(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def ill(findings: Iterable[Finding]) -> dict[str, Finding]:
    """What is not well, by its check. Each has to say what to do."""
    found = {finding.check: finding for finding in findings if not finding.ok}
    assert all(finding.fix for finding in found.values())
    return found


def test_a_site_that_is_well_has_nothing_to_mend(settings: Config, file: Path) -> None:
    seen = [*places.look(settings, file), *its_blog.look(settings)]
    assert ill(seen) == {}
    told = {finding.check: finding.seen for finding in seen}
    assert "8 published posts" in told["posts"]
    assert "8 posts as they are meant" in told["jekyll"]
    assert "山间笔记 (al-folio), /blog/:year/:title/, Asia/Shanghai" in told["site"]
    assert "inotify works" in told["watches"]
    assert "made with the first entry" in told["journal"]
    assert not list(settings.site.state.glob("doctor*"))


def test_the_command_prints_words_or_json_and_exits_with_1_if_something_is_ill(
    tmp_path: Path, tiny_model: Path
) -> None:
    blog = make_blog(tmp_path / "博客", tiny_model)
    shutil.rmtree(blog.inbox)
    blog.config.write_text(blog.config.read_text("utf-8").replace(str(tiny_model), "starter"), "utf-8")
    done = blog.command("doctor", "--json")
    assert done.returncode == 1
    found = [Finding(**json.loads(line)) for line in done.stdout.splitlines()]
    mending = ill(found)
    assert set(mending) == {"folders", "model file"}
    assert f"mkdir -p '{blog.inbox}'" in mending["folders"].fix
    assert mending["model file"].fix == "Run: blogmetad model pull starter"
    assert "model" not in {finding.check for finding in found}


def test_a_configuration_that_cannot_be_used_is_a_finding_too(tmp_path: Path) -> None:
    blog = Blog(tmp_path)
    blog.config.write_text('[site]\nroot = "."\nposst = "x"\n', "utf-8")
    done = blog.command("doctor", "--json")
    (found,) = (Finding(**json.loads(line)) for line in done.stdout.splitlines())
    assert (done.returncode, found.check, found.ok) == (1, "config", False)
    assert "posts" in found.seen
    assert found.fix


def test_a_post_that_jekyll_will_not_publish_is_named(settings: Config) -> None:
    (settings.site.posts / "2025-11-01-裸的.md").write_text("没有元数据的一篇。\n", "utf-8")
    found = ill(its_blog.look(settings))
    assert set(found) == {"jekyll"}
    assert "2025-11-01-裸的.md" in found["jekyll"].seen
    assert "rules check" in found["jekyll"].fix


def test_drafts_that_jekyll_would_publish_are_found_unless_it_is_told_to_leave_them_out(settings: Config) -> None:
    site = settings.site.model_copy(update={"drafts": settings.site.root / "draft" / "inbox"})
    shown = settings.model_copy(update={"site": site})
    assert "call it '_draft'" in ill(its_blog.look(shown))["site"].fix
    review = settings.site.model_copy(update={"review": settings.site.root / "待审"})
    found = ill(its_blog.look(settings.model_copy(update={"site": review})))
    assert "call it '_待审'" in found["site"].fix
    with (settings.site.root / "_config.yml").open("a", encoding="utf-8") as config:
        config.write("exclude: [Gemfile, draft/]\n")
    assert ill(its_blog.look(shown)) == {}


def test_rules_and_a_ledger_that_cannot_be_read_are_found(settings: Config) -> None:
    settings.site.rules.write_text("---\nrules: x\nversion: 1\nfeilds: {}\n---\n", "utf-8")
    settings.site.state.mkdir()
    (settings.site.state / "ledger.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    found = ill(its_blog.look(settings))
    assert set(found) == {"rules", "ledger"}
    assert "feilds" in found["rules"].seen


def test_a_damaged_ledger_that_was_built_anew_is_told_of(settings: Config) -> None:
    file = settings.site.state / "ledger.db"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes("这不是数据库".encode() * 100)
    renewal.open_whole(file, dt.datetime(2025, 4, 29, tzinfo=dt.UTC)).close()

    (finding,) = [finding for finding in its_blog.look(settings) if finding.check == "ledger"]

    assert finding.ok
    assert "ledger.db.damaged-20250429-000000" in finding.seen


def test_a_damaged_model_file_is_told_from_its_head_and_not_loaded(settings: Config, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(Path(settings.model.name).read_bytes()[:-1000])
    model = settings.model.model_copy(update={"name": str(cut)})
    seen = list(models.look(settings.model_copy(update={"model": model}), lambda _: None))
    assert "missing" in ill(seen)["model file"].seen
    assert "model" not in {finding.check for finding in seen}


def test_drafts_on_a_network_want_polling_and_a_ledger_on_one_another_place(
    settings: Config, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = settings.site.drafts
    monkeypatch.setattr(places, "kind_of", lambda folder, _: "nfs4" if folder == drafts else "ext4")
    assert "polling = true" in ill(places.look(settings, file))["file systems"].fix
    intake = settings.intake.model_copy(update={"polling": True})
    assert ill(places.look(settings.model_copy(update={"intake": intake}), file)) == {}
    monkeypatch.setattr(places, "kind_of", lambda *_: "cifs")
    assert "'state'" in ill(places.look(settings, file))["file systems"].fix


def test_the_kind_of_a_file_system_is_that_of_the_mount_that_is_seen() -> None:
    mounts = (
        "21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
        "34 21 0:40 / /home/lin/My\\040Blog rw - nfs4 server:/blog rw\n"
        "35 21 0:41 / /mnt rw - vfat /dev/sdb rw\n"
        "36 35 0:42 / /mnt rw shared:9 master:2 - fuse.sshfs host: rw\n"
        "nonsense\n"
    )
    assert places.kind_of(Path("/home/lin"), mounts) == "ext4"
    assert places.kind_of(Path("/home/lin/My Blog/_inbox"), mounts) == "nfs4"
    assert places.kind_of(Path("/mnt/草稿"), mounts) == "fuse.sshfs"
    assert places.kind_of(Path("/x"), "") == ""


WITHOUT_WATCHES = """
import sys
from pathlib import Path
from blogmetad.cli.doctor.places import _watches
Path("/proc/sys/user/max_inotify_instances").write_text("0")
print(_watches(Path(sys.argv[1])))
"""


def test_a_system_without_a_watch_left_is_found_by_asking_for_one(tmp_path: Path) -> None:
    own = ["unshare", "--user", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a user namespace, where the limit can be set for nobody else")
    command = [*own, sys.executable, "-c", WITHOUT_WATCHES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    assert "ok=False" in done.stdout
    assert "sysctl fs.inotify.max_user_watches" in done.stdout


def test_the_unit_is_looked_at_in_all_its_states(
    settings: Config, file: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = home / ".config/systemd/user"
    systemd = Systemd(tmp_path / "bin", units)
    for name, value in systemd.environment.items():
        monkeypatch.setenv(name, value)

    def now() -> Finding:
        return list(service.look(settings, file))[-1]

    assert now() == Finding("service", True, "not installed; to have it always run:  blogmetad service install")
    commands.put_up(settings, commands.wanted(file))
    assert now().ok
    assert "loginctl enable-linger" in now().seen
    (systemd.folder / "active").unlink()
    assert "systemctl --user start" in now().fix
    systemd.mark("failed")
    assert (now().ok, now().fix) == (False, "blogmetad service logs")
    (systemd.folder / "enabled").unlink()
    (systemd.folder / "failed").unlink()
    assert "does not start at login" in now().seen
    (units / NAME).write_text((units / NAME).read_text("utf-8").replace("Nice=10", "Nice=0"), "utf-8")
    assert "changed by hand" in now().seen
    (units / NAME).write_text(commands.wanted(tmp_path / "别的.toml"), "utf-8")
    assert "别的.toml" in now().seen
    assert replace(now(), seen="") == Finding("service", False, "", "blogmetad service install")
    systemd.mark("away")
    assert "Failed to connect to bus" in now().seen
