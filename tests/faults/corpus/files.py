"""Names that file systems, shells or people stumble over, and what is called like a draft and is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.faults.corpus.case import BODY, Case, odd, raw_name, text

RENAME = "Rename it"
PUT = "Put the text itself into the drafts folder"


def named(what: str, name: str) -> Case:
    """A good text under an odd name."""
    return text(what, f"{BODY}{what}\n", name=name)


def left(what: str, name: str) -> Case:
    """A name that is no draft's."""
    return Case(what, "ignored", BODY.encode(), name)


def misnamed(what: str, name: str) -> Case:
    return Case(what, "parked", BODY.encode(), name, rule="draft.name", told=("is not printable UTF-8", RENAME))


NAMES = (
    named("CON", "CON.md"),
    named("name with spaces", "  我的  草稿  .md"),
    named("name with wide spaces", "春　天\xa0x.md"),
    named("trailing dots", "等等....md"),
    named("emoji only", "😀🎉.md"),
    named("a family", "👨\u200d👩\u200d👧.md"),
    named("255 bytes", "长" * 84 + ".md"),
    named("255 bytes of emoji", "😀" * 63 + ".md"),
    named("a hyphen first", "-rf.md"),
    named("a command", "$(touch x) `id`; rm *.md"),
    named("quotes", "a'b\"c\\d.md"),
    named("markup", "<b>[x](y)|*_.md"),
    named("Liquid in the name", "{{ x }}{% y %}.md"),
    named("one letter", "好.md"),
    named("capital suffix", "README.MD"),
    named("long suffix", "随笔.markdown"),
    named("two suffixes", "draft.txt.md"),
    named("a day in the name", "2025-04-29-春天.md"),
    named("no day in the name", "2025-02-30-没有这天.md"),
    named("a percent sign", "100%-%2e%2e%2f.md"),
    named("NFC", "caf\u00e9.md"),
    named("NFD", "cafe\u0301.md"),
    named("lower case", "readme-too.md"),
    named("upper case", "README-TOO.md"),
    left("a leading dot", ".draft.md"),
    left("an underscore", "_draft.md"),
    left("Emacs' lock", "#draft.md#"),
    left("a backup", "draft.md~"),
    left("vim's swap", "draft.md.swp"),
    left("a download", "draft.md.crdownload"),
    left("a conflict of Syncthing", "draft.sync-conflict-20250429-101010-ABCDEFG.md"),
    left("another suffix", "draft.txt"),
    left("no suffix", "draft"),
    left("dots only", "...md"),
    misnamed("a line break", "one\ntwo.md"),
    misnamed("an escape", "a\x1b[31mb.md"),
    misnamed("right to left in the name", "a\u202edm.exe.md"),
    misnamed("zero width in the name", "a\u200bb.md"),
    misnamed("invalid UTF-8 in the name", raw_name("中文".encode("gbk") + b".md")),
    misnamed("Latin-1 in the name", raw_name(b"caf\xe9.md")),
)


def outside(path: Path) -> Path:
    """A file beside the site that nobody may touch."""
    secret = path.parent.parent.parent / "outside.md"
    secret.write_text("这个文件在博客之外，谁也不许动它。\n", "utf-8")
    return secret


def hard_link(path: Path) -> None:
    other = outside(path).with_name("hard.md")
    other.write_text(f"{BODY}硬链接\n", "utf-8")
    path.hardlink_to(other)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def a_device(path: Path) -> None:
    os.mknod(path, 0o20666, os.makedev(1, 5))


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "inner.md").write_text(BODY, "utf-8")


KINDS = (
    odd("a symbolic link", lambda path: path.symlink_to(outside(path)), "draft.kind", "is a symbolic link", PUT),
    odd("a link to nothing", lambda path: path.symlink_to("nothing.md"), "draft.kind", "is a symbolic link", PUT),
    odd("a link to itself", lambda path: path.symlink_to(path.name), "draft.kind", "is a symbolic link"),
    odd("a link to a folder", lambda path: path.symlink_to("/etc"), "draft.kind", "is a symbolic link"),
    odd("a link to a device", lambda path: path.symlink_to("/dev/zero"), "draft.kind", "is a symbolic link"),
    odd("a folder", a_folder, "draft.kind", "is a folder", PUT, name="文件夹.md"),
    odd("a named pipe", os.mkfifo, "draft.kind", "is a named pipe", PUT),
    odd("a socket", a_socket, "draft.kind", "is a socket", PUT),
    odd("a device", a_device, "draft.kind", "is a device", PUT),
    Case("a hard link", "published", body=f"{BODY}硬链接\n".encode(), make=hard_link),
)
