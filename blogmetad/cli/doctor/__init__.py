"""``doctor``: looks at everything blogmetad depends on, and says how to mend what is wrong.

command    the command itself: begin here
finding    what each look yields
places     folders, their file systems, locks, watches, space
blog       rules, the site as Jekyll sees it, posts, ledger, journal
models     the model: its file, where it runs, and whether it really answers
service    the daemon, and the unit of systemd
"""

from __future__ import annotations

from blogmetad.cli.doctor.command import add_to

__all__ = ["add_to"]
