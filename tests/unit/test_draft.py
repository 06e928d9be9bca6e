"""Reading a draft: the author's bytes kept, and everything that is wrong told at once."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad.intake.draft import read
from blogmetad.values import Draft, Problem

NAME = "随笔.md"


def draft(raw: str | bytes) -> Draft:
    result = read(NAME, raw if isinstance(raw, bytes) else raw.encode())
    assert isinstance(result, Draft), result
    return result


def problems(raw: str | bytes) -> tuple[Problem, ...]:
    result = read(NAME, raw if isinstance(raw, bytes) else raw.encode())
    assert not isinstance(result, Draft)
    assert all(problem.message.startswith(NAME) and problem.message.endswith(".") for problem in result)
    return result


def rules(raw: str | bytes) -> list[str]:
    return [problem.rule for problem in problems(raw)]


def test_a_draft_without_front_matter_is_all_body() -> None:
    text = "# 春天\n\n今天下雨。\n"
    read_draft = draft(text)
    assert (read_draft.head, dict(read_draft.fields), read_draft.body) == (b"", {}, text.encode())
    assert read_draft.name == NAME


def test_front_matter_and_body_are_kept_byte_for_byte() -> None:
    raw = "---\ntitle:   '春天'   # 暂定\ntags: [雨, ai]\n---\n\n  缩进\n\n".encode()
    read_draft = draft(raw)
    assert read_draft.raw == raw
    assert read_draft.head == "title:   '春天'   # 暂定\ntags: [雨, ai]\n".encode()
    assert read_draft.body == "\n  缩进\n\n".encode()
    assert read_draft.fields == {"title": "春天", "tags": ["雨", "ai"]}


def test_a_byte_order_mark_is_in_neither_part_and_does_not_hide_the_front_matter() -> None:
    read_draft = draft("\ufeff---\ntitle: 春\n---\n正文")
    assert (read_draft.head, read_draft.body) == ("title: 春\n".encode(), "正文".encode())
    assert draft("\ufeff正文").body == "正文".encode()


@pytest.mark.parametrize(
    ("raw", "newline"),
    [("一\r\n二\n", "\r\n"), ("一\n二\r\n", "\n"), ("一", "\n"), ("一\r", "\n"), ("\n一", "\n"), ("\r\n一", "\r\n")],
)
def test_the_first_line_tells_which_line_end_the_file_uses(raw: str, newline: str) -> None:
    assert draft(raw).newline == newline


@pytest.mark.parametrize(
    "raw", ["---\n今天下雨。\n---\n正文\n", "---\n- 甲\n- 乙\n---\n正文\n", "---\n* 甲\n---\n正文", "---\n独行\n"]
)
def test_text_or_a_list_between_breaks_stays_in_the_body(raw: str) -> None:
    read_draft = draft(raw)
    assert (read_draft.head, dict(read_draft.fields), read_draft.body) == (b"", {}, raw.encode())


@pytest.mark.parametrize(
    "raw", ["", " \n\t\n", "\ufeff", "\u3000\u3000\n", "---\ntitle: 春\n---\n", "---\ntitle: 春\n---\n \r\n\u3000\n"]
)
def test_a_file_without_text_is_refused_as_empty(raw: str) -> None:
    assert rules(raw) == ["draft.empty"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["春天来了。\n今天 下雨。\n" * 300, "Plain English text.\n", "---\ntitle: 😀\n"])
def test_utf16_and_utf32_are_recognised_with_and_without_their_mark(codec: str, text: str) -> None:
    found = problems(text.encode(codec))
    assert [problem.rule for problem in found] == ["draft.utf16"]
    assert "UTF-8" in found[0].message


@pytest.mark.parametrize("raw", ["正文\0正文".encode(), b"\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(256)) * 9])
def test_a_nul_byte_means_the_file_is_not_text(raw: bytes) -> None:
    found = problems(raw)
    assert [problem.rule for problem in found] == ["draft.binary"]
    assert f"offset {raw.index(0)}," in found[0].message


def test_invalid_utf8_is_refused_with_its_line_and_byte_offset() -> None:
    raw = "第一行\n第二行\n".encode() + "中文".encode("gbk")
    (problem,) = problems(raw)
    assert problem.rule == "draft.encoding"
    assert "line 3" in problem.message
    assert "byte 0xD6 at offset 20" in problem.message


def test_the_offset_of_a_bad_byte_counts_the_byte_order_mark() -> None:
    assert "offset 6." in problems(codecs.BOM_UTF8 + "好".encode() + b"\xff")[0].message


@pytest.mark.parametrize(
    ("head", "cause", "line"),
    [
        ("title: 甲: 乙\n", "not valid YAML", 2),
        ("a: 1\na: 2\n", "stands twice", 3),
        ("a: &x 1\n", "anchors", 2),
        ("a: 1\nb: 2025-02-31\n", "'b' cannot be read", 3),
    ],
)
def test_bad_front_matter_is_refused_with_its_line_and_cause(head: str, cause: str, line: int) -> None:
    (problem,) = problems(f"---\n{head}---\n正文\n")
    assert problem.rule == "draft.frontmatter"
    assert cause in problem.message
    assert f"(line {line})" in problem.message


def test_front_matter_that_is_never_closed_is_refused() -> None:
    (problem,) = problems("---\ntitle: 春\n\n正文\n")
    assert problem.rule == "draft.frontmatter"
    assert "never closed" in problem.message


def test_all_problems_of_a_file_are_told_at_once() -> None:
    assert rules("---\ntitle: 甲: 乙\ndate:2025-01-01\n---\n \n") == ["draft.frontmatter", "draft.keys", "draft.empty"]


@pytest.mark.parametrize(
    ("head", "keys"),
    [
        ("title：春天\ntags：雨\n", ["title", "tags"]),
        ("title:春天\n", ["title"]),
        ("title: 春天\ntags：雨\n", ["tags"]),
    ],
)
def test_a_key_with_a_colon_yaml_does_not_know_is_told_instead_of_published_as_text(head: str, keys: list[str]) -> None:
    found = [problem for problem in problems(f"---\n{head}---\n正文\n") if problem.rule == "draft.keys"]
    assert [problem.field for problem in found] == keys
    assert f"'{keys[0]}: '" in found[0].message


def test_prose_with_addresses_and_times_between_breaks_is_not_taken_for_keys() -> None:
    assert draft("---\nhttps://例子.com 12:30\n今天：下雨\n---\n正文\n").fields == {}


@pytest.mark.parametrize(
    "head", ["Title: 甲\ntitle: 乙\n", "标签: 甲\nｔags: 乙\ntags: 丙\n", "'': 甲\n", "'a\tb': 甲\n"]
)
def test_keys_that_are_doubtful_are_refused(head: str) -> None:
    assert rules(f"---\n{head}---\n正文\n") == ["draft.keys"]


def test_the_fields_of_a_draft_cannot_be_changed() -> None:
    fields = draft("---\ntitle: 春\n---\n正文").fields
    with pytest.raises(TypeError):
        fields["title"] = "夏"  # type: ignore[index]


@given(st.text(min_size=1))
def test_any_text_is_read_verbatim_or_refused_with_reasons(text: str) -> None:
    raw = text.encode()
    result = read(NAME, raw)
    if isinstance(result, Draft):
        assert raw.endswith(result.body)
        assert result.raw == raw
    else:
        assert result


@given(st.binary())
def test_no_bytes_whatsoever_make_the_reader_fail(raw: bytes) -> None:
    result = read(NAME, raw)
    assert isinstance(result, Draft) or len(result) > 0
