"""The family of exceptions: for what the environment does to us, never for expected outcomes.

Each carries its facts as fields; how they are worded for a person on a terminal is the CLI's business.
"""

from __future__ import annotations


class BlogmetadError(Exception):
    """Base of everything blogmetad raises on purpose. ``str()`` is a whole sentence; ``hint`` says what to do next."""

    hint: str = ""
