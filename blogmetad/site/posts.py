"""All posts of a site, read in full: what learning, checking and replaying work on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from blogmetad import matter
from blogmetad.matter import MatterError
from blogmetad.site.jekyll import POSTS, post_name
from blogmetad.site.post import terms
from blogmetad.site.walk import Walk
from blogmetad.values import EMPTY, Problem, PublishedPost

MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Posts:
    """Every post that can be read, by path, and a Problem for each file that is none or cannot be."""

    posts: tuple[PublishedPost, ...]
    problems: tuple[Problem, ...]


def posts_folder(site: Path) -> Path:
    """``_posts`` of a site; the folder itself where it has none and posts lie in it directly."""
    return site / POSTS if (site / POSTS).is_dir() else site


def read_posts(folder: Path) -> Posts:
    """Read a posts folder, nested folders included. Nothing stops it: what cannot be read becomes a Problem."""
    walk = Walk()
    posts: list[PublishedPost] = []
    problems: list[Problem] = []
    for path, status in sorted(walk.posts(folder)):
        if status.st_size > MAX_BYTES:
            message = f"The post {path} has {status.st_size} bytes, more than {MAX_BYTES}; it is passed over."
            problems.append(Problem("post.size", message, path))
            continue
        try:
            raw = (folder / path).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            message = f"The post {path} cannot be read: {error.strerror}. Correct its permissions."
            problems.append(Problem("post.unreadable", message, path))
            continue
        read = read_post(path, raw)
        (problems if isinstance(read, Problem) else posts).append(read)  # type: ignore[arg-type]
    problems += map(misnamed, sorted(walk.misnamed))
    return Posts(tuple(posts), (*walk.problems, *problems))


def misnamed(path: str) -> Problem:
    """What is wrong with a Markdown file whose name Jekyll does not take for a post's."""
    message = f"{path} is no post to Jekyll: a post's name is YYYY-MM-DD-title.md. Rename it or move it away."
    return Problem("post.name", message, path)


def read_post(path: str, raw: bytes, named: tuple[dt.date, str] | None = None) -> PublishedPost | Problem:
    """One post; ``path`` is relative to the posts folder. ``named`` is the date and the slug of a file whose name does
    not have them, as a draft's; ValueError if neither tells."""
    named = post_name(path.rpartition("/")[2]) or named
    if named is None:
        raise ValueError(f"{path} has no date in its name")
    try:
        raw.decode("utf-8")
        parts = matter.split(raw)
        fields = EMPTY if parts.head is None else matter.parse(parts.head)
    except UnicodeDecodeError as error:
        message = f"The post {path} is not valid UTF-8 at byte {error.start}; Jekyll skips it. Save it as UTF-8."
        return Problem("post.encoding", message, path)
    except MatterError as error:
        line = f" (line {error.line})" if error.line is not None else ""
        return Problem("post.matter", f"The post {path} cannot be read: {error.reason}{line}. Correct it.", path)
    if fields is None:
        parts, fields = matter.Split(None, raw.removeprefix(matter.BOM)), EMPTY
    return PublishedPost(path, raw, parts.head, fields, parts.body, terms(fields), named[0], named[1])
