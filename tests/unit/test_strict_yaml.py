"""Two loaders, one reading: whatever libyaml and PyYAML can both read they read alike, positions included."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from blogmetad import strict_yaml
from blogmetad.matter import MatterError, parse
from blogmetad.strict_yaml import strictly

PIECES = (
    *("title", "tags", "日期", "一", "𠮷", "don't", "1_000", "2025-04-29", "1:30", "yes", "~", "=", "<<", "\\u4e2d"),
    *(": ", ":", "- ", "\n", "\n  ", "  ", "\t", "[", "]", "{", "}", ", ", '"', "'", " # ", "#", "|\n  ", ">-\n  "),
    *("? ", "&a ", "*a", "!!str ", "%", "@", "`", "\r\n", "\r", "\x85", "\u2028", "\u00a0", "\x07", "：", "---\n"),
)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """PyYAML's scanner, asked first."""
    monkeypatch.setattr(strict_yaml, "_Quick", strict_yaml._Telling)
    return strict_yaml._Telling


def shape(node: yaml.Node | None) -> object:
    """A tree with all its positions but the ends of blocks, which nobody asks for."""
    if node is None:
        return None
    start = (node.tag, node.start_mark.index, node.start_mark.line, node.start_mark.column)
    if isinstance(node, yaml.ScalarNode):
        block = node.style in ("|", ">")
        return (*start, node.style, node.value, None if block else node.end_mark.index)
    parts = [shape(part) for each in node.value for part in (each if isinstance(each, tuple) else (each,))]
    return (*start, bool(node.flow_style), node.end_mark.index if node.flow_style else None, parts)


def reading(loader: type[Any], text: str) -> object:
    try:
        return shape(yaml.compose(text, Loader=loader)), repr(yaml.load(text, Loader=loader))
    except (yaml.YAMLError, ValueError, ArithmeticError):
        return None


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
@example("title: 一\ntags: [一, 二]\ntoc:\n- a\n- b: {c: 'd'}\n")
@example("a: |\n  一\n\n  二\nb: >-\n  三\n  四\n")
@example('# 注\r\ntitle: "一\\\n  二"\r\n')
def test_both_read_alike_wherever_both_read(text: str) -> None:
    quick, telling = reading(strict_yaml._Quick, text), reading(strict_yaml._Telling, text)
    assume(quick is not None and telling is not None)
    if not text.rstrip().endswith("?") and "? " not in text:  # they put an empty value behind it on another line
        assert quick == telling


def test_a_tab_in_a_value_is_read_as_jekyll_reads_it() -> None:
    assert parse("title: 春\t天\nmood:\t好\n".encode()) == {"title": "春\t天", "mood": "好"}


def test_without_libyaml_everything_else_is_read_the_same(alone: type[Any]) -> None:
    assert alone is not None
    assert parse("title: 春天\ntags: [雨, '花']\n".encode()) == {"title": "春天", "tags": ["雨", "花"]}
    with pytest.raises(MatterError, match="not valid YAML"):
        parse("mood:\t好\n".encode())


@pytest.mark.parametrize("text", ["\ufefftitle: 春\n", "a: 1\n\ufefftitle: 春\n", "a: \ufeff1\n"])
def test_positions_count_a_byte_order_mark_in_the_text(text: str) -> None:
    tree = strictly(yaml.compose, text)
    key, _ = tree.value[-1]
    assert text[key.start_mark.index :].startswith(key.value)


def test_what_libyaml_cannot_read_is_told_in_pyyamls_words() -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        strictly(yaml.load, "title: Qwen3: 发布\n")
    assert caught.value.problem == "mapping values are not allowed here"
