"""Blogs on disk to measure with: generated posts, and all that blogmetad keeps beside them made anew every time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import generated
from bench.task import RULES

_CONFIG = """
[site]
root = "."
rules = "rules.md"

[model]
name = "{model}"
threads = {threads}

[intake]
settle_seconds = 0.0

[log]
format = "json"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A Jekyll site of ``count`` generated posts."""

    root: Path
    count: int

    @property
    def posts(self) -> Path:
        """Where the posts are."""
        return self.root / "_posts"

    @property
    def drafts(self) -> Path:
        """The drafts folder."""
        return self.root / "_inbox"

    @property
    def journal(self) -> Path:
        """The journal's folder."""
        return self.root / "_journal"

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.root / ".blogmetad"

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.root / "blogmetad.toml"

    @classmethod
    @contextmanager
    def made(cls, folder: Path, count: int, model: Path | None = None, threads: int = 0) -> Iterator[Site]:
        """A site in ``folder``. Its posts are kept for the next time; what is published on it is removed in the end.

        Without a ``model`` there is a file that looks like one, which is enough until it is loaded.
        """
        site = cls(folder / f"blog-{count}", count)
        site.posts.mkdir(parents=True, exist_ok=True)
        site._clear()
        generated.write(site.posts, count)
        if model is None:
            model = site.root / "never-loaded.gguf"
            model.write_bytes(b"GGUF" + bytes(64))
        site.drafts.mkdir()
        site.journal.mkdir()
        (site.root / "rules.md").write_bytes(RULES.read_bytes())
        (site.root / "_config.yml").write_text("title: Generated\ntimezone: UTC\n", encoding="utf-8")
        site.config.write_text(_CONFIG.format(model=model, threads=threads), encoding="utf-8")
        try:
            yield site
        finally:
            site._clear()

    def _clear(self) -> None:
        own = {generated.name(number) for number in range(self.count)}
        for path in self.posts.iterdir():
            if path.name not in own:
                path.unlink()
        for folder in (self.drafts, self.journal, self.state):
            shutil.rmtree(folder, ignore_errors=True)
