"""The guidance's state on disk, so that a start does not compute it again.

A state is a few megabytes of a model's inner numbers, right only for the very model, library, options and tokens it was
computed with. All of them are part of its key, and its bytes are verified before llama.cpp sees them: it does not check
them itself. A file that is damaged, cut off or foreign counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from blogmetad.model.local.llama import Llama, version

MAGIC = b"blogmetad state 1\n"
KEPT = 4
"""Files kept: one for each set of rules and model in use, the latest used."""

SAMPLES, SAMPLE = 64, 1 << 16
"""How many pieces of a model file tell it from another, and their bytes: hashing all of it would take seconds."""

Blank = Mapping[tuple[str, str], float]
"""What the model says of terms without having read a post, by field and term."""


class SavedStates:
    """States of the first sequence of ``model`` in ``folder``. Nothing here fails: what cannot be kept is not kept."""

    def __init__(self, folder: Path, model: Llama) -> None:
        self._folder, self._model = folder, model
        self._made_by = f"{fingerprint(model.options.path)} {version()} {model.setting}"

    def restore(self, tokens: list[int], sequence: int) -> dict[tuple[str, str], float] | None:
        """Bring the state behind ``tokens`` into ``sequence``; what was kept beside it, None if there is no state."""
        file = self._file(tokens)
        try:
            data = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        head, _, rest = data.partition(b"\n\n")
        if head != MAGIC + hashlib.sha256(rest).hexdigest().encode():
            return None
        words, _, state = rest.partition(b"\n")
        blank = {(field, term): float(score) for field, term, score in json.loads(words)}
        return blank if self._model.restore(sequence, state) else None

    def keep(self, tokens: list[int], sequence: int, blank: Blank) -> None:
        """Write the state of ``sequence`` behind ``tokens``, whole or not at all; the oldest beyond KEPT go."""
        words = json.dumps([[*name, score] for name, score in blank.items()]).encode()
        rest = words + b"\n" + self._model.state(sequence)
        file = self._file(tokens)
        new = file.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                new.write_bytes(MAGIC + hashlib.sha256(rest).hexdigest().encode() + b"\n\n" + rest)
                new.replace(file)
            finally:
                new.unlink(missing_ok=True)
            kept = sorted(self._folder.glob("*.state"), key=lambda path: path.stat().st_mtime_ns)
            for old in kept[:-KEPT]:
                old.unlink()

    def _file(self, tokens: list[int]) -> Path:
        key = hashlib.sha256(f"{self._made_by} {tokens}".encode()).hexdigest()[:32]
        return self._folder / f"{key}.state"


def fingerprint(file: Path) -> str:
    """Tells one model file from another by its size and by pieces of it from the first to the last."""
    size = file.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as source:
        for n in range(SAMPLES):
            source.seek(max(0, size - SAMPLE) * n // (SAMPLES - 1))
            digest.update(source.read(SAMPLE))
    return digest.hexdigest()
