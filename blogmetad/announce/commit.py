"""One post's file into its repository, and out of it again; nothing else, in whatever state the rest is.

``git commit --only`` takes the file as it lies there and leaves alone what else is staged or changed. What comes of it
is looked at, and a commit that has more in it (a hook of the repository may add files) is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from blogmetad import files
from blogmetad.announce.git import Failed, Repository, literal


@dataclass(frozen=True, slots=True)
class Committed:
    """The post is in the repository, or out of it, with this ``commit`` on ``branch``."""

    commit: str
    branch: str


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing was committed; ``reason`` is a whole sentence."""

    reason: str


def add(repository: Repository, name: str, sha256: str, message: str) -> Committed | Left:
    """Commit the post ``name`` of the repository's folder, if it still has the bytes with that hash.

    May be called again after a crash: what is committed already is not committed a second time. Raises Stopped.
    """
    try:
        reason = repository.obstacle() or _unfit(repository, name, sha256)
        if reason is not None:
            return Left(reason)
        if _is_in(repository, name):
            return _last(repository, name)
        return _add(repository, name, message)
    except Failed as error:
        return Left(f"{_capital(str(error))}.")


def remove(repository: Repository, name: str, commit: str, message: str) -> Committed | Left:
    """Commit that the post is gone which ``commit`` had brought, if nobody has changed it since. Raises Stopped."""
    try:
        reason = repository.obstacle() or _irremovable(repository, name, commit)
        return Left(reason) if reason is not None else _commit(repository, name, message)
    except Failed as error:
        return Left(f"{_capital(str(error))}.")


def push(repository: Repository) -> str | None:
    """Push the branch that is checked out to its upstream, and no other; why not, as a whole sentence. Raises
    Stopped."""
    try:
        branch, upstream = repository.branch(), repository.upstream()
        if upstream is None:
            return f"The branch {_short(branch)} has no upstream; push it once with: git push -u REMOTE BRANCH"
        remote, ref = upstream
        options = ("--quiet", "--no-follow-tags", "--recurse-submodules=no")
        repository.ask("push", *options, "--", remote, f"{branch}:{ref}")
    except Failed as error:
        return f"{_capital(str(error))}."
    return None


def _unfit(repository: Repository, name: str, sha256: str) -> str | None:
    """What speaks against committing this file."""
    if _digest(repository, name) != sha256:
        return f"The post {name} has changed since it was placed, so it is left to you."
    if repository.is_so("check-ignore", "--quiet", "--", f"./{name}"):
        return f"The repository ignores {name} (.gitignore)."
    staged = not _same(repository, name, "--cached")
    if staged and not (_is_known(repository, name) and _same(repository, name)):
        return f"Something else is staged under the name {name}."
    return None


def _irremovable(repository: Repository, name: str, commit: str) -> str | None:
    """What speaks against committing that this file is gone."""
    if _digest(repository, name) is not None:
        return f"There is a file {name} again."
    there = repository.blob("HEAD", name)
    if there is None:
        return f"The branch has no {name} any more."
    if there != repository.blob(commit, name):
        return f"The branch has another {name} than the one that commit {commit[:12]} brought."
    staged = not _same(repository, name, "--cached")
    if staged and _is_known(repository, name):
        return f"Something else is staged under the name {name}."
    return None


def _digest(repository: Repository, name: str) -> str | None:
    """The hash of what is there; empty for what is no file."""
    try:
        return files.digest(repository.folder / name)
    except OSError:
        return ""


def _is_known(repository: Repository, name: str) -> bool:
    """Whether the index has a file of that name."""
    return bool(repository.ask("ls-files", "-z", "--", literal(name)))


def _same(repository: Repository, name: str, *sides: str) -> bool:
    """Whether the file is the same on both sides: that of the index and the one that lies there, unless others are
    named."""
    return repository.is_so("diff", "--no-ext-diff", "--quiet", *sides, "--", literal(name))


def _is_in(repository: Repository, name: str) -> bool:
    """Whether the branch has the post as it lies there."""
    has = repository.commit() is not None and repository.blob("HEAD", name) is not None
    return has and _same(repository, name, "HEAD")


def _add(repository: Repository, name: str, message: str) -> Committed | Left:
    """``commit --only`` knows no files that Git has not heard of, so the index is told of it; if nothing comes of it,
    for as long as that. Where we are stopped half-way, the next start finds it staged and goes on."""
    new = not _is_known(repository, name)
    if new:
        repository.tell("add", "--", literal(name))
    try:
        done = _commit(repository, name, message)
    except Failed:
        _forget(repository, name, new)
        raise
    _forget(repository, name, new and isinstance(done, Left))
    return done


def _forget(repository: Repository, name: str, wanted: bool) -> None:
    if wanted:
        repository.tell("rm", "--cached", "--quiet", "--force", "--ignore-unmatch", "--", literal(name))


def _commit(repository: Repository, name: str, message: str) -> Committed | Left:
    before, was = repository.commit(), repository.blob("HEAD", name)
    # The message as it is: a title may begin with "#" or "-".
    options = ("--only", "--quiet", "--cleanup=verbatim", "--file=-")
    try:
        repository.tell("commit", *options, "--", literal(name), given=f"{message}\n".encode("utf-8", "replace"))
    except Failed:
        if repository.blob("HEAD", name) == was:
            raise  # else it was only what a hook did after the commit
    done = _last(repository, name)
    if _paths(repository, done.commit, "--relative") == [name] and len(_paths(repository, done.commit)) == 1:
        return done
    taken = _take_back(repository, name, done.commit, before)
    how = "so it was taken back" if taken else "and it cannot be taken back, as others followed it"
    return Left(f"A hook of the repository had put other files into the commit {done.commit[:12]}, {how}.")


def _paths(repository: Repository, commit: str, *options: str) -> list[str]:
    """What a commit changes, each as it is called from the top, or from the repository's folder."""
    told = repository.ask("diff-tree", "--root", "--no-commit-id", "--name-only", "-r", "-z", *options, commit)
    return told.split("\0")[:-1]


def _take_back(repository: Repository, name: str, commit: str, before: str | None) -> bool:
    """The branch as it was, unless something came on top. The index never had those other files."""
    change = ("-d", "HEAD", commit) if before is None else ("HEAD", before, commit)
    taken = repository.run("update-ref", "-m", "blogmetad: taken back", *change).well
    if taken and before is not None:
        repository.tell("reset", "--quiet", "--", literal(name))
    return taken


def _last(repository: Repository, name: str) -> Committed:
    """The last commit that this file is in."""
    commit = repository.ask("log", "-1", "--format=%H", "--", literal(name))
    return Committed(commit, _short(repository.branch()))


def _short(branch: str | None) -> str:
    return (branch or "").removeprefix("refs/heads/")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
