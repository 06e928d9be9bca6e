"""What would keep others from being told, as far as that can be seen beforehand. For ``doctor``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from blogmetad.announce import desktop, environment
from blogmetad.announce.git import Failed, Repository
from blogmetad.audience import Hook
from blogmetad.config import Config

_TRIAL = "2000-01-01-trial.md"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one of those who are to be told, and how to mend it."""

    about: Literal["hooks", "git", "notify"]
    seen: str
    fix: str


def troubles(config: Config, ours: Mapping[str, str]) -> tuple[Trouble, ...]:
    """All of it, given our environment. No hook is called, and Git is only asked. Raises nothing."""
    return (*_hooks(config, ours), *_git(config, ours), *_desktop(config, ours))


def _hooks(config: Config, ours: Mapping[str, str]) -> Iterator[Trouble]:
    for hook in config.hooks:
        wrong = _unusable(hook, config, ours)
        if wrong is not None:
            yield Trouble("hooks", f"the program {hook.command[0]} {wrong[0]}", wrong[1])


def _unusable(hook: Hook, config: Config, ours: Mapping[str, str]) -> tuple[str, str] | None:
    name = hook.command[0]
    path = config.site.root / name
    if "/" not in name:
        missing = shutil.which(name, path=ours.get("PATH")) is None
        return ("is in no folder of PATH", "install it, or write its whole path into the command") if missing else None
    if not path.is_file():
        return f"is not there ({path})", "correct the command in the configuration"
    return None if os.access(path, os.X_OK) else ("may not be run", f"chmod +x '{path}'")


def _git(config: Config, ours: Mapping[str, str]) -> Iterator[Trouble]:
    if not config.git.commit:
        if config.git.push:
            yield Trouble("git", "push = true does nothing without commit = true", "set both under [git], or neither")
        return
    if not config.site.posts.is_dir():
        return  # that is told by others
    repository = Repository(config.site.posts, environment.for_git(ours, config.server.key_variable), lambda: True)
    try:
        obstacle = repository.obstacle()
        if obstacle is None:
            yield from _repository(repository, push=config.git.push)
            return
    except Failed as error:
        obstacle = f"Git cannot be used in {config.site.posts}: {error}."
    fix = "put that right, or set commit = false under [git]; posts are placed all the same, but not committed"
    yield Trouble("git", obstacle, fix)


def _repository(repository: Repository, *, push: bool) -> Iterator[Trouble]:
    if repository.is_so("check-ignore", "--quiet", "--", f"./{_TRIAL}"):
        yield Trouble("git", f"the repository ignores what is in {repository.folder}", "take that out of .gitignore")
    if not repository.run("var", "GIT_COMMITTER_IDENT").well:
        fix = "git config --global user.name NAME; git config --global user.email ADDRESS"
        yield Trouble("git", "Git does not know who commits", fix)
    if push and repository.upstream() is None:
        yield Trouble("git", "the branch has no upstream to push to", "git push -u REMOTE BRANCH")


def _desktop(config: Config, ours: Mapping[str, str]) -> Iterator[Trouble]:
    if config.notify.desktop and desktop.program(ours) is None:
        yield Trouble("notify", "there is neither notify-send nor gdbus", "install libnotify-bin, or whatever has one")
