"""Log lines: for people on a terminal, JSON everywhere else, always on standard error."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys

import structlog

from blogmetad.config import Log


def configure(log: Log) -> None:
    """Set structlog up once per process; other libraries' warnings go through it too."""
    console = log.format == "console" or (log.format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if not console else "%H:%M:%S", utc=not console),
    ]
    rendering: list[structlog.typing.Processor] = (
        # A plain traceback: with the values of variables it would show the text of a draft.
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    level = logging.getLevelNamesMapping()[log.level.upper()]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendering[-1]],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # It reports its own threads ending in the usual order as errors; whether they live is asked of them directly.
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)


def readable(line: str) -> str:
    """A line of a log as a person reads it on a terminal; what is no line of ours stays as it is."""
    try:
        event = json.loads(line)
        told = {key: value for key, value in event.items() if key != "timestamp"}
        time = dt.datetime.fromisoformat(event["timestamp"]).astimezone()
    except (ValueError, AttributeError, KeyError, TypeError):
        return line
    render = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    return str(render(None, "", {"timestamp": f"{time:%m-%d %H:%M:%S}", **told}))
