"""The page: stories in, one HTML file out. Pure but for the templates beside it, which are read once.

Everything from drafts stays text: Jinja escapes it, and the page forbids itself, by the hashes in its policy, any
style or script that is not its own, and every request.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup

from blogmetad.journal import account
from blogmetad.journal.entry import Story
from blogmetad.journal.page import sentences, view, words
from blogmetad.journal.page.view import Overview
from blogmetad.journal.page.words import Tongue

MARK = '<meta name="generator" content="blogmetad journal page">'
"""What stands in every page, and tells ours from other files."""

SHARED = ("grounds.html", "revised.html")
"""Parts of the page that the review page has as well."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the page says of itself: whose journal it is, and when it was made.

    ``language``: ``auto`` leaves it to the browser, and to ``fallback`` where there is no JavaScript.
    """

    site: str
    now: dt.datetime
    language: Literal["auto", "en", "zh"] = "auto"
    fallback: Tongue = "en"

    @property
    def tongues(self) -> tuple[Tongue, ...]:
        """The languages the page is written in."""
        return get_args(Tongue) if self.language == "auto" else (self.language,)


def render(stories: Sequence[Story], overview: Overview, frame: Frame) -> bytes:
    """The whole page: these drafts in the order given, under an overview of all there are. Times are in the zone of
    ``frame.now``."""
    zone = frame.now.tzinfo or dt.UTC
    drafts = [view.draft(story, account.read(story), zone) for story in stories]
    style, script = _part("page.css"), _part("page.js")
    text = _template().render(
        frame=frame,
        first=frame.fallback if frame.language == "auto" else frame.language,
        days=view.days(drafts),
        overview=overview,
        number=len(drafts),
        mark=Markup(MARK),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        say=lambda key, **values: _say(frame.tongues, key, **values),
        sentence=lambda said: sentence(said, frame.tongues),
        dated=lambda write, day: _in_tongues({tongue: write(day, tongue) for tongue in frame.tongues}),
        words=words,
        took=lambda seconds: f"{seconds:.1f}" if seconds < 100.0 else f"{seconds:.0f}",
    )
    # A file's name need not be valid text: what is not stands there as a question mark.
    return text.encode("utf-8", "replace")


def sentence(said: str, tongues: Sequence[Tongue]) -> Markup:
    """What the ledger says, in each language, and marked as that; in English alone where no other words are known."""
    texts = {tongue: sentences.in_tongue(said, tongue) for tongue in tongues}
    if len(set(texts.values())) == len(texts) > 1:
        return _in_tongues(texts)
    tongue = "en" if said in texts.values() else tongues[0]
    return Markup('<span lang="{}">{}</span>').format(tongue, texts[tongues[0]])


def _say(tongues: Sequence[Tongue], key: str, **values: object) -> Markup:
    return _in_tongues({tongue: words.say(key, tongue, **values) for tongue in tongues})


def _in_tongues(texts: dict[Tongue, str]) -> Markup:
    """A text in each language, of which the style shows one."""
    if len(set(texts.values())) == 1:
        return Markup.escape(next(iter(texts.values())))
    pattern = Markup('<span class="{0}" lang="{0}">{1}</span>')
    return Markup("").join(pattern.format(tongue, text) for tongue, text in texts.items())


def _policy(style: str, script: str) -> str:
    """Nothing but this very style and script, and no request at all."""
    hashes = [base64.b64encode(hashlib.sha256(part.encode("utf-8")).digest()).decode() for part in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=DictLoader({name: _part(name) for name in ("page.html", "draft.html", *SHARED)}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")
