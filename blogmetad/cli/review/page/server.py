"""The page's addresses: what is shown at each, and what a form sent there does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from blogmetad.cli.review.marks import ReviewError
from blogmetad.cli.review.page import form as forms
from blogmetad.cli.review.page import words
from blogmetad.cli.review.page.access import Door, Refusal
from blogmetad.cli.review.page.errands import Errands
from blogmetad.cli.review.page.form import Form, FormError
from blogmetad.cli.review.page.gate import OPEN, SCRIPT, STYLE, Gate, cookie
from blogmetad.cli.review.page.look import Look
from blogmetad.cli.review.page.render import Frame, render, script, style
from blogmetad.cli.review.page.save import Answer, Save, Saved
from blogmetad.config import Config
from blogmetad.errors import BlogmetadError
from blogmetad.journal.ledger import Job, State
from blogmetad.journal.page.sentences import in_tongue
from blogmetad.journal.page.words import Tongue

MAX_WORDS = 2000
"""Characters of what is to be changed."""

TONGUE = "blogmetad-tongue"
"""The cookie that remembers the language somebody chose."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be said on the next page of a post, once."""

    key: str
    fields: str = ""


class Page:
    """The application. ``port`` is the one it is reached at."""

    def __init__(self, settings: Config, look: Look, errands: Errands, door: Door, port: int) -> None:
        self._look, self._errands, self._door, self._port = look, errands, door, port
        self._root = settings.site.root
        self._save = Save(settings, look)
        self._base = f"/{door.place}/"
        self._notices: dict[str, Notice] = {}

    def app(self) -> ASGIApp:
        """What a server is given."""
        base = self._base
        inner = Starlette(
            routes=[
                Route(OPEN, self._open),
                Route(STYLE, lambda _: Response(style(), media_type="text/css")),
                Route(SCRIPT, lambda _: Response(script(), media_type="text/javascript")),
                Route(base, self._list),
                Route(f"{base}pulse", self._pulse),
                Route(f"{base}language", self._language, methods=["POST"]),
                Route(f"{base}post/{{id}}", self._post),
                Route(f"{base}post/{{id}}/{{act}}", self._act, methods=["POST"]),
            ],
            exception_handlers={
                HTTPException: self._failed,
                BlogmetadError: self._told,
                Exception: self._broken,
            },
        )
        return Gate(inner, self._door, self._port, self._refused)

    def _open(self, request: Request) -> Response:
        """Trade the token for a session."""
        if request.method == "HEAD":  # whoever only tries a link does not use it up
            return Response()
        name = cookie(self._port)
        session = self._door.open(request.query_params.get("token", "")[:200])
        if session is None and self._door.knows(request.cookies.get(name)):
            return RedirectResponse(self._base, 303)
        if session is None:
            return self._refused(request, Refusal(403, "bad token"))
        answer: Response = RedirectResponse(self._base, 303)
        if request.headers.get("sec-fetch-site") not in (None, "none", "same-origin"):
            # Sent on from another page's link, a browser would keep the cookie back; from a page of ours it does not.
            answer = HTMLResponse(render("entered.html", replace(self._frame(request), base=self._base)))
        answer.set_cookie(name, session, path=self._base, httponly=True, samesite="strict")
        return answer

    def _list(self, request: Request) -> Response:
        return HTMLResponse(render("list.html", self._frame(request), overview=self._look.overview()))

    def _pulse(self, _: Request) -> Response:
        return JSONResponse({"version": self._look.version()})

    def _post(self, request: Request) -> Response:
        return self._shown(request, request.path_params["id"])

    def _shown(self, request: Request, id_: str, answer: Answer | None = None) -> Response:
        """The page of a post; after a form that was not obeyed, with what was filled in and why."""
        post = self._look.post(id_)
        if post is None:
            raise HTTPException(404, "no such post")
        notice = self._notices.pop(id_, None) if request.method == "GET" else None
        frame = self._frame(request)
        said = words.say(notice.key, frame.tongue, fields=notice.fields) if notice else ""
        if answer is not None:
            said = in_tongue(answer.reason, frame.tongue) or words.say(answer.key, frame.tongue)
            post = replace(post, file=answer.file or post.file, words=answer.words)
        status = answer.status if answer else 200
        shown = replace(post, notice=said, unsaved=answer is not None)
        return HTMLResponse(render("post.html", frame, post=shown, rules=self._look.rules() is not None), status)

    async def _language(self, request: Request) -> Response:
        form = await self._form(request)
        back = form.one("back")
        answer = RedirectResponse(back if back.startswith(self._base) else self._base, 303)
        tongue = "zh" if form.one("tongue") == "zh" else "en"
        answer.set_cookie(TONGUE, tongue, path=self._base, httponly=True, samesite="strict")
        return answer

    async def _act(self, request: Request) -> Response:
        form = await self._form(request)
        return await run_in_threadpool(self._obey, request, form)

    def _obey(self, request: Request, form: Form) -> Response:
        """Save what was filled in, and have done what is asked for."""
        id_, act = request.path_params["id"], request.path_params["act"]
        job = self._look.job(id_)
        if job is None or act not in ("save", "approve", "revise", "undo"):
            raise HTTPException(404, "no such post")
        errand = self._errands.of(id_)
        if errand is not None and errand.is_open:
            return self._shown(request, id_, Answer("under way", words=form.one("words")))
        if act == "undo":
            self._errands.ask(id_, "undo")
            return RedirectResponse(self._base, 303)
        wish = forms.unified(form.one("words")).strip()[:MAX_WORDS]
        if act == "revise" and not wish:
            return self._shown(request, id_, self._save.again(job, form, "no words"))
        if job.state is State.WAITING:
            return self._on_waiting(request, job, form, act, wish)
        if act != "revise":
            raise ReviewError(f"{job.name} does not wait for you: it is {job.outcome}")
        self._errands.ask(id_, "revise", words=wish)
        return RedirectResponse(f"{self._base}post/{id_}", 303)

    def _on_waiting(self, request: Request, job: Job, form: Form, act: str, wish: str) -> Response:
        saved = self._save(job, form)
        if not isinstance(saved, Saved):
            return self._shown(request, job.id, saved)
        if act == "approve":
            self._errands.ask(job.id, "approve", seen=saved.sha256)
            return RedirectResponse(self._base, 303)
        if saved.fields or act == "save":
            self._notices[job.id] = Notice("saved" if saved.fields else "unchanged", ", ".join(saved.fields))
        if act == "revise":
            self._errands.ask(job.id, "revise", words=wish)
        return RedirectResponse(f"{self._base}post/{job.id}", 303)

    async def _form(self, request: Request) -> Form:
        """The form that was sent, if it is one of ours. Raises HTTPException."""
        parts, size = [], 0
        try:
            async for part in request.stream():
                size += len(part)
                if size > forms.MAX_BYTES:
                    raise HTTPException(413, "too large")
                parts.append(part)
            form = forms.read(request.headers.get("content-type", ""), b"".join(parts))
        except (FormError, ClientDisconnect):
            raise HTTPException(400, "bad form") from None
        if not self._door.sealed(form.one("seal")):
            raise HTTPException(403, "no seal")
        return form

    def _frame(self, request: Request) -> Frame:
        chosen = request.cookies.get(TONGUE)
        tongue: Tongue = words.preferred(chosen or request.headers.get("accept-language", ""))
        inside = self._door.knows(request.cookies.get(cookie(self._port)))
        title = self._look.site.title or self._root.name if inside else ""
        return Frame(title, tongue, self._base if inside else "/", self._door.seal if inside else "")

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        frame = self._frame(request)
        known = refusal.why in words.WORDS
        said = words.say(refusal.why, frame.tongue) if known else in_tongue(refusal.why, frame.tongue)
        return HTMLResponse(render("refused.html", frame, said=said), refusal.status)

    def _failed(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        plain = {404: "no such page", 405: "no such method"}
        why = error.detail if error.detail in words.WORDS else plain.get(error.status_code, "bad form")
        return self._refused(request, Refusal(error.status_code, why))

    def _told(self, request: Request, error: Exception) -> Response:
        hint = f" ({error.hint})" if isinstance(error, BlogmetadError) and error.hint else ""
        return self._refused(request, Refusal(409, f"{error}{hint}"))

    def _broken(self, request: Request, _: Exception) -> Response:
        return self._refused(request, Refusal(500, "bug"))
