"""The entries about weeks: each that is over gets one, once, if anything happened in it.

How far they go stands in a file of its own. If that is lost, entries that lie in the journal still tell.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from blogmetad import files
from blogmetad.journal import folder, review, week
from blogmetad.journal.account import Account
from blogmetad.journal.ledger import Ledger
from blogmetad.journal.week import Week

NAME = "weekly.json"
_MARGIN = dt.timedelta(days=1)
"""A draft's row may be a little older than its last step."""


def write_due(journal: Path, state: Path, ledger: Ledger, now: dt.datetime) -> tuple[str, ...]:
    """Write the entries that are due, by the clocks of ``now``'s zone; their names. Raises OSError, LedgerError.

    Each is written whole before it is noted down, and one that lies in the journal already is left as it is.
    """
    written: list[str] = []
    for each in week.due(_through(state), now.date()):
        accounts = _ended(ledger, each, now)
        if accounts:
            content = week.render(each, accounts, now.tzinfo or dt.UTC)
            written += [name for name in (folder.write_once(journal, week.filename(each), content, each.mark),) if name]
        files.write_new(state / NAME, json.dumps({"through": each.name}).encode(), replace=True)
    return tuple(written)


def _through(state: Path) -> Week | None:
    """The last week that was dealt with; None if that is not known."""
    try:
        return week.named(json.loads((state / NAME).read_bytes())["through"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ended(ledger: Ledger, wanted: Week, now: dt.datetime) -> list[Account]:
    """The drafts that came to an end in a week, the first one first."""
    zone = now.tzinfo or dt.UTC
    monday = dt.datetime.combine(wanted.monday, dt.time(), zone)
    jobs = (job for job in ledger.jobs(*week.TOLD, newest_first=False) if job.updated >= monday - _MARGIN)
    accounts = (review.account_of(job, ledger) for job in jobs)
    return [account for account in accounts if wanted.holds(account.ended, zone)]
