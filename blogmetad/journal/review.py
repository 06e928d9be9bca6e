"""The drafts of a ledger as accounts, those that are meant, newest first."""

from __future__ import annotations

from collections.abc import Iterator

from blogmetad.journal import account
from blogmetad.journal.account import Account
from blogmetad.journal.ledger import Job, Ledger
from blogmetad.journal.record import story_of
from blogmetad.journal.selection import Selection


def jobs(ledger: Ledger, selection: Selection) -> Iterator[Job]:
    """The jobs that are meant. Their steps are read only where that cannot be told without them."""
    for job in ledger.jobs(*selection.outcomes):
        in_time = selection.since is None or job.arrived >= selection.since
        if in_time and (not selection.needs_steps or selection.takes(account_of(job, ledger))):
            yield job


def accounts(ledger: Ledger, selection: Selection) -> Iterator[Account]:
    """The accounts of the drafts that are meant."""
    return (account_of(job, ledger) for job in jobs(ledger, selection))


def account_of(job: Job, ledger: Ledger) -> Account:
    """All that is known of one job."""
    return account.read(story_of(job, ledger))
