"""What is told of each post while it is seen to, and of all of them at the end."""

from __future__ import annotations

from collections import Counter

from blogmetad.cli.backfill.choice import Lacking, Passed
from blogmetad.cli.backfill.making import Made
from blogmetad.cli.options import console, print_json, visible
from blogmetad.config import Config

_STYLES = {"waiting": "green", "failed": "red", "changed": "yellow"}


class Told:
    """Tells, as JSON for a ``machine``, else in words; ``each`` post that is passed over by choice has a line of its
    own too."""

    def __init__(self, settings: Config, *, machine: bool, each: bool) -> None:
        self._settings, self._machine, self._each = settings, machine, each
        self._count = Counter[str]()
        self.needs_you = False

    def passed(self, post: Passed) -> None:
        """A post that is left alone."""
        self._count["passed"] += 1
        self.needs_you |= post.needs_you
        if self._machine:
            print_json({"post": post.path, "outcome": "passed", "problems": [post.why]})
        elif post.needs_you or self._each:
            self._say(f"{post.path}  passed over: {post.why}", "yellow" if post.needs_you else None)

    def lacks(self, post: Lacking) -> None:
        """A post and what it lacks."""
        if self._machine:
            print_json({"post": post.path, "outcome": "lacks", "fields": list(post.fields)})
        else:
            self._say(f"{post.path}  lacks {', '.join(post.fields)}")

    def made(self, made: Made) -> None:
        """What became of a post that was asked about."""
        self._count[made.outcome] += 1
        self.needs_you |= made.outcome in ("failed", "changed")
        if self._machine:
            print_json(
                {
                    "post": made.path,
                    "outcome": made.outcome,
                    "id": made.id,
                    "file": made.file,
                    "fields": list(made.fields),
                    "left": list(made.left),
                    "seconds": round(made.seconds, 2),
                    "problems": list(made.problems),
                }
            )
        else:
            self._say(f"{made.path}  {_words(made)}", _STYLES.get(made.outcome))

    def sum_up(self, lacking: int, *, dry_run: bool, stopped: bool) -> None:
        """All of it in a few lines; nothing for a machine, which can count."""
        if self._machine:
            return
        passed = f"; {self._count['passed']} passed over" if self._count["passed"] else ""
        if dry_run or not lacking:
            posts = f"{lacking} post{'s'[: lacking != 1]} lack{'s'[: lacking == 1]} fields"
            self._say(f"{posts if lacking else 'no post lacks anything that is to be filled in'}{passed}", "bold")
            return
        waits = self._count["waiting"]
        self._say(f"{waits} of {lacking} wait{'s'[: waits == 1]} in {self._settings.site.review}{passed}", "bold")
        if waits:
            self._say("approve them one by one, or all that waits: blogmetad approve --all")
        if stopped:
            self._say("stopped; the same command goes on where this one stopped")

    def _say(self, text: str, style: str | None = None) -> None:
        console.print(visible(text), style=style, markup=False)


def _words(made: Made) -> str:
    left = f"; nothing fit for {', '.join(made.left)}" if made.left else ""
    if made.outcome == "waiting":
        return f"waits with {', '.join(made.fields)}{left}  [{made.id}]"
    if made.outcome == "nothing":
        return f"nothing fit was found for {', '.join(made.left)}"
    return " ".join(made.problems)
