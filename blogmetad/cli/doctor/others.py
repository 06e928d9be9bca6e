"""Those who are told what becomes of drafts: hooks, the repository, the desktop."""

from __future__ import annotations

import os
from collections.abc import Iterator

from blogmetad.announce.trouble import troubles
from blogmetad.cli.doctor.finding import Finding
from blogmetad.config import Config


def look(settings: Config) -> Iterator[Finding]:
    """Findings on those that are configured."""
    found = troubles(settings, os.environ)
    yield from (Finding(trouble.about, False, trouble.seen, trouble.fix) for trouble in found)
    ill = {trouble.about for trouble in found}
    if settings.hooks and "hooks" not in ill:
        yield Finding("hooks", True, ", ".join(dict.fromkeys(hook.command[0] for hook in settings.hooks)))
    if settings.git.commit and "git" not in ill:
        after = "committed and pushed" if settings.git.push else "committed"
        yield Finding("git", True, f"posts are {after} in {settings.site.posts}")
    if settings.notify.desktop and "notify" not in ill:
        yield Finding("notify", True, "the desktop is notified")
