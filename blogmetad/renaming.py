"""A post under another name: its bytes, with the way to it from its old address, and what is lost by it. Touches no
files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from blogmetad import matter
from blogmetad.intake import draft as intake
from blogmetad.publish.compose import exchanged
from blogmetad.rules.naming import jekyll_date
from blogmetad.rules.renaming import new_name
from blogmetad.site.jekyll import SiteConfig, post_name
from blogmetad.site.posts import read_post
from blogmetad.site.preflight import address, is_exact
from blogmetad.values import Draft, Problem, PublishedPost, YamlValue

PLUGIN = "jekyll-redirect-from"
REDIRECT = "redirect_from"
_BY_ADDRESS = ("pathname", "url", "og:url")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A post's new path below the posts folder and its new bytes. ``redirect`` is the address that now leads to it, if
    one was added; ``warnings`` are whole sentences."""

    path: str
    content: bytes
    redirect: str | None
    warnings: tuple[str, ...]


def rename(path: str, raw: bytes, said: str, site: SiteConfig) -> Renamed | Problem:
    """The published post ``path`` under the name its author ``said``. Raises ComposeError."""
    before = PurePosixPath(path)
    name = new_name(said, before.name)
    if isinstance(name, Problem):
        return name
    if post_name(name) is None:
        return Problem("revise.name", f"{name} is no post to Jekyll: a post's name is YYYY-MM-DD-title.md.")
    post = intake.read(path, raw)
    if not isinstance(post, Draft):
        return post[0]
    old, new = (_address(each, raw, site) for each in (before.name, name))
    moved = old is None or old != new
    redirect = old if moved and old is not None and PLUGIN in site.plugins and post.head else None
    content = raw if redirect is None else _redirected(post, redirect, new)
    warnings = tuple(_warnings(old, redirect, post, site)) if moved else ()
    return Renamed(str(before.with_name(name)), content, redirect, warnings)


def _address(name: str, raw: bytes, site: SiteConfig) -> str | None:
    """Where a post of this name is; None where that cannot be told."""
    post = read_post(name, raw) if post_name(name) else None
    if not isinstance(post, PublishedPost) or site.permalink is None or not is_exact(post, site.permalink):
        return None
    moment = jekyll_date(post.fields.get("date"), site.timezone)
    return address(post, site.permalink, moment.astimezone(site.timezone).date() if moment else post.date)


def _redirected(post: Draft, old: str, new: str | None) -> bytes:
    """The post with its old address among those that lead to it, and not the new one."""
    known: YamlValue = post.fields.get(REDIRECT)
    others = known if isinstance(known, list) else [known] if known else []
    leading: list[YamlValue] = [each for each in others if each not in (old, new)]
    line = matter.render(REDIRECT, [*leading, old]).replace("\n", post.newline)
    return exchanged(post, (REDIRECT,), {REDIRECT: line}, (*(f for f in post.fields if f != REDIRECT), REDIRECT))


def _warnings(old: str | None, redirect: str | None, post: Draft, site: SiteConfig) -> Iterator[str]:
    if redirect is None:
        where = f"to {old} " if old else "to its old address "
        cause = f"the site has no plugin {PLUGIN}" if PLUGIN not in site.plugins else "where that was cannot be told"
        yield f"Links {where}lead nowhere now: {cause}, so no redirect was written."
    if site.comments in _BY_ADDRESS and post.fields.get("giscus_comments") is not False:
        yield f"giscus keeps comments by address (mapping: {site.comments}): those of this post stay with the old one."
