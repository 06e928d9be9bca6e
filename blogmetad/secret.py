"""What in a text looks like a key or a password, and the text without it. Pure.

A post is published as its author wrote it. But what is hidden here is shown to no model, quoted in no description, and
written to no ledger, journal or log. Only what has the shape of a secret is recognised: well-known kinds of keys, long
random words, and what stands behind a word such as "password" and has a digit or a sign in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

HIDDEN = "(hidden)"
"""What stands in the place of a secret."""

_NAME = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|credential|(?:api|access|secret|private)[ _-]?key"
    "|密码|口令|密钥|令牌|私钥"
)
_SAID = re.compile(
    rf"(?:{_NAME})(?:_\w{{1,20}})?[\"'`]?\s{{0,3}}(?:[:=：＝]|\bis\b|是|为)\s{{0,3}}[\"'`“「]?([!-~]{{6,200}})",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=,:\s]|-(?!----)){0,8000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|(?<![A-Za-z0-9])(?:(?:sk|pk|rk)[-_]|gh[pousr]_|github_pat_|glpat-|hf_|xox[abeoprs]-|AIza|npm_|pypi-)[\w-]{16,300}"
    r"|(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    r"|(?<![\w-])eyJ[\w-]{10,2000}\.[\w-]{10,2000}(?:\.[\w-]{0,1000})?"
    r"|(?<=://)[^\s:/@]{1,80}:[^\s:/@]{1,80}(?=@)",
    re.ASCII,
)
_RUN = re.compile(r"(?<![\w+/=.-])[\w+/=-]{32,400}(?![\w+/=-])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d-")
_SUMS = ("sha256", "body_sha256")
"""What the steps of a draft call the sums of files, which look like secrets and are none."""


@lru_cache(maxsize=8)  # a draft is looked through for what is asked, and again for what is shown
def hidden(text: str) -> str:
    """The text with HIDDEN in the place of all that looks like a secret."""
    text = _KEY.sub(HIDDEN, text)
    text = _SAID.sub(_without_value, text)
    return _RUN.sub(lambda run: HIDDEN if _is_random(run[0]) else run[0], text)


def masked(value: object) -> object:
    """A JSON value with the secrets in its texts hidden."""
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, Mapping):
        return masked_facts(value)
    return [masked(inner) for inner in value] if isinstance(value, list | tuple) else value


def masked_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """What is written down of a step, with the secrets in its texts hidden; sums of files stay."""
    return {key: value if key in _SUMS else masked(value) for key, value in facts.items()}


def _without_value(said: re.Match[str]) -> str:
    """What was said, without the value if it is no ordinary word: that has letters alone."""
    value = said[1].rstrip(".,;:!?\"'`)")
    ordinary = len(value) < 6 or re.fullmatch(r"[A-Za-z]+(?:[-_'/.][A-Za-z]+)*", value) is not None
    return said[0] if ordinary or value.startswith(HIDDEN) else said[0].replace(value, HIDDEN)


def _is_random(run: str) -> bool:
    """Whether a long word is one that nobody made up: letters and digits all mixed, and not words in a row.

    The day that the name of a post begins with says nothing of what follows it."""
    run = _DAY.sub("", run, count=1) if _DAY.match(run) else run
    digits = sum(character.isdigit() for character in run)
    return digits >= 4 and digits < len(run) and len(re.split(r"[-_/]", run)) < len(run) / 8
