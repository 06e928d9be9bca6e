"""Folders, and what their file systems can do: each thing is tried, with files of our own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from blogmetad.cli.doctor.finding import Finding, checked
from blogmetad.config import Config
from blogmetad.intake.watch import Watch
from blogmetad.lock import alone
from blogmetad.model.store.place import free_on_disk
from blogmetad.publish.folders import Folders, probe

REMOTE = (
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "afs", "vboxsf", "drvfs", "fuse.sshfs",
    "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.vmhgfs-fuse",
)  # fmt: skip
"""Kinds of file systems that others may write to without the kernel here being told."""

LEAST = 100_000_000
"""Bytes below which a disk counts as nearly full."""

LIMITS = Path("/proc/sys/fs/inotify")


def look(settings: Config, file: Path) -> Iterator[Finding]:
    """Findings on the folders of the site; ``file`` is the configuration, in which they are named."""
    site = settings.site
    problems = probe(Folders.of(settings))
    for problem in problems:
        folder = getattr(site, problem.field or "", site.root)
        made = f"mkdir -p '{folder}'; or " if problem.rule == "folder.missing" else ""
        yield Finding("folders", False, problem.message, f"{made}set '{problem.field}' under [site] in {file}")
    if not problems:
        yield Finding("folders", True, f"{site.drafts} -> {site.posts}: link, rename and sync work")
    yield from _file_systems(settings, file)
    if problems:
        return
    yield checked(
        "locks", lambda: _locks(site.state), f"set 'state' under [site] in {file} to a folder on a local disk"
    )
    yield _space(site.state, site.posts)
    if not settings.intake.polling:
        yield _watches(site.drafts)


def kind_of(folder: Path, mounts: str) -> str:
    """The kind of file system that a folder lies on, going by the kernel's list of mounts; empty if none fits."""
    best, kind = "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        words = left.split()
        if len(words) < 5 or not right:
            continue
        where = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[4])
        # The last of several mounts at one place is the one that is seen.
        if folder.is_relative_to(where) and len(where) >= len(best):
            best, kind = where, right.split()[0]
    return kind


def _file_systems(settings: Config, file: Path) -> Iterator[Finding]:
    site = settings.site
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace")
    except OSError:
        return
    kinds = {name: kind_of(getattr(site, name).resolve(), mounts) or "unknown" for name in ("drafts", "posts", "state")}
    seen = ", ".join(f"{name} on {kind}" for name, kind in kinds.items())
    if kinds["state"] in REMOTE:
        fix = f"set 'state' under [site] in {file} to a folder on a local disk"
        yield Finding("file systems", False, f"{seen}: the ledger is not safe on a network", fix)
    elif kinds["drafts"] in REMOTE and not settings.intake.polling:
        fix = f"set polling = true under [intake] in {file}"
        yield Finding("file systems", False, f"{seen}: what others put there is noticed late", fix)
    else:
        yield Finding("file systems", True, seen)


def _locks(state: Path) -> str:
    trial = state / "doctor.lock"
    try:
        with alone(trial):
            return f"work in {state}"
    finally:
        trial.unlink(missing_ok=True)


def _space(*folders: Path) -> Finding:
    least = min(folders, key=free_on_disk)
    free = free_on_disk(least)
    seen = f"{free / 1e9:.1f} GB free at {least}"
    return Finding("space", free >= LEAST, seen, "make room on that disk: until then drafts wait")


def _watches(drafts: Path) -> Finding:
    """Whether the kernel tells of changes. It is asked for real, since the limits count all programs of the user."""
    watch = Watch(drafts, lambda: None)
    try:
        watch.start()
        mode = watch.mode
    except OSError as error:
        return Finding("watches", False, f"{drafts} cannot be watched: {error}", "see that the folder can be read")
    finally:
        watch.stop()
    most = ", ".join(f"{name} {_limit(name)}" for name in ("max_user_watches", "max_user_instances"))
    if mode == "inotify":
        return Finding("watches", True, f"inotify works ({most})")
    fix = "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"
    return Finding("watches", False, f"no inotify watch is left ({most}), so the folder is polled", fix)


def _limit(name: str) -> str:
    try:
        return (LIMITS / name).read_text("ascii").strip()
    except OSError:
        return "unknown"


def writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself can be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
