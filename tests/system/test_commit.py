"""One post into a repository and out again, by the real Git: whatever state the rest is in, it stays in that state."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogmetad.announce import commit, git
from blogmetad.announce.commit import Committed, Left
from tests.system.repository import NAME, POST, Repo, make

TITLE = "post: 一篇文章"


def nothing(repo: Repo) -> None:
    assert repo.git("status", "--porcelain") == ""


def staged(repo: Repo) -> None:
    repo.write("about.md", "staged\n")
    repo.git("add", "about.md")


def changed(repo: Repo) -> None:
    repo.write("about.md", "changed\n")


def staged_and_changed(repo: Repo) -> None:
    staged(repo)
    repo.write("about.md", "and changed again\n")


def staged_new_files(repo: Repo) -> None:
    repo.write("_posts/2026-11-26-mine.md", "a post of the author's\n")
    repo.write("新\n文件 [x]*.txt", "a name with everything in it\n")
    repo.git("add", "--all")


def unknown_files(repo: Repo) -> None:
    repo.write("_posts/2026-11-26-mine.md", "a post of the author's\n")
    repo.write("notes.txt", "notes\n")


def removed(repo: Repo) -> None:
    (repo.root / "about.md").unlink()


def removal_staged(repo: Repo) -> None:
    repo.git("rm", "--quiet", "about.md")


def renaming_staged(repo: Repo) -> None:
    repo.git("mv", "about.md", "关于.md")


def announced_file(repo: Repo) -> None:
    repo.write("later.md", "later\n")
    repo.git("add", "--intent-to-add", "later.md")


def conflict_of_a_stash(repo: Repo) -> None:
    repo.write("about.md", "stashed\n")
    repo.git("stash", "--quiet")
    repo.write("about.md", "meanwhile\n")
    repo.git("commit", "--quiet", "--all", "--message=meanwhile")
    repo.git("stash", "pop", "--quiet", check=False)
    assert "UU about.md" in repo.git("status", "--porcelain")


def many_commits_stashes_and_branches(repo: Repo) -> None:
    repo.write("about.md", "stashed\n")
    repo.git("stash", "--quiet")
    repo.git("branch", "other")
    repo.git("tag", "v1")


def comment_character_and_template(repo: Repo) -> None:
    repo.git("config", "core.commentChar", "p")
    repo.git("config", "commit.template", str(repo.write("template", "template\n")))
    repo.git("config", "commit.cleanup", "scissors")
    repo.git("config", "commit.verbose", "true")


def other_settings_for_diffs(repo: Repo) -> None:
    repo.git("config", "diff.external", "false")
    repo.git("config", "diff.noprefix", "true")
    repo.git("config", "core.quotePath", "false")
    repo.git("config", "status.relativePaths", "false")
    repo.git("config", "core.fsmonitor", "false")


GOOD = (
    *(nothing, staged, changed, staged_and_changed, staged_new_files, unknown_files, removed, removal_staged),
    *(renaming_staged, announced_file, conflict_of_a_stash, many_commits_stashes_and_branches),
    *(comment_character_and_template, other_settings_for_diffs),
)


@pytest.mark.parametrize("state", GOOD, ids=lambda state: state.__name__)
def test_the_commit_has_the_post_and_nothing_else_and_all_else_stays_as_it_was(
    tmp_path: Path, state: Callable[[Repo], None]
) -> None:
    repo = make(tmp_path)
    state(repo)
    summed, before, parent = repo.place(), repo.seen(), repo.head()
    done = commit.add(repo.ours(), NAME, summed, TITLE)
    assert done == Committed(repo.head(), "main")
    assert repo.changed() == [repo.path()]
    assert repo.git("rev-parse", "HEAD^").strip() == parent
    assert repo.message() == TITLE
    assert (repo.seen(), repo.of_post()) == (before, "")


@pytest.mark.parametrize("state", GOOD, ids=lambda state: state.__name__)
def test_so_has_the_commit_of_an_undone_post(tmp_path: Path, state: Callable[[Repo], None]) -> None:
    repo = make(tmp_path)
    done = commit.add(repo.ours(), NAME, repo.place(), TITLE)
    assert isinstance(done, Committed)
    state(repo)
    (repo.posts / NAME).unlink()
    before, parent = repo.seen(), repo.head()
    gone = commit.remove(repo.ours(), NAME, done.commit, "taken back")
    assert gone == Committed(repo.head(), "main")
    assert repo.git("diff", "--name-status", "-z", "HEAD^", "HEAD") == f"D\0{repo.path()}\0"
    assert repo.git("rev-parse", "HEAD^").strip() == parent
    assert (repo.seen(), repo.of_post()) == (before, "")


def merge(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "side")
    repo.write("about.md", "side\n")
    repo.git("commit", "--quiet", "--all", "--message=side")
    repo.git("checkout", "--quiet", "main")
    repo.write("about.md", "main\n")
    repo.git("commit", "--quiet", "--all", "--message=main")
    repo.git("merge", "--quiet", "side", check=False)


def merge_resolved(repo: Repo) -> None:
    merge(repo)
    staged(repo)


def cherry_pick(repo: Repo) -> None:
    merge(repo)
    repo.git("merge", "--abort")
    repo.git("cherry-pick", "side", check=False)


def revert(repo: Repo) -> None:
    changed(repo)
    repo.git("commit", "--quiet", "--all", "--message=third")
    repo.git("revert", "HEAD~1", check=False)


def rebase(repo: Repo) -> None:
    merge(repo)
    repo.git("merge", "--abort")
    repo.git("rebase", "--quiet", "side", check=False)


def rebase_to_edit(repo: Repo) -> None:
    repo.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "--quiet", "-i", "HEAD~1", check=False)


def patch(repo: Repo) -> None:
    text = repo.git("format-patch", "-1", "--stdout")
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.write("about.md", "another\n")
    repo.git("commit", "--quiet", "--all", "--message=another")
    repo.git("am", "--quiet", given=text, check=False)


def bisect(repo: Repo) -> None:
    repo.git("bisect", "start")
    repo.git("bisect", "bad")


def detached(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--detach")


def ignored(repo: Repo) -> None:
    repo.write(".gitignore", "_posts/\n")


def ignored_by_name(repo: Repo) -> None:
    repo.write(".git/info/exclude", "2026-*\n")


def other_content_staged(repo: Repo) -> None:
    repo.write(repo.path(), "another post of that name, staged\n")
    repo.git("add", "--all")


def removal_of_the_name_staged(repo: Repo) -> None:
    other_content_staged(repo)
    repo.git("commit", "--quiet", "--message=another post of that name")
    repo.git("rm", "--quiet", repo.path())


def hook_refuses(repo: Repo) -> None:
    repo.hook("pre-commit", "echo the spelling of 文章 is wrong >&2; exit 1")


def message_refused(repo: Repo) -> None:
    repo.hook("commit-msg", "echo no ticket in the message; exit 1")


def hook_adds_all(repo: Repo) -> None:
    staged_new_files(repo)
    changed(repo)
    repo.hook("pre-commit", "git add --all")


def no_name(repo: Repo) -> None:
    repo.git("config", "--unset", "user.name")
    repo.git("config", "--unset", "user.email")


def cannot_sign(repo: Repo) -> None:
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", "/bin/false")


def index_locked(repo: Repo) -> None:
    repo.write(".git/index.lock", "")


def branch_locked(repo: Repo) -> None:
    repo.write(".git/refs/heads/main.lock", "")


BAD: list[tuple[Callable[[Repo], None], str]] = [
    (merge, "in the middle of a merge"),
    (merge_resolved, "in the middle of a merge"),
    (cherry_pick, "in the middle of a cherry-pick"),
    (revert, "in the middle of a revert"),
    (rebase, "in the middle of a rebase"),
    (rebase_to_edit, "in the middle of a rebase"),
    (patch, "in the middle of a rebase"),
    (bisect, "in the middle of a bisect"),
    (detached, "No branch is checked out"),
    (ignored, f"The repository ignores {NAME}"),
    (ignored_by_name, f"The repository ignores {NAME}"),
    (other_content_staged, f"Something else is staged under the name {NAME}."),
    (removal_of_the_name_staged, f"Something else is staged under the name {NAME}."),
    (hook_refuses, "The spelling of 文章 is wrong (exit code 1)."),
    (message_refused, "No ticket in the message (exit code 1)."),
    (hook_adds_all, "A hook of the repository had put other files into the commit"),
    (no_name, "No email was given"),
    (cannot_sign, "Gpg failed to sign the data"),
    (index_locked, "The repository is locked"),
    (branch_locked, "The repository is locked"),
]


@pytest.mark.parametrize(("state", "told"), BAD, ids=lambda value: getattr(value, "__name__", None))
def test_where_nothing_can_be_committed_that_is_told_and_nothing_has_changed(
    tmp_path: Path, state: Callable[[Repo], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "PATIENCE", (0.01, 0.01))
    repo = make(tmp_path)
    state(repo)
    summed = repo.place()
    before, post, head = repo.seen(), repo.of_post(), repo.head()
    done = commit.add(repo.ours(), NAME, summed, TITLE)
    assert isinstance(done, Left)
    assert told in done.reason
    assert done.reason.endswith(".")
    for lock in ("index.lock", "refs/heads/main.lock"):
        (tmp_path / ".git" / lock).unlink(missing_ok=True)
    assert (repo.seen(), repo.of_post(), repo.head()) == (before, post, head)
    assert (repo.posts / NAME).read_bytes() == POST


@pytest.mark.parametrize(
    ("state", "told"),
    [(state, told) for state, told in BAD if not told.startswith(("The repository ignores", "Something else"))],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_so_it_is_with_the_removal_of_an_undone_post(
    tmp_path: Path, state: Callable[[Repo], None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "PATIENCE", (0.01,))
    repo = make(tmp_path)
    done = commit.add(repo.ours(), NAME, repo.place(), TITLE)
    assert isinstance(done, Committed)
    repo.write("about.md", "the post is not the last that was committed\n")
    repo.git("commit", "--quiet", "--all", "--message=later")
    state(repo)
    (repo.posts / NAME).unlink(missing_ok=True)
    before, post, head = repo.seen(), repo.of_post(), repo.head()
    gone = commit.remove(repo.ours(), NAME, done.commit, "taken back")
    assert isinstance(gone, Left)
    assert told in gone.reason or "The branch has no" in gone.reason
    for lock in ("index.lock", "refs/heads/main.lock"):
        (tmp_path / ".git" / lock).unlink(missing_ok=True)
    assert (repo.seen(), repo.of_post(), repo.head()) == (before, post, head)


@pytest.mark.parametrize(
    "title",
    [
        "# 不是注释",
        "-m --amend --all",
        "--fixup=HEAD",
        "$(touch pwned); `touch pwned` && touch pwned",
        "quotes ' and \" and \\ and ; and | and %s",
        "{title} {0}",
        "fixup! 修正",
        "Merge branch 'side'",
        "标题 🎉 ｆｕｌｌ　ｗｉｄｔｈ",
    ],
)
def test_a_title_is_the_message_to_the_letter(tmp_path: Path, title: str) -> None:
    repo = make(tmp_path)
    done = commit.add(repo.ours(), NAME, repo.place(), title)
    assert isinstance(done, Committed)
    assert repo.message() == title
    assert repo.git("rev-list", "--count", "HEAD").strip() == "3"
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("name", ["-n.md", "--all", "[a]*.md", ":(top)x.md", "a b\nc.md", "中文，标题.md", "#1.md"])
def test_names_are_names_and_no_patterns_or_options(tmp_path: Path, name: str) -> None:
    repo = make(tmp_path)
    for other in ("a1.md", "x.md", "n.md"):
        repo.write(f"_posts/{other}", "untracked\n")
        repo.write(f"x/{other}", "untracked\n")
    summed, before = repo.place(name), repo.seen(name)
    assert isinstance(commit.add(repo.ours(), name, summed, TITLE), Committed)
    assert repo.changed() == [repo.path(name)]
    assert repo.seen(name) == before


def test_the_first_commit_of_a_repository_may_be_a_post(tmp_path: Path) -> None:
    repo = make(tmp_path, commits=False)
    repo.write("about.md", "staged\n")
    repo.git("add", "about.md")
    summed, before = repo.place(), repo.seen()
    assert commit.add(repo.ours(), NAME, summed, TITLE) == Committed(repo.head(), "main")
    assert (repo.changed(), repo.seen(), repo.of_post()) == ([repo.path()], before, "")


def test_of_a_first_commit_that_has_more_in_it_nothing_is_left(tmp_path: Path) -> None:
    repo = make(tmp_path, commits=False)
    hook_adds_all(repo)
    summed, before = repo.place(), repo.seen()
    done = commit.add(repo.ours(), NAME, summed, TITLE)
    assert isinstance(done, Left)
    assert done.reason.endswith("so it was taken back.")
    assert (repo.head(), repo.seen(), repo.of_post()) == ("", before, f"?? {repo.path()}\0")


def test_what_is_committed_already_is_not_committed_again(tmp_path: Path) -> None:
    repo = make(tmp_path)
    summed = repo.place()
    first = commit.add(repo.ours(), NAME, summed, TITLE)
    changed(repo)
    repo.git("commit", "--quiet", "--all", "--message=something else")
    assert commit.add(repo.ours(), NAME, summed, TITLE) == first
    assert repo.message() == "something else"


def test_what_a_crash_left_staged_is_committed_the_next_time(tmp_path: Path) -> None:
    repo = make(tmp_path)
    summed = repo.place()
    repo.git("add", repo.path())
    assert commit.add(repo.ours(), NAME, summed, TITLE) == Committed(repo.head(), "main")
    assert repo.changed() == [repo.path()]


def test_a_post_that_its_author_is_working_on_is_left_to_him(tmp_path: Path) -> None:
    repo = make(tmp_path)
    summed = repo.place()
    repo.place(post=POST + "再加一句。\n".encode())
    done = commit.add(repo.ours(), NAME, summed, TITLE)
    assert done == Left(f"The post {NAME} has changed since it was placed, so it is left to you.")
    (repo.posts / NAME).unlink()
    assert isinstance(commit.add(repo.ours(), NAME, summed, TITLE), Left)
    (repo.posts / NAME).symlink_to("../about.md")
    assert isinstance(commit.add(repo.ours(), NAME, summed, TITLE), Left)
    assert repo.of_post() == f"?? {repo.path()}\0"


def test_a_post_that_replaces_a_committed_one_is_committed_as_its_change(tmp_path: Path) -> None:
    repo = make(tmp_path)
    repo.write(repo.path(), "an earlier post of that name\n")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message=an earlier one")
    summed, before = repo.place(), repo.seen()
    assert isinstance(commit.add(repo.ours(), NAME, summed, TITLE), Committed)
    assert repo.git("diff", "--name-status", "HEAD^", "HEAD").split() == ["M", repo.path()]
    assert repo.seen() == before


def test_an_undone_post_that_was_changed_in_the_repository_since_stays_in_it(tmp_path: Path) -> None:
    repo = make(tmp_path)
    done = commit.add(repo.ours(), NAME, repo.place(), TITLE)
    assert isinstance(done, Committed)
    repo.place(post=POST + "修订。\n".encode())
    repo.git("commit", "--quiet", "--all", "--message=revised")
    (repo.posts / NAME).unlink()
    head = repo.head()
    gone = commit.remove(repo.ours(), NAME, done.commit, "taken back")
    assert isinstance(gone, Left)
    assert "another" in gone.reason
    repo.place()
    again = commit.remove(repo.ours(), NAME, done.commit, "taken back")
    assert again == Left(f"There is a file {NAME} again.")
    assert repo.head() == head


def test_the_repository_of_whoever_called_us_is_not_meant(tmp_path: Path) -> None:
    repo, other = make(tmp_path / "blog"), make(tmp_path / "other")
    summed, head = repo.place(), other.head()
    leaking = {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(other.root / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.root / ".git/objects"),
        "GIT_PREFIX": "x/",
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_NAMESPACE": "x",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "somebody",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    done = commit.add(repo.ours(**leaking), NAME, summed, TITLE)
    assert done == Committed(repo.head(), "main")
    assert repo.git("log", "-1", "--format=%an").strip() == "作者"
    assert not repo.git("log", "-1", "--format=%ad").startswith("Mon Jan 1")
    assert other.head() == head


def test_where_there_is_no_repository_that_is_told(tmp_path: Path) -> None:
    repo = Repo(tmp_path, tmp_path / "_posts")
    done = commit.add(repo.ours(), NAME, repo.place(), TITLE)
    assert done == Left(f"{repo.posts} is in no Git repository.")
    make(tmp_path)
    inside = Repo(tmp_path, tmp_path / ".git")
    done = commit.add(inside.ours(), NAME, inside.place(), TITLE)
    assert done == Left(f"{inside.posts} is not in the working tree of a Git repository.")


def test_without_git_that_is_told(tmp_path: Path) -> None:
    repo = make(tmp_path)
    done = commit.add(repo.ours(PATH=str(tmp_path)), NAME, repo.place(), TITLE)
    assert done == Left("Git cannot be used here: git: cannot be started: No such file or directory (git).")


def test_the_posts_may_lie_at_the_top_behind_a_link_or_in_a_second_working_tree(tmp_path: Path) -> None:
    top = make(tmp_path / "top", ".")
    assert isinstance(commit.add(top.ours(), NAME, top.place(), TITLE), Committed)
    assert top.changed() == [NAME]
    (tmp_path / "link").symlink_to(make(tmp_path / "real").posts)
    linked = Repo(tmp_path / "real", tmp_path / "link")
    assert isinstance(commit.add(linked.ours(), NAME, linked.place(), TITLE), Committed)
    assert linked.changed() == [f"_posts/{NAME}"]
    linked.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "side")
    tree = Repo(tmp_path / "tree", tmp_path / "tree/_posts")
    done = commit.add(tree.ours(), "2026-11-27-b.md", tree.place("2026-11-27-b.md"), TITLE)
    assert done == Committed(tree.head(), "side")
    rebase_to_edit(tree)
    done = commit.add(tree.ours(), "2026-11-28-c.md", tree.place("2026-11-28-c.md"), TITLE)
    assert done == Left("The repository is in the middle of a rebase.")


def test_posts_in_a_submodule_are_committed_there_and_the_outer_repository_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path / "inner")
    outer = make(tmp_path / "outer")
    source = str(tmp_path / "inner")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-b", "main", source, "blog")
    outer.git("commit", "--quiet", "--message=blog")
    blog = Repo(tmp_path / "outer/blog", tmp_path / "outer/blog/_posts")
    head = outer.head()
    blog.git("config", "user.name", "作者")
    blog.git("config", "user.email", "author@example.org")
    assert commit.add(blog.ours(), NAME, blog.place(), TITLE) == Committed(blog.head(), "main")
    assert (outer.head(), outer.git("diff", "--cached", "--name-only")) == (head, "")


def test_line_ends_are_those_the_repository_asks_for_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    repo = make(tmp_path)
    repo.git("config", "core.autocrlf", "input")
    post = "---\r\ntitle: 一\r\n---\r\n正文\r\n".encode()
    summed = repo.place(post=post)
    done = commit.add(repo.ours(), NAME, summed, TITLE)
    assert isinstance(done, Committed)
    assert commit.add(repo.ours(), NAME, summed, TITLE) == done
    assert (repo.posts / NAME).read_bytes() == post


def test_another_git_at_work_is_waited_for(tmp_path: Path) -> None:
    repo = make(tmp_path)
    lock = repo.write(".git/index.lock", "")
    threading.Timer(0.4, lock.unlink).start()
    assert isinstance(commit.add(repo.ours(), NAME, repo.place(), TITLE), Committed)


def test_a_hook_of_the_repository_that_hangs_is_ended_and_what_was_staged_for_it_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "SECONDS", 1.0)
    repo = make(tmp_path)
    repo.hook("pre-commit", "sleep 600")
    done = commit.add(repo.ours(), NAME, repo.place(), TITLE)
    assert isinstance(done, Left)
    assert done.reason.endswith("as its time was up.")
    assert (repo.of_post(), list(tmp_path.glob(".git/*.lock"))) == (f"?? {repo.path()}\0", [])


def test_a_commit_whose_hook_fails_afterwards_is_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "SECONDS", 1.0)
    repo = make(tmp_path)
    repo.hook("post-commit", "sleep 600")
    assert commit.add(repo.ours(), NAME, repo.place(), TITLE) == Committed(repo.head(), "main")
    assert (repo.changed(), repo.of_post()) == ([repo.path()], "")


def test_when_we_are_stopped_half_way_the_next_start_goes_on(tmp_path: Path) -> None:
    repo = make(tmp_path)
    repo.hook("pre-commit", f"touch {tmp_path}/begun; sleep 600")
    summed = repo.place()
    stopping = git.Repository(repo.posts, repo.ours()._environment, lambda: not (tmp_path / "begun").exists())
    with pytest.raises(git.Stopped):
        commit.add(stopping, NAME, summed, TITLE)
    (tmp_path / "begun").unlink()
    (tmp_path / ".git/hooks/pre-commit").unlink()
    assert list(tmp_path.glob(".git/*.lock")) == []
    assert commit.add(repo.ours(), NAME, summed, TITLE) == Committed(repo.head(), "main")


def remote(repo: Repo, at: Path) -> Repo:
    repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(at))
    repo.git("remote", "add", "origin", str(at))
    repo.git("push", "--quiet", "--set-upstream", "origin", "main")
    return Repo(at, at)


def test_a_push_takes_the_branch_to_its_upstream_and_nothing_else(tmp_path: Path) -> None:
    repo = make(tmp_path / "blog")
    server = remote(repo, tmp_path / "server.git")
    many_commits_stashes_and_branches(repo)
    repo.git("push", "--quiet", "origin", "other")
    repo.git("branch", "--force", "other", "HEAD~1")
    repo.git("tag", "-a", "v2", "-m", "two")
    for key, value in (("push.default", "matching"), ("push.followTags", "true")):
        repo.git("config", key, value)
    repo.git("config", "remote.origin.push", "+refs/heads/*:refs/heads/*")
    commit.add(repo.ours(), NAME, repo.place(), TITLE)
    other = server.git("rev-parse", "other")
    assert commit.push(repo.ours()) is None
    assert server.git("rev-parse", "main").strip() == repo.head()
    assert (server.git("rev-parse", "other"), server.git("tag")) == (other, "")


def test_a_push_that_fails_is_told_and_nothing_is_forced(tmp_path: Path) -> None:
    repo = make(tmp_path / "blog")
    assert commit.push(repo.ours()) == "The branch main has no upstream; push it once with: git push -u REMOTE BRANCH"
    server = remote(repo, tmp_path / "server.git")
    ahead = repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "meanwhile", "--").strip()
    repo.git("push", "--quiet", "origin", f"{ahead}:refs/heads/main")
    commit.add(repo.ours(), NAME, repo.place(), TITLE)
    told = commit.push(repo.ours())
    assert told is not None
    assert "ailed to push some refs" in told
    assert server.git("rev-parse", "main").strip() == ahead
    (tmp_path / "server.git").rename(tmp_path / "away.git")
    told = commit.push(repo.ours())
    assert told is not None
    assert "does not appear to be a git repository" in told


NAMES = st.sampled_from(["about.md", "_posts/2025-01-01-old.md", "_posts/2026-11-26-mine.md", "新 文件.txt", "a/b"])
DEEDS = st.one_of(
    st.tuples(st.just("write"), NAMES, st.sampled_from(["一\n", "two\n", "", "三\n\n3\n"])),
    st.tuples(st.sampled_from(["add", "add -N", "rm --cached -q", "checkout -q", "reset -q", "unlink"]), NAMES),
    st.tuples(
        st.sampled_from(["commit -q -m x", "commit -q -a -m x", "stash -q", "stash -q pop", "add -A", "tag -f t"])
    ),
    st.tuples(st.sampled_from(["checkout -q -B side", "merge -q --no-edit side", "reset -q --hard HEAD~1"])),
)


def do(repo: Repo, deed: tuple[str, ...]) -> None:
    """What an author may do in a repository, well or not."""
    what, *of = deed
    path = repo.root / of[0] if of else repo.root
    if what == "write":
        if not path.is_dir():
            repo.write(of[0], of[1])
    elif what == "unlink":
        path.unlink(missing_ok=True)
    else:
        repo.git(*what.split(), *(["--", *of] if of else []), check=False)


@settings(max_examples=25)
@given(before=st.lists(DEEDS, max_size=8))
def test_whatever_was_done_in_a_repository_only_the_post_is_committed(before: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = make(Path(folder))
        for deed in before:
            do(repo, deed)
        summed, seen, parent = repo.place(), repo.seen(), repo.head()
        done = commit.add(repo.ours(), NAME, summed, TITLE)
        if isinstance(done, Left):
            assert "in the middle of a merge" in done.reason
            assert (repo.head(), repo.seen()) == (parent, seen)
        else:
            assert done.commit == repo.head()
            assert repo.changed() == [repo.path()]
            assert repo.git("rev-parse", "HEAD^").strip() == parent
            assert (repo.seen(), repo.of_post()) == (seen, "")
