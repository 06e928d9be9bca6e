"""What the hardened ``blogmetad@.service`` has to be told of a site: what it may see, and how to start. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blogmetad.service.unit import command_line, environment_lines

HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))
"""What the unit puts an empty folder over."""

_HEAD = """\
# Written by: blogmetad service folders
# What blogmetad@.service may see of one site. Write it anew after a change of the configuration.
"""
_NETWORK = """
# A server elsewhere, or Git's remote.
PrivateNetwork=false
RestrictAddressFamilies=AF_INET AF_INET6
IPAddressDeny=
"""
_GPU = """
# A GPU: its devices, and code that its driver makes at run time.
PrivateDevices=false
DeviceAllow=char-drm rw
DeviceAllow=char-nvidia-frontend rw
DeviceAllow=char-nvidia-caps rw
DeviceAllow=char-nvidia-uvm rw
DeviceAllow=char-nvidia rw
DeviceAllow=char-kfd rw
ProcSubset=all
MemoryDenyWriteExecute=false
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a site takes: folders to write in, files and folders to read, and whether it needs a network or a GPU.
    Absolute paths."""

    command: Sequence[str]
    environment: Mapping[str, str]
    writable: tuple[Path, ...]
    readable: tuple[Path, ...]
    network: bool = False
    gpu: bool = False


def drop_in(needs: Needs) -> str:
    """The text of the drop-in. Raises ValueError for a path that systemd cannot be told."""
    writable = sorted(set(needs.writable))
    hidden = [path for path in sorted(set(needs.readable)) if any(map(path.is_relative_to, HIDDEN))]
    lines = ["", "# To write in: drafts, posts, journal, state.", *(f"BindPaths={_bind(path)}" for path in writable)]
    if hidden:
        lines += ["", "# To read: the site, the rules, the model, and the program itself."]
        lines += [f"BindReadOnlyPaths=-{_bind(path)}" for path in _outermost(hidden)]
    lines += ["", *environment_lines(needs.environment), "ExecStart=", f"ExecStart={command_line(needs.command)}", ""]
    return f"{_HEAD}\n[Service]" + "\n".join(lines) + (_NETWORK if needs.network else "") + (_GPU if needs.gpu else "")


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Without those that lie in another of them; in order."""
    found: list[Path] = []
    for path in paths:
        if not any(map(path.is_relative_to, found)):
            found.append(path)
    return found


def _bind(path: Path) -> str:
    """A path as these settings read it: in quotes, where a colon does not end it."""
    text = str(path)
    if re.search(r"[\x00-\x1f\x7f]", text) or not text.isprintable():
        raise ValueError(f"systemd cannot be told of {text!a}")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
