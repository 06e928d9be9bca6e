"""Thinking off is off, and thinking on has an end, with the templates of every kind of Qwen model."""

from __future__ import annotations

from pathlib import Path

import pytest

from blogmetad.model import prompt
from blogmetad.model.local.engine import Engine
from blogmetad.model.local.llama import Llama, LoadOptions
from blogmetad.values import Ask, Candidate, Request
from tests.templates import ALWAYS, HYBRID, INSTRUCT, SWITCHED
from tests.tiny_gguf import write_tiny_qwen3

REQUEST = Request(
    "Say what it is about.",
    "预写日志把每次提交追加到一个单独的文件里。 A write-ahead log.",
    (
        Ask("title", "text", "Title", "en", 8, 60),
        Ask("categories", "terms", "Category", "en", 1, 1, (Candidate("memory"), Candidate("travel"))),
    ),
)
BUDGET = 3
"""Tokens: the tiny model would think for longer."""

EMPTY = "<|im_start|>assistant\n<think>\n\n</think>\n\n"


@pytest.mark.parametrize(
    ("template", "off", "on"),
    [
        pytest.param(HYBRID, EMPTY, "<|im_start|>assistant\n<think>\n", id="hybrid"),
        pytest.param(INSTRUCT, "<|im_start|>assistant\n", "<|im_start|>assistant\n", id="instruct"),
        pytest.param(SWITCHED, EMPTY, "<|im_start|>assistant\n<think>\n", id="switched"),
        pytest.param(ALWAYS, EMPTY, "<|im_start|>assistant\n<think>\n", id="always"),
    ],
)
def test_an_answer_begins_behind_no_open_thought_unless_thinking_is_on(template: str, off: str, on: str) -> None:
    assert prompt.frame(template).closing.endswith(off)
    assert not prompt.frame(template).thinks
    assert prompt.frame(template, thinking=True).closing.endswith(on)
    assert prompt.frame(template, thinking=True).thinks is (template != INSTRUCT)


@pytest.mark.parametrize(
    ("template", "thinks"),
    [
        pytest.param(HYBRID, True, id="hybrid"),
        pytest.param(INSTRUCT, False, id="instruct"),
        pytest.param(SWITCHED, True, id="switched"),
        pytest.param(ALWAYS, True, id="always"),
    ],
)
def test_thoughts_are_counted_and_closed_when_the_budget_is_used_up(
    tmp_path: Path, template: str, *, thinks: bool
) -> None:
    file = write_tiny_qwen3(tmp_path / "tiny.gguf", template=template)
    model = Llama(LoadOptions(file, threads=1, gpu_layers=0, context=2048))
    quiet = Engine(model, "tiny", "cpu").propose(REQUEST)
    model.clear()
    loud = Engine(model, "tiny", "cpu", thinking=BUDGET).propose(REQUEST)
    assert quiet.usage.thinking_tokens == 0
    assert loud.usage.thinking_tokens == (BUDGET if thinks else 0)
    assert loud.texts["title"]
    assert "think" not in loud.texts["title"]
    assert len(loud.terms["categories"]) == 2
    assert (loud.texts, loud.terms) == (quiet.texts, quiet.terms) or thinks


def test_the_same_draft_gets_the_same_thoughts(tiny_model: Path) -> None:
    model = Llama(LoadOptions(tiny_model, threads=1, gpu_layers=0, context=2048))
    engine = Engine(model, "tiny", "cpu", thinking=8)
    first, second = engine.propose(REQUEST), engine.propose(REQUEST)
    assert (first.texts, first.terms) == (second.texts, second.terms)
