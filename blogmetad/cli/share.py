"""The ready-made files that come with blogmetad: rules documents, the systemd unit, the demo's site."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """``rules`` or ``systemd``: inside the package when installed from a wheel, else at the top of the checkout."""
    installed = _PACKAGE / "_share" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def ready_made_rules() -> dict[str, Path]:
    """Name -> file of every rules document that comes along."""
    return {file.stem: file for file in sorted(folder("rules").glob("*.md"))}


DEMO_SITE = Path(__file__).resolve().parent / "demo_site"
