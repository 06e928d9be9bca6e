"""An earlier file is kept beside the one that takes its name."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from blogmetad import files
from blogmetad.cli.options import console


def replace(file: Path, content: bytes, what: str) -> None:
    """Write a file; an earlier one that differs stays beside it under a name with the time."""
    keep_earlier(file, content, what)
    files.write_new(file, content, replace=True)


def keep_earlier(file: Path, content: bytes, what: str) -> None:
    """Copy a file that does not hold ``content`` to a name with the time, and say so."""
    if file.exists() and file.read_bytes() != content:
        backup = file.with_name(f"{file.name}.{dt.datetime.now().astimezone():%Y%m%d-%H%M%S}.bak")
        shutil.copy2(file, backup)
        console.print(f"the earlier {what} kept as {backup}", markup=False)
