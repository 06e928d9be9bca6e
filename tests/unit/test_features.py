"""What is read off a body without a model."""

from __future__ import annotations

import pytest

from blogmetad.rules.features import features, words


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("# 一\n\n## 二\n\n### 三\n", 3),
        ("#### 四级标题\n", 0),
        ("#hashtag\n#!shebang\n", 0),
        ("引言\n===\n\n正文\n\n结论\n---\n", 2),
        ("一段\n两行的段落\n---\n", 0),
        ("- 列表\n---\n", 0),
        ("正文\n\n---\n\n正文\n", 0),
        ("| a | b |\n|---|---|\n", 0),
        ("```python\n# 注释\n```\n# 标题\n", 1),
        ("~~~\n# 注释\n```\n# 还是注释\n~~~\n# 标题\n", 1),
        ("````md\n```\n# 注释\n```\n````\n# 标题\n", 1),
        ("1. 步骤\n\n    ```sh\n    # 注释\n# 注释\n    ```\n\n# 标题\n", 1),
        ("> ```\n> # 注释\n> ```\n", 0),
        ("```\n# 没有关上的代码\n", 0),
        ("{% highlight bash %}\n# 注释\n{% endhighlight %}\n## 标题\n", 1),
        ("<!--\n# 草稿里的备注\n-->\n# 标题\n", 1),
        ("    # 缩进的代码\n", 0),
        ("# 标题\r\n\r\n## 二\r\n", 2),
    ],
)
def test_headings_are_counted_outside_code(body: str, count: int) -> None:
    assert features(body).headings == count


def test_fences_are_known_by_their_info_string() -> None:
    body = (
        "```Mermaid\ngraph\n```\n\n~~~ {.python}\nx\n~~~\n\n{% highlight ruby %}\ny\n{% endhighlight %}\n```\nz\n```\n"
    )
    assert features(body).fences == {"mermaid", "python", "ruby"}


def test_a_fence_inside_another_is_text_of_that_one() -> None:
    assert features("````md\n```mermaid\ngraph\n```\n````\n").fences == {"md"}


def test_code_in_a_line_opens_no_fence() -> None:
    assert features("```mermaid``` 是一种图\n\n# 标题\n").headings == 1


@pytest.mark.parametrize(
    "body",
    [
        "损失 $$L = \\sum x$$",
        "其中 $x_i$ 是",
        "令 $n$ 为",
        "\\begin{align}\na\n\\end{align}",
        "\\\\[ a \\\\]",
        "$$\na\n$$",
    ],
)
def test_math_is_seen(body: str) -> None:
    assert features(body).math


@pytest.mark.parametrize(
    "body",
    [
        "从 $5 到 $10",
        "US$100，HK$200",
        "`$x_i$`",
        "```\n$$a$$\n```",
        "价格 \\$x_1\\$",
        "costs $5/$10",
        "no math",
        "\\[链接\\]",
    ],
)
def test_prices_and_code_are_no_math(body: str) -> None:
    assert not features(body).math


def test_a_cjk_character_counts_as_a_word_and_code_and_addresses_do_not_count() -> None:
    assert words("你好 world, don't") == 4
    assert features("你好 https://example.org/a/b\n\n```\nfive words of code here\n```\n").words == 2
    assert features("[链接](https://example.org/long/path) <!-- 备注 -->").words == 2


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("这篇文章介绍 Kubernetes 集群的部署。", "zh"),
        ("使用 Docker Compose 部署 Grafana 和 Prometheus 监控系统，包含 Loki", "zh"),
        ("We measured how long it takes, and 你好 is Chinese for hello.", "en"),
        ("今日はとてもいい天気ですから散歩に行きましょう。", "any"),
        ("오늘은 날씨가 아주 좋습니다.", "any"),
        ("Сегодня хорошая погода", "any"),
        ("Der schnelle Weg zu einem kleinen Server im Keller führt über viele alte Teile, die man noch irgendwo "
         "findet, und ein wenig Geduld beim Schrauben.", "any"),
        ("The short way to a small server in the cellar is one with many old parts that you find somewhere, and some "
         "patience with screws.", "en"),
        ("```python\nprint('only code')\n```\n", "any"),
        ("中文正文。\n\n```\n" + "a long English listing " * 50 + "\n```\n", "zh"),
        ("", "any"),
        ("12345 !!!", "any"),
    ],
)  # fmt: skip
def test_the_language_is_told_by_letters_outside_code(body: str, language: str) -> None:
    assert features(body).language == language


def test_a_chinese_post_that_quotes_some_japanese_is_chinese() -> None:
    assert features("这是一篇关于日语学习的文章，其中会讲到一些词语，比如「ありがとう」。" * 3).language == "zh"


@pytest.mark.parametrize(
    "body", ["`" * 5000, "$" * 5000, "<!--" * 2000, "[](" * 3000, "\\\\(" * 3000, "{% highlight x " * 500]
)
def test_hostile_bodies_take_no_longer_than_others(body: str) -> None:
    assert features(body).headings == 0
