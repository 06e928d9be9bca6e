"""What rules and Jekyll have to say of a waiting post, field by field. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from blogmetad.rules.lint import Law, lint
from blogmetad.rules.naming import jekyll_date
from blogmetad.site.jekyll import SiteConfig, post_name
from blogmetad.site.posts import read_post
from blogmetad.site.preflight import preflight
from blogmetad.values import Finding, Problem

ASIDE = ("post.front_matter", "post.hidden", "post.future")
"""What is said elsewhere, or is meant as it is, while a post waits."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The law of a site, its own configuration, and the time."""

    law: Law
    site: SiteConfig
    now: dt.datetime

    def findings(self, name: str, raw: bytes) -> tuple[Finding, ...]:
        """All there is to say of the post with this name and these bytes; nothing of one that cannot be read."""
        post = read_post(name, raw, (dt.date.min, name))
        if isinstance(post, Problem):
            return ()
        moment = jekyll_date(post.fields.get("date"), self.site.timezone)
        found = (*lint(post, self.law), *preflight(post, self.site, moment or self.now, self.now))
        unsaid = ASIDE if post_name(name) else (*ASIDE, "date.name")
        return tuple(finding for finding in found if finding.rule not in unsaid)
