"""Somebody at a terminal: a program on a pseudo-terminal, and answers typed when a question has been read."""

from __future__ import annotations

import os
import pty
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 120.0


class Terminal:
    """A program that runs on a terminal of its own. ``shown`` is all that has been read of it."""

    def __init__(self, words: Sequence[str], *, cwd: Path, **environment: str) -> None:
        self.shown = ""
        self._read_to = 0
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.execvpe(words[0], list(words), {**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment})

    def answer(self, question: str, answer: str) -> None:
        """Wait until ``question`` is read, behind what was answered before, and type ``answer`` and Enter."""
        while question not in self.shown[self._read_to :]:
            assert self._read(), f"it ended without asking {question!r}:\n{self.shown}"
        self._read_to = self.shown.index(question, self._read_to) + len(question)
        os.write(self._fd, f"{answer}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def answer_all(self, answers: Mapping[str, str]) -> int:
        """Answer these questions in this order, and read to the end."""
        for question, answer in answers.items():
            self.answer(question, answer)
        return self.end()

    def _read(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while not select.select([self._fd], [], [], 0.5)[0]:
            assert time.monotonic() < deadline, f"nothing came any more:\n{self.shown}"
        try:
            part = os.read(self._fd, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += part.decode("utf-8", "replace")
        return bool(part)
