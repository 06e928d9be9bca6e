"""What gdbus puts on a real session bus is what was to be said, to the letter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDED = ("dbus-run-session", "dbus-monitor", "gdbus")
SCRIPT = """
import json, os, subprocess, sys, time
from pathlib import Path
from blogmetad.announce import desktop
from blogmetad.announce.facts import Facts
heard = Path(sys.argv[1])
with heard.open("wb") as file:
    words = ["dbus-monitor", "--session", "interface='org.freedesktop.Notifications'"]
    monitor = subprocess.Popen(words, stdout=file, stderr=subprocess.DEVNULL)
while b"NameLost" not in heard.read_bytes():
    time.sleep(0.02)
facts = Facts("published", "1", "a.md", Path("/"), Path("/b.md"), fields={"title": json.loads(sys.argv[2])})
path = os.pathsep.join(sys.argv[3:])
desktop.send(facts, {**os.environ, "PATH": path}, lambda: True)
for _ in range(250):
    if b"int32 -1" in heard.read_bytes():
        break
    time.sleep(0.02)
monitor.kill()
monitor.wait()
"""


@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}")
@pytest.mark.parametrize("title", ["一篇文章", "-<b>x</b> & y", "\"q\" \\n 'r' $(x) %s", "{'a': <1>}"])
def test_a_notification_arrives_as_it_was_worded(tmp_path: Path, title: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gdbus").symlink_to(str(shutil.which("gdbus")))
    heard = tmp_path / "heard"
    words = [sys.executable, "-c", SCRIPT, str(heard), json.dumps(title), str(tmp_path / "bin")]
    done = subprocess.run(
        ["dbus-run-session", "--", *words], env=os.environ, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    said = heard.read_text("utf-8").split("member=Notify\n")[1]
    assert f'string "Published: {title}"\n' in said
    assert 'string "b.md"\n' in said
    assert "array [\n" in said
    assert "uint32 0\n" in said
