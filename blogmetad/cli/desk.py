"""What commands that ask the model themselves work with: everything is read, nothing is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from blogmetad import daemon, pipeline
from blogmetad.config import Config
from blogmetad.rules.document import Rules
from blogmetad.site.index import Index


@contextmanager
def desk(settings: Config, rules: Rules, keep_going: Callable[[], bool] = lambda: True) -> Iterator[pipeline.Desk]:
    """The stages' tools for a site; a post is not its own neighbour. The model is freed at the end.

    Raises BlogmetadError.
    """
    with ExitStack() as stack:
        proposer = daemon.open_proposer(settings)
        stack.callback(proposer.unload)
        index = stack.enter_context(closing(Index(settings.site.posts, settings.site.state / "index.db")))
        index.refresh()
        yield pipeline.Desk(
            rules=rules,
            recall=lambda draft: index.recall(draft.text, rules.term_fields(), but=(draft.name,)),
            twin=lambda _: None,
            proposer=proposer,
            budget=settings.model.digest_tokens,
            hold_future=False,
            keep_going=keep_going,
            record=lambda _name, _data: None,
        )
