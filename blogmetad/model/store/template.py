"""What a chat template makes of thinking. It is a program, so it runs in a process of its own, within limits.

Run as ``python -m blogmetad.model.store.template`` it reads a template and prints what it found as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Literal, TypeAlias, cast

from blogmetad.model.prompt import frame

Thinking: TypeAlias = Literal["switchable", "always", "never"]

SECONDS, MEMORY = 3, 1 << 30
"""Seconds of the processor and bytes a template may take; real ones take a few milliseconds."""
PATIENCE = 60.0
"""Seconds until the process is given up, on however busy a machine."""


class TemplateFault(ValueError):
    """A template that cannot be used; the text is part of a sentence."""


def thinking(template: str) -> Thinking | None:
    """Whether a model with that template thinks before it answers, None if there is no template.

    Raises TemplateFault.
    """
    if not template:
        return None
    command = [sys.executable, "-m", "blogmetad.model.store.template"]
    try:
        done = subprocess.run(
            command, input=template.encode("utf-8", "replace"), capture_output=True, timeout=PATIENCE, check=False
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise TemplateFault("it computes without end, or takes too much memory") from None
    if "fault" in found:
        raise TemplateFault(found["fault"])
    return cast(Thinking, found["thinking"])


def _found_out(template: str) -> Thinking:
    """Raises whatever the template raises."""
    found = frame(template, thinking=True)
    if not (found.middle and found.closing):
        raise ValueError("it leaves a message out")
    if not found.thinks:
        return "never"
    return "switchable" if "enable_thinking" in template else "always"


def main() -> None:
    """Print ``thinking`` or ``fault``; a template that goes beyond the limits ends the process."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        said = {"thinking": str(_found_out(sys.stdin.buffer.read().decode("utf-8")))}
    except Exception as error:  # it can fail in any way a program can
        said = {"fault": f"{type(error).__name__}: {error}"[:1000]}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
