"""The blog: its rules, what Jekyll makes of it, its posts, and our own records."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from blogmetad.cli.doctor.finding import Finding, checked
from blogmetad.cli.doctor.places import writable
from blogmetad.cli.rules.inspection import Ground, inspect
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal import renewal
from blogmetad.journal.ledger import Ledger
from blogmetad.rules import document
from blogmetad.rules.document import Rules
from blogmetad.site.index import Index
from blogmetad.site.jekyll import CONFIG, SiteConfig, read_site
from blogmetad.values import Finding as Fault

SITE_FIXES = {
    "site.config": "write or correct {config}; without it Jekyll's own defaults are assumed",
    "site.future": "write 'future: true' or 'future: false' in {config}",
    "site.timezone": "write a name such as 'timezone: Asia/Shanghai' in {config}",
}


def look(settings: Config) -> Iterator[Finding]:
    """Findings on rules, site, posts, ledger and journal."""
    site, jekyll = settings.site, read_site(settings.site.root)
    rules = checked("rules", lambda: _rules(site.rules), f"see that {site.rules} can be read")
    yield rules
    yield from _site(settings, jekyll)
    yield checked("posts", lambda: _posts(settings), f"see that {site.posts} can be read")
    if rules.ok and site.posts.is_dir():
        yield _preflight(settings, jekyll, document.load(site.rules))
    yield checked("ledger", lambda: _ledger(site.state), f"see that {site.state} can be read")
    seen = f"{site.journal}" if site.journal.is_dir() else f"{site.journal}, made with the first entry"
    yield Finding("journal", writable(site.journal), seen, f"make {site.journal} a folder that you may write to")


def _rules(file: Path) -> str:
    rules = document.load(file)
    return f"{rules.name} v{rules.version}: {', '.join(rules.fields)}"


def _site(settings: Config, jekyll: SiteConfig) -> Iterator[Finding]:
    config = settings.site.root / CONFIG
    for problem in jekyll.problems:
        fix = SITE_FIXES.get(problem.rule, "correct {config}")
        yield Finding("site", False, problem.message, fix.format(config=config))
    for name in ("drafts", "journal", "review"):
        folder: Path = getattr(settings.site, name)
        if config.is_file() and _is_shown(folder, jekyll):
            part = folder.relative_to(settings.site.root).parts[0]
            fix = f"call it '_{part}', or add '{part}' to 'exclude' in {config}"
            yield Finding("site", False, f"Jekyll publishes what lies in {folder}, the {name} too", fix)
    if not jekyll.problems:
        theme = " (al-folio)" if jekyll.al_folio else ""
        zone = jekyll.timezone if jekyll.timezone_known else "in the time zone of this machine"
        yield Finding("site", True, f"{jekyll.title or settings.site.root.name}{theme}, {jekyll.permalink}, {zone}")


def _is_shown(folder: Path, jekyll: SiteConfig) -> bool:
    """Whether a folder of ours is one that Jekyll would copy into the site."""
    if not folder.is_relative_to(jekyll.root) or folder == jekyll.root:
        return False
    parts = folder.relative_to(jekyll.root).parts
    hidden = any(part.startswith(("_", ".", "#")) for part in parts)
    return not hidden and not {"/".join(parts[:count]) for count in range(1, len(parts) + 1)} & jekyll.excluded


def _posts(settings: Config) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        index = Index(settings.site.posts, Path(scratch) / "index.db")
        try:
            refreshed = index.refresh()
        finally:
            index.close()
    odd = f"; {len(refreshed.problems)} cannot be read" if refreshed.problems else ""
    return f"{refreshed.posts} published posts{odd}"


def _preflight(settings: Config, jekyll: SiteConfig, rules: Rules) -> Finding:
    """What Jekyll will not publish, or not as it is meant. Warnings are counted, and no reason to mend anything."""
    site = settings.site
    try:
        found = inspect(Ground(site.posts, jekyll, site.state), rules, ())
    except (BlogmetadError, OSError) as error:
        return Finding("jekyll", False, str(error), f"see that {site.posts} can be read")
    told = [fault for fault in (*found.findings, *found.shared) if _is_jekylls(fault)]
    errors = [fault for fault in told if fault.severity == "error"]
    if not errors:
        warnings = f", {len(told)} warnings (see: blogmetad rules check)" if told else ""
        return Finding("jekyll", True, f"{len(found.posts)} posts as they are meant{warnings}")
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    seen = f"{first.paths[0]}: {first.message}{more}"
    return Finding("jekyll", False, seen, "all of them with:  blogmetad rules check")


def _is_jekylls(fault: Fault) -> bool:
    """Whether a finding is about what Jekyll does, and not about the rules."""
    return fault.rule.startswith(("post.", "toc.")) or fault.rule.endswith(".page")


def _ledger(state: Path) -> str:
    file = state / "ledger.db"
    if not file.exists():
        return "none yet"
    with Ledger.open_readonly(file) as ledger:
        seen = f"{len(ledger.jobs())} drafts recorded"
    kept = ", ".join(path.name for path in renewal.damaged(file))
    return f"{seen}; an earlier one was damaged and built anew, and is kept as {kept}" if kept else seen
