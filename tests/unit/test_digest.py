"""What the model reads of a post."""

from __future__ import annotations

import pytest

from blogmetad.model.digest import digest, estimate_tokens
from blogmetad.prose import plain

POST = """# SQLite 的预写日志

预写日志让读者不必等待写者。本文说明它何时会丢数据。

## 提交

一次提交把页追加到日志。随后才是检查点。

```sql
PRAGMA journal_mode = WAL; -- 代码不进摘要
```

| 模式 | 掉电后 |
|---|---|
| FULL | 不丢 |

## 结论

用 synchronous=FULL，然后测试断电。
"""


def test_a_short_post_is_read_whole_without_code_and_tables() -> None:
    found = digest(POST, 1000)
    assert "# SQLite 的预写日志" in found.text
    assert "## 提交" in found.text
    assert "断电" in found.text
    assert "PRAGMA" not in found.text
    assert "不丢" not in found.text
    assert found.source_chars == len(POST)


def test_a_long_post_keeps_headings_lead_and_conclusion_within_the_budget() -> None:
    body = POST.replace("随后才是检查点。", "随后才是检查点。" + "中间的内容很长，反复说明同一件事。" * 3000)
    found = digest(body, 300)
    assert found.tokens <= 300
    assert "# SQLite" in found.text
    assert "读者不必等待写者" in found.text
    assert "## 结论" in found.text
    assert "测试断电" in found.text


def test_the_cost_of_reading_does_not_grow_with_the_post() -> None:
    short, long = digest("段落。\n\n" * 2000, 400), digest("段落。\n\n" * 40000, 400)
    assert abs(long.tokens - short.tokens) < 40


def test_the_parts_stand_in_the_order_of_the_post() -> None:
    text = digest(POST, 75).text
    assert text.index("SQLite") < text.index("提交") < text.index("结论")


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("看 [这里](https://example.org/很长) 再说", "看 这里 再说"),
        ("图 ![流程图](a.png)", "图 流程图"),
        ("**粗** 和 `代码` 与 *斜*", "粗 和 代码 与 斜"),
        ("质能 $E=mc^2$ 方程", "质能 方程"),
        ("{% include figure.liquid %}文字{{ site.url }}", "文字"),
        ("<div class='a'>里面</div>", "里面"),
        ("a snake_case_name stays", "a snake_case_name stays"),
    ],
)
def test_markup_is_taken_out_of_a_line(markdown: str, expected: str) -> None:
    assert plain(markdown) == expected


def test_a_setext_heading_is_a_heading() -> None:
    assert digest("标题\n====\n\n正文在这里。\n", 200).text.startswith("# 标题")


@pytest.mark.parametrize("body", ["", "\n\n\n", "```\n代码\n```\n", "#\n", "| a |\n", "---\n"])
def test_a_post_without_prose_gives_an_empty_or_tiny_digest(body: str) -> None:
    assert len(digest(body, 200).text) <= 5


def test_a_fence_that_is_never_closed_hides_the_rest() -> None:
    assert "秘密" not in digest("开头。\n\n~~~\n秘密\n", 200).text


def test_chinese_counts_more_tokens_a_character_than_english() -> None:
    assert estimate_tokens("数据库" * 100) > 2 * estimate_tokens("abc" * 100)
