"""Front matter: split without changing a byte, parsed without surprises, rendered to read back equal."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blogmetad.matter import (
    MAX_HEAD,
    Lines,
    MatterError,
    Plain,
    Quoted,
    Split,
    format_date,
    parse,
    render,
    scalar,
    split,
)
from blogmetad.values import YamlValue

EAST = dt.timezone(dt.timedelta(hours=8))
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - hypothesis wants a naive bound


@pytest.mark.parametrize(
    ("raw", "head", "body"),
    [
        pytest.param("标题\n正文\n", None, "标题\n正文\n", id="no front matter"),
        pytest.param("", None, "", id="empty"),
        pytest.param("---\ntitle: 好\n---\n正文\n", "title: 好\n", "正文\n", id="plain"),
        pytest.param("---\r\ntitle: 好\r\n---\r\n正文\r\n", "title: 好\r\n", "正文\r\n", id="CRLF"),
        pytest.param("\ufeff---\ntitle: 好\n---\n正文", "title: 好\n", "正文", id="byte-order mark"),
        pytest.param("\ufeff正文", None, "正文", id="byte-order mark without front matter"),
        pytest.param("---\ntitle: 好\n...\n正文", "title: 好\n", "正文", id="closed by dots"),
        pytest.param("--- \t\na: 1\n---  \n正文", "a: 1\n", "正文", id="white space behind the dashes"),
        pytest.param("---\na: 1\n---", "a: 1\n", "", id="closed by the end of the file"),
        pytest.param("---\n---\n正文", "", "正文", id="empty front matter"),
        pytest.param("---\na: 1\n---\n\n  缩进\n\n\n", "a: 1\n", "\n  缩进\n\n\n", id="body space kept"),
        pytest.param("---\na: 1\n---\n一\n---\n二\n", "a: 1\n", "一\n---\n二\n", id="later breaks are body"),
        pytest.param("---\na: '\n ---\n'\n---\n文", "a: '\n ---\n'\n", "文", id="indented dashes don't close"),
        pytest.param("---\n今天，下雨。\n", None, "---\n今天，下雨。\n", id="thematic break"),
        pytest.param("----\na: 1\n---\n", None, "----\na: 1\n---\n", id="four dashes"),
        pytest.param("\n---\na: 1\n---\n", None, "\n---\na: 1\n---\n", id="not on the first line"),
        pytest.param("---\n\n注: 不是字段\n", None, "---\n\n注: 不是字段\n", id="break, blank line, text"),
        pytest.param("---\nhttp://例子\n", None, "---\nhttp://例子\n", id="an address is no key"),
    ],
)
def test_a_file_is_split_without_changing_a_byte(raw: str, head: str | None, body: str) -> None:
    assert split(raw.encode()) == Split(None if head is None else head.encode(), body.encode())


@pytest.mark.parametrize("raw", ["---\ntitle: 好\n\n正文", "---\n标题: 好\n正文", "---\n# 注\n'a': 1\n", "---\na:\n"])
def test_front_matter_that_is_never_closed_is_an_error_on_line_1(raw: str) -> None:
    with pytest.raises(MatterError, match="never closed") as caught:
        split(raw.encode())
    assert caught.value.line == 1


@given(st.binary(max_size=200))
@example(b"---\n\xff\xfe\n---\n\x00")
@example(b"---\r---\r")
def test_splitting_never_loses_a_byte_of_any_file(raw: bytes) -> None:
    try:
        parts = split(raw)
    except MatterError:
        return
    data = raw.removeprefix(b"\xef\xbb\xbf")
    assert data.endswith(parts.body)
    if parts.head is None:
        assert parts.body == data
    else:
        fences = data.removesuffix(parts.body).replace(parts.head, b"", 1)
        assert fences.strip(b"-. \t\r\n") == b""


@pytest.mark.parametrize(
    ("head", "values"),
    [
        ("", {}),
        ("# 只有注释\n", {}),
        ("title: 你好，世界\n", {"title": "你好，世界"}),
        ("标题: 你好\n标签: [甲, 乙]\n", {"标题": "你好", "标签": ["甲", "乙"]}),
        ("title: 'Qwen 3: 发布'\r\n", {"title": "Qwen 3: 发布"}),
        ("toc:\n  beginning: true\n", {"toc": {"beginning": True}}),
        ("description: >-\n  一\n  二\n", {"description": "一 二"}),
        ("tags:\n- ai\n- 机器学习\n", {"tags": ["ai", "机器学习"]}),
        ("{title: 好}\n", {"title": "好"}),
        ("title:\n", {"title": None}),
        ("content: 文\n", {"content": "文"}),
        ("2024: 年\n1.5: x\nno: y\n", {"2024": "年", "1.5": "x", "no": "y"}),
        ("sep: =\n", {"sep": "="}),
        ("date: 2025-04-29\n", {"date": dt.date(2025, 4, 29)}),
        ("date: 2025-04-29 11:00:00 +08:00\n", {"date": dt.datetime(2025, 4, 29, 11, tzinfo=EAST)}),
        ("date: 2025-04-29 11:00:00 +0800\n", {"date": "2025-04-29 11:00:00 +0800"}),
    ],
)
def test_a_mapping_is_read_as_plain_values(head: str, values: dict[str, YamlValue]) -> None:
    assert parse(head.encode()) == values


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", False),
        ("On", True),
        ("010", 8),
        ("1_000", 1000),
        ("12:30:45", 45045),
        ("~", None),
        ("1e5", "1e5"),
    ],
)
def test_unquoted_values_mean_what_yaml_1_1_says_as_they_do_to_jekyll(written: str, read: YamlValue) -> None:
    values = parse(f"a: {written}\nb: '{written}'\n".encode())
    assert values == {"a": read, "b": written}
    assert type(values["a"]) is type(read)


@pytest.mark.parametrize(
    "head",
    [
        "今天下雨。\n",
        "\n第一段。\n\n第二段。\n",
        "- 甲\n- 乙\n",
        "* 甲\n* 乙\n",
        "他说：“走吧”。\n# 标题\n> 引用\n",
        "**粗体** 与 `代码`\n",
        "@提及 %百分号\n",
        "42\n",
        "长" * MAX_HEAD,
        "- " * 8_000 + "甲",
    ],
)
def test_text_or_a_list_between_two_breaks_is_not_front_matter(head: str) -> None:
    assert parse(head.encode()) is None


@pytest.mark.parametrize(
    ("head", "reason", "line"),
    [
        pytest.param("a: 1\nb: &x 好\nc: *x\n", "anchors", 3, id="anchor"),
        pytest.param("a: 1\nc: *x\n", "anchors", 3, id="alias"),
        pytest.param("a: !!python/object:os.system x\n", "tag", 2, id="python tag"),
        pytest.param("a: !!binary aGk=\n", "tag", 2, id="standard tag"),
        pytest.param("a: 1\n<<: {b: 2}\n", "merge", 3, id="merge key"),
        pytest.param("a: 1\n'<<': 书名\n", "merge", 3, id="merge key in quotes"),
        pytest.param("title: 一\ndate: x\ntitle: 二\n", "'title' stands twice", 4, id="duplicate key"),
        pytest.param("toc:\n  a: 1\n  a: 2\n", "'a' stands twice", 4, id="nested duplicate key"),
        pytest.param("1: x\n'1': y\n", "'1' stands twice", 3, id="integer and text key"),
        pytest.param("? [a, b]\n: 1\n", "plain text", 2, id="list as a key"),
        pytest.param("title: 甲: 乙\n", "not valid YAML", 2, id="colon in a title"),
        pytest.param("a: 1\ntitle: [未完\n", "not valid YAML", 4, id="open list"),
        pytest.param("title 好\ndate: 2025-01-01\n", "not valid YAML", 3, id="key without its colon"),
        pytest.param("title: a\n--- b\n", "not valid YAML", 3, id="second document"),
        pytest.param("a: 1\ndate: 2025-02-31\n", "'date' cannot be read", 3, id="a day that is none"),
        pytest.param("date: 2025-04-29 25:00:00\n", "'date' cannot be read", 2, id="an hour that is none"),
        pytest.param("n: " + "9" * 5000 + "\n", "'n' cannot be read", 2, id="huge number"),
        pytest.param("n: 1" + ":0" * 400 + ".0\n", "'n' cannot be read", 2, id="number beyond a float"),
        pytest.param("a: 1\nb: \x07\n", "U\\+0007", 3, id="control character"),
    ],
)
def test_front_matter_that_cannot_be_trusted_is_refused_with_its_line(head: str, reason: str, line: int) -> None:
    with pytest.raises(MatterError, match=reason) as caught:
        parse(head.encode())
    assert caught.value.line == line


def test_invalid_utf8_in_front_matter_is_refused_with_its_line() -> None:
    with pytest.raises(MatterError, match="not valid UTF-8") as caught:
        parse("标题: 好\n".encode() + b"b: \xff\xfe\n")
    assert caught.value.line == 3


@pytest.mark.parametrize("opening", ["a: " + "[" * 40_000, "a: " + "{x: " * 10_000, "[" * 40_000])
def test_nesting_that_crashes_other_readers_is_an_error(opening: str) -> None:
    with pytest.raises(MatterError, match="levels deep"):
        parse(opening.encode(), limit=1 << 20)


def test_a_title_may_hold_any_number_of_brackets() -> None:
    assert parse(b"title: '" + b"[" * 500 + b"'\n") == {"title": "[" * 500}


def test_front_matter_of_60_kb_is_refused_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(MatterError, match="16 KiB"):
        parse(("描述: 好\n" + "x" * 60_000).encode())
    assert time.perf_counter() - started < 0.5


def test_the_size_limit_is_the_callers_choice() -> None:
    head = ("描述: " + "好" * MAX_HEAD).encode()
    assert parse(head, limit=1 << 20) == {"描述": "好" * MAX_HEAD}


def read_back(field: str, value: YamlValue) -> YamlValue:
    lines = render(field, value)
    assert lines.endswith("\n")
    assert "\n---" not in lines
    assert "\n..." not in lines
    values = parse(lines.encode(), limit=1 << 20)
    assert values is not None
    assert list(values) == [field]
    return values[field]


@given(st.text())
@example("no")
@example("2025-04-29")
@example("Qwen 3: 发布 # 不是注释")
@example("末尾有全角空格\u3000")
@example("---\n...\n")
@example("\u2028\x85\ufeff\U0010ffff")
def test_any_title_reads_back_equal(title: str) -> None:
    assert read_back("title", title) == title
    assert read_back("title", Quoted(title)) == title
    assert render("title", Quoted(title)).startswith('title: "')


@given(st.lists(st.text()))
@example(["a, b", "[c]", "d: e", "", "人工智能", "- f", "#g"])
def test_any_list_of_tags_reads_back_equal_and_stands_in_one_line(tags: list[str]) -> None:
    assert read_back("tags", list(tags)) == tags
    assert render("tags", list(tags)).startswith("tags: [")
    if all(tag.isalnum() for tag in tags):
        assert render("tags", list(tags)).count("\n") == 1


@given(st.datetimes(min_value=EPOCH, timezones=st.just(EAST)))
def test_a_rendered_date_reads_back_as_the_same_day_or_the_same_text(moment: dt.datetime) -> None:
    assert read_back("date", format_date(moment, with_time=False)) == moment.date()
    full = format_date(moment, with_time=True)
    assert read_back("date", full) == str(full)
    assert dt.datetime.strptime(full, "%Y-%m-%d %H:%M:%S %z") == moment.replace(microsecond=0)


def test_dates_are_written_as_jekyll_reads_them_without_guessing() -> None:
    moment = dt.datetime(2025, 4, 29, 9, 5, 0, tzinfo=EAST)
    assert render("date", format_date(moment, with_time=True)) == "date: 2025-04-29 09:05:00 +0800\n"
    assert render("date", format_date(moment, with_time=False)) == "date: 2025-04-29\n"


def test_a_time_without_an_offset_is_not_written() -> None:
    with pytest.raises(ValueError, match="offset"):
        format_date(dt.datetime(2025, 4, 29, 9, 5), with_time=True)  # noqa: DTZ001


def test_maps_are_blocks_and_other_values_stand_in_one_line() -> None:
    assert render("toc", {"beginning": True}) == "toc:\n  beginning: true\n"
    assert render("tags", ["ai", "机器学习"]) == "tags: [ai, 机器学习]\n"
    assert render("layout", "post") == "layout: post\n"
    assert render("featured", False) == "featured: false\n"
    assert render("title", Quoted("长" * 400)) == 'title: "' + "长" * 400 + '"\n'
    assert render("date", Plain("2025-04-29")) == "date: 2025-04-29\n"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_any_plain_value_reads_back_equal(value: YamlValue) -> None:
    assert read_back("x", value) == value


@pytest.mark.parametrize(
    "text",
    [*("1,000", "0:30", "010:00:00", "3,25.", "0x1,0", "1_0,", ":name", "oN", "fALSE", "nULL", ".nAn", "2025-1-9"),
     *("2025-04-29 10:00:00 +0800", "+.INF", ":) 你好")],
)  # fmt: skip
def test_text_that_ruby_takes_for_something_else_is_put_in_quotes(text: str) -> None:
    for written in (render("x", text), render("x", [text]), render("x", Lines([text])), scalar(text)):
        assert f"'{text}'" in written


@pytest.mark.parametrize("text", ["3d", "web 2.0", "人工智能", "c++", "a:b", "v1.0", "e5", "-"])
def test_text_that_nobody_takes_for_something_else_goes_without(text: str) -> None:
    assert render("x", text) == (f"x: {text}\n" if text != "-" else "x: '-'\n")
