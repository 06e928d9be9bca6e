"""Weeks summed up in the journal, as the configuration says."""

from __future__ import annotations

import structlog

from blogmetad.attempt import Tools
from blogmetad.errors import BlogmetadError
from blogmetad.journal import weekly

log = structlog.get_logger("blogmetad")


def sum_up(tools: Tools) -> None:
    """Write the journal's entry about each week that is over and has none yet. That fails without harm: the next hour
    or the next start tries again."""
    site = tools.config.site
    if tools.config.journal.digest == "off":
        return
    try:
        written = weekly.write_due(site.journal, site.state, tools.ledger, tools.now())
    except (BlogmetadError, OSError) as error:
        log.error("week not summed up", reason=str(error), next="it is tried again")
        return
    for name in written:
        log.info("week summed up", entry=name)
