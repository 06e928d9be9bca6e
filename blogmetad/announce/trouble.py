"""What would keep others from being told, as far as that can be seen beforehand. For ``doctor``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping

from blogmetad.announce import desktop, environment
from blogmetad.announce.git import Failed, Repository
from blogmetad.audience import Hook
from blogmetad.config import Config
from blogmetad.values import Problem

_TRIAL = "2000-01-01-trial.md"


def problems(config: Config, ours: Mapping[str, str]) -> tuple[Problem, ...]:
    """All of it, given the environment ``ours``; nothing is run but Git, which is only asked. Raises nothing."""
    return (*_hooks(config, ours), *_git(config, ours), *_desktop(config, ours))


def _hooks(config: Config, ours: Mapping[str, str]) -> Iterator[Problem]:
    for hook in config.hooks:
        reason = _unusable(hook, config, ours)
        if reason is not None:
            message = f"The hook {hook.command[0]} {reason}; correct its command in the configuration, or install it."
            yield Problem("hook.program", message, "hooks")


def _unusable(hook: Hook, config: Config, ours: Mapping[str, str]) -> str | None:
    name = hook.command[0]
    if "/" not in name:
        return None if shutil.which(name, path=ours.get("PATH")) else "is in no folder of PATH"
    path = config.site.root / name
    if not path.is_file():
        return f"does not exist ({path})" if name != str(path) else "does not exist"
    return None if os.access(path, os.X_OK) else "cannot be run; try: chmod +x"


def _git(config: Config, ours: Mapping[str, str]) -> Iterator[Problem]:
    if not config.git.commit:
        if config.git.push:
            yield Problem("git.push", "push = true has no effect under [git] without commit = true.", "git")
        return
    if not config.site.posts.is_dir():
        return  # that is told by others
    repository = Repository(config.site.posts, environment.for_git(ours, config.server.key_variable), lambda: True)
    try:
        obstacle = repository.obstacle()
        if obstacle is not None:
            yield Problem("git.repository", f"{obstacle} Posts are placed all the same, but not committed.", "git")
            return
        yield from _repository(repository, push=config.git.push)
    except Failed as error:
        yield Problem("git.repository", f"Git cannot be used in {config.site.posts}: {error}.", "git")


def _repository(repository: Repository, *, push: bool) -> Iterator[Problem]:
    if repository.is_so("check-ignore", "--quiet", "--", f"./{_TRIAL}"):
        message = f"The repository ignores the posts in {repository.folder} (.gitignore), so they are not committed."
        yield Problem("git.ignored", message, "git")
    if not repository.run("var", "GIT_COMMITTER_IDENT").well:
        message = "Git does not know who commits; tell it: git config --global user.name NAME, and user.email ADDRESS."
        yield Problem("git.identity", message, "git")
    if push and repository.upstream() is None:
        message = "The branch has no upstream to push to; push it once with: git push -u REMOTE BRANCH."
        yield Problem("git.upstream", message, "git")


def _desktop(config: Config, ours: Mapping[str, str]) -> Iterator[Problem]:
    if config.notify.desktop and desktop.program(ours) is None:
        message = "There is neither notify-send nor gdbus to notify the desktop with; install libnotify."
        yield Problem("notify.program", message, "notify")
