"""A real Git repository with a blog in it, and all that can be seen of it from outside."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from blogmetad.announce import environment
from blogmetad.announce.git import Repository
from blogmetad.values import sha256

NAME = "2026-11-26-post.md"
POST = "---\ntitle: 一篇文章\n---\n正文。\n".encode()
AUTHOR = ("-c", "user.name=作者", "-c", "user.email=author@example.org")


@dataclass(frozen=True)
class Seen:
    """A repository, but for the post: branches and other refs, index and files."""

    refs: str
    index: str
    files: dict[str, bytes]
    stash: str


@dataclass(frozen=True)
class Repo:
    """A repository in ``root``; posts lie in ``posts``."""

    root: Path
    posts: Path

    def git(self, *words: str, check: bool = True, given: str = "") -> str:
        """Run Git as the author does."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *AUTHOR, *words], cwd=self.root, env=env, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, f"git {words}: {done.stderr}"
        return done.stdout

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def hook(self, name: str, script: str) -> None:
        path = Path(self.git("rev-parse", "--git-path", f"hooks/{name}").strip())
        path = path if path.is_absolute() else self.root / path
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    def place(self, name: str = NAME, post: bytes = POST) -> str:
        """A post appears, as blogmetad places it; its hash."""
        self.posts.mkdir(parents=True, exist_ok=True)
        (self.posts / name).write_bytes(post)
        return sha256(post)

    def head(self) -> str:
        return self.git("rev-parse", "--verify", "--quiet", "HEAD", check=False).strip()

    def branch(self) -> str:
        return self.git("symbolic-ref", "--quiet", "--short", "HEAD", check=False).strip()

    def of_post(self, name: str = NAME) -> str:
        """What Git says of the post: changed, staged, unknown, or nothing."""
        return self.git("status", "--porcelain", "-z", "--ignored", "--", self.path(name), check=False)

    def path(self, name: str = NAME) -> str:
        """The post's path from the top of the repository."""
        return str((self.posts.resolve() / name).relative_to(self.root.resolve()))

    def changed(self, commit: str = "HEAD") -> list[str]:
        """The paths a commit changes."""
        told = self.git("diff-tree", "--root", "--no-commit-id", "--name-only", "-r", "-z", commit)
        return [path for path in told.split("\0") if path]

    def message(self, commit: str = "HEAD") -> str:
        return self.git("log", "-1", "--format=%B", commit).rstrip("\n")

    def seen(self, name: str = NAME) -> Seen:
        """All but the post and the branch that is checked out."""
        here, post = f" refs/heads/{self.branch()}", self.path(name)
        refs = self.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        index = [line for line in self.git("ls-files", "-s", "-z").split("\0") if not line.endswith(f"\t{post}")]
        files = {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.root).parts
        }
        files.pop(post, None)
        others = [ref for ref in refs if not ref.endswith(here)]
        return Seen("\n".join(others), "\n".join(index), files, self.git("stash", "list"))

    def ours(self, **extra: str) -> Repository:
        """The repository as blogmetad works with it, called by somebody with this in the environment too."""
        return Repository(self.posts, environment.for_git({**os.environ, **extra}), lambda: True)


def make(root: Path, posts: str = "_posts", *, commits: bool = True) -> Repo:
    """A repository whose author has committed a few things, and has a name."""
    root.mkdir(parents=True, exist_ok=True)
    repo = Repo(root, root / posts)
    repo.git("init", "--quiet", "--initial-branch=main", ".")
    repo.git("config", "user.name", "作者")
    repo.git("config", "user.email", "author@example.org")
    repo.posts.mkdir(exist_ok=True)
    if commits:
        for name in ("_config.yml", "about.md", "_posts/2025-01-01-old.md", "assets/图.txt"):
            repo.write(name, f"{name}, the first version\n" * 3)
        repo.git("add", "--all")
        repo.git("commit", "--quiet", "--message=begun")
        repo.write("about.md", "about, the second version\n")
        repo.git("commit", "--quiet", "--all", "--message=about")
    return repo
