"""Saving what an author filled in: into the file they were shown, in one step, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from blogmetad.cli.review.marks import ReviewError, read, rewrite
from blogmetad.cli.review.page import view
from blogmetad.cli.review.page.edits import Edited, edited, filled_in
from blogmetad.cli.review.page.form import Form
from blogmetad.cli.review.page.look import Look
from blogmetad.cli.review.page.view import File
from blogmetad.config import Config
from blogmetad.intake import draft as intake
from blogmetad.journal.ledger import Job
from blogmetad.values import Draft, Problem, sha256


@dataclass(frozen=True, slots=True)
class Saved:
    """The hash of the file as it is now, and the fields that were changed in it."""

    sha256: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a form was not obeyed, as ``key`` or in words of its own, and the file with what was filled in."""

    key: str
    file: File | None = None
    status: int = 409
    reason: str = ""
    words: str = ""


class Save:
    """Saves into waiting posts."""

    def __init__(self, settings: Config, look: Look) -> None:
        self._settings, self._look = settings, look

    def __call__(self, job: Job, form: Form) -> Saved | Answer:
        """Write what is different into the file, if it is the one that was shown."""
        path = self._settings.site.review / str(job.target)
        try:
            raw = read(self._settings, path)
        except ReviewError as error:
            return Answer("stale", reason=str(error))
        if sha256(raw) != form.one("sha256"):
            asked = form.texts or form.terms
            return self._stale(job, form) if asked else Answer("stale publish")
        post = intake.read(path.name, raw)
        if not isinstance(post, Draft):
            return Answer("cannot edit")
        rules = self._look.rules()
        found = edited(post, form, rules, self._look.judge(rules))
        if not isinstance(found, Edited):
            return self.again(job, form, "wrong", found)
        try:
            if found.fields and not rewrite(path, raw, found.content):
                return self._stale(job, form) if self._is_other(job, form) else self.again(job, form, "being written")
        except ReviewError as error:
            return Answer("wrong", reason=str(error))
        return Saved(sha256(found.content), found.fields)

    def again(self, job: Job, form: Form, key: str, problems: tuple[Problem, ...] = ()) -> Answer:
        """The form once more, as it was filled in, with what is wrong."""
        file = self._file(job)
        if file is None:
            return Answer(key, status=422, words=form.one("words"))
        filled = filled_in([field.input for field in file.fields], form)
        return Answer(key, view.answered(file, filled, problems), 422, words=form.one("words"))

    def _stale(self, job: Job, form: Form) -> Answer:
        """The form once more, beside the file as it is by now."""
        file = self._file(job)
        if file is None:
            return Answer("no file")
        filled = filled_in([field.input for field in file.fields], form)
        shown = self._look.was_shown(form.one("sha256")) or ()
        return Answer("stale", view.answered(file, filled, based_on=shown), words=form.one("words"))

    def _is_other(self, job: Job, form: Form) -> bool:
        file = self._file(job)
        return file is None or file.sha256 != form.one("sha256")

    def _file(self, job: Job) -> File | None:
        post = self._look.post(job.id)
        return None if post is None else post.file
