"""Runs a command the way systemd runs ``blogmetad@.service``, as far as that is possible without systemd. Root only::

    unshare --mount --net --ipc --uts --pid --fork python -m tests.system.confined UNIT DROP_IN USER COMMAND...

It reads the settings from the very unit and its drop-in: files, users, privileges and system calls are the kernel's own
doing and are the same; control groups, the device list and IP filters are systemd's, and left out.
"""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, PR_SET_MDWE = 38, 24, 65
SCMP_ACT_ALLOW, SCMP_ACT_EPERM = 0x7FFF0000, 0x00050001
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
EXPECTED = {"ProtectSystem": "strict", "ProtectHome": "tmpfs", "PrivateTmp": "true", "ProcSubset": "pid"}
libc = ctypes.CDLL(None, use_errno=True)


def settings(*files: str) -> dict[str, list[str]]:
    """All values of every setting, in order; an empty one clears those before it."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for name, value in re.findall(r"^([A-Z]\w+)=(.*)$", Path(file).read_text("utf-8"), re.MULTILINE):
            found[name] = [*found[name], value] if value else []
    return found


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def shut_off(wanted: dict[str, list[str]]) -> None:
    """The mounts: what is bound, then everything else read-only, homes and temporary folders empty."""
    mount("--make-rprivate", "/")
    aside = Path(tempfile.mkdtemp(dir="/dev/shm"))
    bound = [(path, False) for path in paths(wanted["BindPaths"])]
    bound += [(path, True) for path in paths(wanted["BindReadOnlyPaths"])]
    bound = [(path, closed) for path, closed in bound if path.exists()]
    for number, (path, _) in enumerate(bound):
        place = aside / str(number)
        place.mkdir() if path.is_dir() else place.touch()
        mount("--bind", path, place)
    for folder in HIDDEN:
        if Path(folder).is_dir():
            mount("-t", "tmpfs", "-o", "mode=1777" if folder.endswith("tmp") else "mode=755", "tmpfs", folder)
    for number, (path, _) in sorted(enumerate(bound), key=lambda one: len(one[1][0].parts)):
        if not path.exists():
            path.mkdir(parents=True) if (aside / str(number)).is_dir() else path.touch()
        mount("--bind", aside / str(number), path)
    mount("-t", "proc", "-o", "hidepid=invisible,subset=pid", "proc", "/proc")
    close_all_but([path for path, closed in bound if not closed] + [Path("/tmp"), Path("/var/tmp"), Path("/dev")])


def close_all_but(writable: list[Path]) -> None:
    points = re.findall(r"^\d+ \d+ \S+ \S+ (\S+)", Path("/proc/self/mountinfo").read_text(), re.MULTILINE)
    for point in {re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), point) for point in points}:
        path = Path(point)
        if path not in writable and path.exists() and not str(path).startswith("/dev/"):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(path)], check=False, stderr=subprocess.DEVNULL)


def paths(values: list[str]) -> Iterator[Path]:
    for value in values:
        (word,) = shlex.split(value.removeprefix("-"))
        yield Path(word.replace("%%", "%"))


def become(user: int) -> None:
    """Another user, without any privilege, now or later."""
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(0o077)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # older kernels than 6.3 do without


def filter_calls(values: list[str]) -> None:
    """The system calls of the first list without those of the others; any other is an EPERM."""
    allowed: set[str] = set()
    for value in values:
        forbidden = value.startswith("~")
        named = set().union(*(members(word) for word in value.lstrip("~").split()))
        allowed = allowed - named if forbidden else allowed | named
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_init.argtypes = [ctypes.c_uint32]
    seccomp.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
    seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
    made = seccomp.seccomp_init(SCMP_ACT_EPERM)
    for name in sorted(allowed):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert seccomp.seccomp_rule_add(made, SCMP_ACT_ALLOW, number, 0) == 0
    assert seccomp.seccomp_load(made) == 0


def members(word: str) -> set[str]:
    """A system call, or those of a group and the groups in it."""
    if not word.startswith("@"):
        return {word}
    lines = GROUPS[word]
    return set().union(*(members(line) for line in lines))


def groups() -> dict[str, list[str]]:
    """All groups that systemd knows; those calls that it has in none are in ``@known`` only."""
    text = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name = line.strip()
        if line.startswith("@"):
            current = found.setdefault(name, [])
        elif line.startswith("    ") and not name.startswith("#"):
            current.append(name)
    return found


if __name__ == "__main__":
    unit, folders, user, *command = sys.argv[1:]
    GROUPS = groups()
    wanted = settings(unit, folders)
    for name, value in EXPECTED.items():
        assert wanted[name] == [value], f"{name} is not {value} any more: this file has to do as the unit says"
    shut_off(wanted)
    libc.prctl(1, 9, 0, 0, 0)  # SIGKILL when the test dies
    become(int(user))
    filter_calls(wanted["SystemCallFilter"])
    os.chdir("/")
    os.execvp(command[0], command)
