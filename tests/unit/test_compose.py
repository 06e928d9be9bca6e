from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from blogmetad import matter
from blogmetad.publish.compose import ComposeError, compose, exchanged
from blogmetad.values import Decision, Draft, Metadata, YamlValue

ORDER = ("layout", "title", "date", "description", "tags", "categories", "giscus_comments", "toc")
OURS: dict[str, YamlValue] = {
    "layout": "post",
    "title": matter.Quoted('Qwen 3: "thinking" on a budget'),
    "date": matter.Plain("2025-04-29"),
    "description": matter.Quoted("一个模型：两种模式。"),
    "tags": ["ai", "llm", "no"],
    "categories": ["AI-Research"],
    "giscus_comments": True,
    "toc": {"beginning": True},
}
BODY = "\n# 引言\n\n正文，一字不改。  \n".encode()


def draft_of(raw: bytes) -> Draft:
    parts = matter.split(raw)
    fields = matter.parse(parts.head) if parts.head is not None else {}
    assert fields is not None
    return Draft("草稿.md", raw, parts.head or b"", fields, parts.body, "\r\n" if b"\r\n" in raw else "\n")


def metadata_for(draft: Draft) -> Metadata:
    values = OURS | dict(draft.fields)
    decisions = tuple(
        Decision(name, value, "author" if name in draft.fields else "generated", "test")
        for name, value in values.items()
    )
    return Metadata(decisions, dt.datetime(2025, 4, 29, tzinfo=dt.UTC), "qwen", "2025-04-29-qwen.md")


def composed(raw: bytes) -> bytes:
    draft = draft_of(raw)
    return compose(draft, metadata_for(draft))


def test_a_draft_without_front_matter_gets_ours_in_the_order_of_the_rules() -> None:
    assert composed("# 引言\n".encode()).decode() == (
        "---\n"
        "layout: post\n"
        'title: "Qwen 3: \\"thinking\\" on a budget"\n'
        "date: 2025-04-29\n"
        'description: "一个模型：两种模式。"\n'
        "tags: [ai, llm, 'no']\n"
        "categories: [AI-Research]\n"
        "giscus_comments: true\n"
        "toc:\n"
        "  beginning: true\n"
        "---\n"
        "\n"
        "# 引言\n"
    )


def test_a_body_that_begins_with_a_blank_line_gets_no_second_one() -> None:
    assert composed(BODY).endswith(b"---\n" + BODY)


def test_windows_line_ends_are_used_for_our_lines_too() -> None:
    post = composed("正文\r\n".encode())

    assert post.count(b"\n") == post.count(b"\r\n")
    assert post.endswith("---\r\n\r\n正文\r\n".encode())


def test_a_byte_order_mark_is_not_written() -> None:
    assert composed(matter.BOM + BODY) == composed(BODY)


def test_missing_keys_stand_behind_the_nearest_key_before_them() -> None:
    head = b'title: "Mine"\ntags: [mine]\n'

    post = composed(b"---\n" + head + b"---\n" + BODY).decode()

    keys = [line.split(":")[0] for line in post.split("---\n")[1].splitlines()]
    assert keys == [*ORDER, "  beginning"]


def test_the_author_s_own_keys_stay_where_they_are() -> None:
    post = composed(b"---\nmood: calm\ntitle: Mine\nfeatured: yes\n---\n" + BODY).decode()

    keys = [line.split(":")[0] for line in post.split("---\n")[1].splitlines()]
    assert keys[0:3] == ["layout", "mood", "title"]
    assert keys[-1] == "featured"


def test_a_comment_stays_with_the_key_below_it() -> None:
    post = composed(b"---\ntitle: Mine # short\n\n# my tags\ntags: [mine]\n# the end\n---\n" + BODY).decode()

    assert "\n# my tags\ntags: [mine]\n" in post
    assert "title: Mine # short\ndate: 2025-04-29\n" in post


def test_a_block_of_text_is_not_cut_by_its_own_hash_signs() -> None:
    head = "description: |\n  第一行\n  # not a comment\n\ntitle: Mine\n".encode()

    post = composed(b"---\n" + head + b"---\n" + BODY)

    again = matter.parse(matter.split(post).head or b"")
    assert again is not None
    assert again["description"] == "第一行\n# not a comment\n"
    assert list(again)[:3] == ["layout", "description", "tags"]


def test_kept_line_feeds_at_the_end_of_a_block_survive() -> None:
    head = b"description: |+\n  text\n\n\ntitle: Mine\n"

    again = matter.parse(matter.split(composed(b"---\n" + head + b"---\n" + BODY)).head or b"")

    assert again is not None
    assert again["description"] == "text\n\n\n"


def test_an_indented_mapping_gets_indented_keys() -> None:
    post = composed(b"---\n  title: Mine\n  tags: [mine]\n---\n" + BODY).decode()

    assert post.startswith("---\n  layout: post\n  title: Mine\n  date: 2025-04-29\n")
    assert "\n  toc:\n    beginning: true\n---\n" in post


def test_keys_marked_by_a_question_mark_are_whole_lines_too() -> None:
    post = composed(b"---\n? title\n: Mine\n? tags\n: [mine]\n---\n" + BODY).decode()

    assert post.startswith("---\nlayout: post\n? title\n: Mine\ndate: 2025-04-29\n")


def test_a_head_of_comments_alone_is_kept_above_ours() -> None:
    assert composed("---\n# 待办\n---\n".encode() + BODY).startswith("---\n# 待办\nlayout: post\n".encode())


def test_the_author_s_own_closing_line_is_kept() -> None:
    assert b"\n... \n" in composed(b"--- \ntitle: Mine\n... \n" + BODY)


def test_braces_around_the_whole_front_matter_are_told_to_the_author() -> None:
    with pytest.raises(ComposeError, match="one key per line"):
        composed(b"---\n{title: Mine, tags: [mine]}\n---\n" + BODY)


def test_no_key_is_put_beside_braces_or_taken_out_of_them_later_either() -> None:
    draft = draft_of("---\n{title: 题, date: 2025-04-29}\n---\n正文\n".encode())
    for gone, lines in (((), {"approve": "approve: true\n"}), (("date",), {})):
        with pytest.raises(ComposeError, match="braces"):
            exchanged(draft, gone, lines, tuple(lines))
    assert exchanged(draft, ("none",)) == draft.raw


def test_complete_front_matter_in_braces_is_left_alone() -> None:
    inner = ", ".join(f"{name}: 1" for name in ORDER)
    raw = b"---\n{" + inner.encode() + b"}\n---\n" + BODY

    assert composed(raw) == raw


def test_an_empty_front_matter_is_filled() -> None:
    assert composed(b"---\n---\n" + BODY) == composed(BODY)


def test_front_matter_that_would_grow_too_large_is_an_error() -> None:
    head = b"title: " + b"x" * (matter.MAX_HEAD - 20) + b"\n"

    with pytest.raises(ComposeError, match="larger than"):
        composed(b"---\n" + head + b"---\n" + BODY)


def test_a_key_the_author_already_has_is_never_written_twice() -> None:
    draft = draft_of(b"---\ntitle: Mine\n---\n" + BODY)
    wrong = Metadata(
        (Decision("title", "Ours", "generated", "test"),),
        dt.datetime(2025, 4, 29, tzinfo=dt.UTC),
        "x",
        "x.md",
    )

    with pytest.raises(ComposeError, match="stands twice"):
        compose(draft, wrong)


KEYS = st.sampled_from([*ORDER, "mood", "看法", "featured", "zeta"])
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
VALUES = st.one_of(
    WORDS.map(lambda w: [" '" + w.replace("'", "''") + "'"]),
    WORDS.map(lambda w: [" " + matter.render("k", matter.Quoted(w))[3:].rstrip("\n")]),
    st.sampled_from([[" 010"], [" no"], [" 2025-04-29"], [""], [" ~"], [" 'a: b' # why"], [" [a, '#b']"]]),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda ws: [" |", *(f"  # {w}" for w in ws)]),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda ws: [" |+", *(f"  {w}" for w in ws), ""]),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda ws: ["", *(f"  - '{i}'" for i, _ in enumerate(ws))]),
    st.just(["", "  beginning: true", "  # 注释", "  deep: {a: [1, 2]}"]),
    st.just([" [one,", "  two]"]),
)
BETWEEN = st.lists(st.sampled_from(["", "# 注释", "  # indented", "#", "   "]), max_size=2)
ENTRIES = st.lists(st.tuples(KEYS, VALUES, BETWEEN), max_size=6, unique_by=lambda entry: entry[0])


@given(
    BETWEEN,
    ENTRIES,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", " ", "   "]),
    st.binary(max_size=40),
)
def test_whatever_the_author_wrote_every_line_survives_in_order(
    top: list[str], entries: list[tuple[str, list[str], list[str]]], newline: str, indent: str, body: bytes
) -> None:
    lines = list(top)
    for key, value, after in entries:
        lines += [f"{indent}{key}:{value[0]}", *(indent + line for line in value[1:]), *after]
    head = "".join(line + newline for line in lines).encode()
    raw = b"---" + newline.encode() + head + b"---" + newline.encode() + body
    try:
        draft = draft_of(raw)
    except matter.MatterError:
        assume(False)
    try:
        post = compose(draft, metadata_for(draft))
    except ComposeError:
        assume(False)

    again = matter.split(post)
    assert again.head is not None
    assert again.body.endswith(body)
    kept = iter(again.head.splitlines(keepends=True))
    assert all(line in kept for line in head.splitlines(keepends=True))
    fields = matter.parse(again.head)
    assert fields is not None
    assert set(fields) == set(draft.fields) | set(ORDER)
    assert {name: repr(fields[name]) for name in draft.fields} == {k: repr(v) for k, v in draft.fields.items()}


@given(st.text(st.characters(codec="utf-8")), st.booleans())
def test_any_body_without_front_matter_survives_byte_for_byte(text: str, windows: bool) -> None:
    body = text.encode()
    draft = Draft("a.md", body, b"", {}, body, "\r\n" if windows else "\n")

    assert compose(draft, metadata_for(draft)).endswith(body)
