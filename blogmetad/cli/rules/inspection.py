"""What ``rules check`` finds: the posts of a site, read, and held against the rules and against Jekyll's habits."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from blogmetad.files import read_stable
from blogmetad.rules.document import Rules
from blogmetad.rules.lint import Law, law, lint
from blogmetad.rules.naming import jekyll_date
from blogmetad.site.jekyll import SiteConfig, post_name
from blogmetad.site.posts import MAX_BYTES, misnamed, read_post, read_posts
from blogmetad.site.preflight import collisions, has_categories, preflight, strange_tags
from blogmetad.values import Finding, Problem, PublishedPost


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the posts lie, what the site says of itself, and where originals are kept."""

    posts: Path
    site: SiteConfig
    state: Path


@dataclass(frozen=True, slots=True)
class Inspection:
    """The posts that were checked, by their paths, and all that was found.

    Paths are relative to the posts folder, for files elsewhere as they were given; ``files`` has where those lie.
    ``findings`` are about one file each, ``shared`` are told by all posts together.
    """

    posts: Mapping[str, PublishedPost]
    files: Mapping[str, Path]
    law: Law
    findings: tuple[Finding, ...]
    shared: tuple[Finding, ...]


def inspect(ground: Ground, rules: Rules, files: Iterable[Path]) -> Inspection:
    """Check ``files``, or all posts if there are none. The site is read in full all the same: which terms are usual
    and which addresses are taken depends on every post."""
    chosen = {_path(ground, file): file.absolute() for file in files}
    read = read_posts(ground.posts)
    posts, problems = {post.path: post for post in read.posts}, list(read.problems)
    for path, file in chosen.items():
        if path not in posts and path not in {problem.field for problem in problems}:
            problems += _add(posts, path, file, ground.site)
    moments = {path: moment for path, post in posts.items() if (moment := _moment(post, ground.site)) is not None}
    shared = (*collisions(posts.values(), ground.site, moments), *strange_tags(posts.values()))
    judge = law(rules, _usage(posts.values(), rules), _addressed(ground.site))
    if chosen:
        posts = {path: posts[path] for path in chosen if path in posts}
        problems = [problem for problem in problems if problem.field in chosen]
        shared = tuple(finding for finding in shared if chosen.keys() & set(finding.paths))
    findings = [Finding(problem.rule, "error", problem.message, (problem.field or "",)) for problem in problems]
    now = dt.datetime.now(ground.site.timezone)
    for path, post in posts.items():
        findings += (*preflight(post, ground.site, moments.get(path), now), *lint(post, judge))
    return Inspection(posts, chosen, judge, tuple(findings), shared)


def _path(ground: Ground, file: Path) -> str:
    """A file's path as posts are named here, however it was given: folders may be links."""
    full = file.absolute()
    full = full.parent.resolve() / full.name
    posts = ground.posts.resolve()
    return str(full.relative_to(posts)) if full.is_relative_to(posts) else str(file)


def _add(posts: dict[str, PublishedPost], path: str, file: Path, site: SiteConfig) -> Iterator[Problem]:
    """Read a file that is none of the site's posts, a draft perhaps."""
    try:
        raw, _ = read_stable(Path(os.path.realpath(file)), MAX_BYTES)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Check its name and its permissions."
        yield Problem("post.unreadable", message, path)
        return
    is_named = post_name(file.name) is not None
    if not is_named:
        yield misnamed(path)
    today = dt.datetime.now(site.timezone).date()
    read = read_post(path, raw, (today, file.stem))
    if isinstance(read, Problem):
        yield read
        return
    moment = None if is_named else _moment(read, site)
    posts[path] = read if moment is None else replace(read, date=moment.date())


def _moment(post: PublishedPost, site: SiteConfig) -> dt.datetime | None:
    return jekyll_date(post.fields.get("date"), site.timezone)


def _usage(posts: Iterable[PublishedPost], rules: Rules) -> dict[str, dict[str, int]]:
    """How many posts carry each term, by field."""
    posts = tuple(posts)
    return {
        field: dict(Counter(term for post in posts for term in post.terms.get(field, ())))
        for field in rules.term_fields()
    }


def _addressed(site: SiteConfig) -> frozenset[str]:
    """The fields whose terms are part of an address."""
    return frozenset({"categories"} if has_categories(site) else ())
