"""Stand-ins for systemd's commands, on a PATH of their own: they write down what they are told, and keep what a
manager would know in a folder."""

from __future__ import annotations

import os
from pathlib import Path

SYSTEMCTL = """#!/bin/sh
here=$(dirname "$0")
echo "systemctl $*" >> "$here/told"
if [ -e "$here/away" ]; then echo 'Failed to connect to bus: No medium found' >&2; exit 1; fi
case "$*" in
  "--user show --property=Version") echo Version=252 ;;
  "--user show "*)
    loaded=not-found; [ -e "$UNITS/blogmetad.service" ] && loaded=loaded
    active=inactive; pid=0; [ -e "$here/active" ] && { active=active; pid=4711; }
    [ -e "$here/failed" ] && active=failed
    enabled=disabled; [ -e "$here/enabled" ] && enabled=enabled
    printf 'LoadState=%s\\nUnitFileState=%s\\nActiveState=%s\\nSubState=x\\nMainPID=%s\\n' \\
        $loaded $enabled $active $pid
    printf 'Result=exit-code\\nNRestarts=2\\nActiveEnterTimestamp=Thu 2026-11-26 05:00:00 UTC\\n'
    printf 'StatusText=watching 草稿=1\\n' ;;
  "--user restart "*)
    if [ -e "$here/broken" ]; then touch "$here/failed"; echo 'Job for blogmetad.service failed.' >&2; exit 1; fi
    touch "$here/active" ;;
  "--user enable "*) touch "$here/enabled" ;;
  "--user disable "*) rm -f "$here/enabled" "$here/active" ;;
esac
"""
LOGINCTL = """#!/bin/sh
echo "loginctl $*" >> "$(dirname "$0")/told"
echo Linger=no
"""
JOURNALCTL = """#!/bin/sh
here=$(dirname "$0")
echo "journalctl $*" >> "$here/told"
cat "$here/journal"
"""
VIRT = "#!/bin/sh\nexit 1\n"


class Systemd:
    """The stand-ins in a folder, and what they were told."""

    def __init__(self, folder: Path, units: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "UNITS": str(units)}
        folder.mkdir()
        commands = {"systemctl": SYSTEMCTL, "loginctl": LOGINCTL, "journalctl": JOURNALCTL, "systemd-detect-virt": VIRT}
        for name, text in commands.items():
            (folder / name).write_text(text, "utf-8")
            (folder / name).chmod(0o755)

    def told(self) -> list[str]:
        """The commands since the last time, questions left out."""
        file = self.folder / "told"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if " show" not in line]

    def mark(self, name: str) -> None:
        (self.folder / name).touch()
