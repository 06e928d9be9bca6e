"""Views in, HTML out. Pure but for the templates beside it and the journal page's, which are read once.

Everything of the author's is text: Jinja escapes it, and the policy lets nothing run or load that is not ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from blogmetad.cli.review.page import words
from blogmetad.journal.page.render import SHARED, sentence
from blogmetad.journal.page.words import Tongue

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_TEMPLATES = ("base.html", "list.html", "post.html", "field.html", "refused.html", "entered.html")


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page knows: the site's name, the language, what its addresses begin with and its forms carry."""

    site: str
    tongue: Tongue
    base: str
    seal: str = ""


def render(template: str, frame: Frame, **values: object) -> bytes:
    """A whole page."""
    text = (
        _environment()
        .get_template(template)
        .render(
            frame=frame,
            base=frame.base,
            say=lambda key, **given: words.say(key, frame.tongue, **given),
            sentence=lambda said: sentence(said, (frame.tongue,)),
            **values,
        )
    )
    # A file's name need not be valid text: what is not stands there as a question mark.
    return text.encode("utf-8", "replace")


@cache
def style() -> bytes:
    """The journal page's style, and behind it this page's own."""
    return (_journals("page.css") + _own("page.css")).encode("utf-8")


@cache
def script() -> bytes:
    """The page's script."""
    return _own("page.js").encode("utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=DictLoader({name: _own(name) for name in _TEMPLATES} | {name: _journals(name) for name in SHARED}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _own(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


def _journals(name: str) -> str:
    return (files("blogmetad.journal.page") / name).read_text(encoding="utf-8")
