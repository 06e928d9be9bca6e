"""What stops Liquid in a body, held against Liquid itself where Jekyll is installed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogmetad import liquid
from blogmetad.intake import draft as intake
from blogmetad.values import Draft
from tests import jekyll

FINE = [
    "",
    "没有标签的文字。\n",
    "{ a } {a} } %} }} {",
    "{{ page.title }} {{- x | upcase -}} {{}} {{ }}",
    "{{ 'a' | b: \"c\" }}\n{{{ x }}",
    "{% if a %}{{ b }}{% elsif c %}{% else %}{% endif %}",
    "{%- unless a -%}x{%- else -%}y{%- endunless -%}",
    "{% for a in b %}{% break %}{% else %}没有{% endfor %}",
    "{% case a %}{% when 1 %}一{% else %}二{% endcase %}",
    "{% capture a %}x{% endcapture %}{% assign b = 1 %}{% increment c %}{% cycle 'a', 'b' %}",
    "{% raw %}{{ a }{% if %}{%{{{% endraw %}",
    '{% raw %}{{ "{% endraw %}',
    "{% raw %}{% foo {% endraw %}",
    "{%raw%}{% endraw%}",
    "{% comment %}{% foo %}注释{% endcomment %}",
    "{% highlight python %}\nprint()\n{% endhighlight %}",
    "{% highlight c++ linenos %}x{% endhighlight %}",
    "{% tablerow a in b %}x{% endtablerow %}{% ifchanged %}x{% endifchanged %}",
    "{% if a %}{% for b in c %}{% if d %}{% endif %}{% endfor %}{% endif %}",
    "```\n{% raw %}\n${{ secrets.KEY }}\n{% endraw %}\n```\n",
]
FAULTS = [
    ("一\n{{ a }", 2, "'{{ a }' is not closed by '}}'"),
    ("{{ {a} }}", 1, "'{{ {a}' is not closed by '}}'"),
    ("文\n\n{{ a", 3, "'{{' is not closed by '}}'"),
    ("{% if a", 1, "'{%' is not closed by '%}'"),
    ("{% if a }\n文", 1, "'{%' is not closed by '%}'"),
    ("{% %}", 1, "'{% %}' is a tag without a name"),
    ("{% 如果 a %}", 1, "'{% 如果 a %}' is a tag without a name"),
    ("一\n{% if a %}二\n", 2, "'{% if a %}' is never closed by '{% endif %}'"),
    ("{% raw %}\n{{ a }}", 1, "'{% raw %}' is never closed by '{% endraw %}'"),
    ("{% comment %}", 1, "'{% comment %}' is never closed by '{% endcomment %}'"),
    ("{% for a in b %}{% if c %}{% endfor %}", 1, "'{% if c %}' is never closed by '{% endif %}'"),
    ("{% highlight ruby %}\nx\n", 1, "'{% highlight ruby %}' is never closed by '{% endhighlight %}'"),
    ("{% highlight %}x{% endhighlight %}", 1, "'{% highlight %}' names no language"),
    ("文\n{% endif %}", 2, "'{% endif %}' closes nothing"),
    ("{% endraw %}", 1, "'{% endraw %}' closes nothing"),
    ("{% if a %}{% endif %}{% endif %}", 1, "'{% endif %}' closes nothing"),
    ("{% else %}", 1, "'{% else %}' stands in no block that it belongs to"),
    ("{% for a in b %}{% elsif c %}{% endfor %}", 1, "'{% elsif c %}' stands in no block that it belongs to"),
    ("{% if a %}{% when 1 %}{% endif %}", 1, "'{% when 1 %}' stands in no block that it belongs to"),
    ("{% capture a %}{% else %}{% endcapture %}", 1, "'{% else %}' stands in no block that it belongs to"),
]


@pytest.fixture(scope="module")
def ruby() -> Iterator[jekyll.Reader]:
    with jekyll.reader("liquid") as reader:
        yield reader


@pytest.mark.parametrize("body", FINE)
def test_what_liquid_takes_has_no_fault(body: str) -> None:
    assert liquid.read(body) == liquid.Reading()


@pytest.mark.parametrize(("body", "line", "cause"), FAULTS)
def test_what_stops_liquid_is_told_with_its_line(body: str, line: int, cause: str) -> None:
    assert liquid.read(body).faults == (liquid.Fault(line, cause),)


def test_all_faults_are_told_in_the_order_of_their_lines_up_to_ten() -> None:
    assert [fault.line for fault in liquid.read("{% if a %}\n{{ b }\n{% endfor %}\n").faults] == [1, 2, 3]
    assert len(liquid.read("{% endif %}\n" * 50).faults) == liquid.MOST


def test_a_long_tag_is_shown_in_part_and_on_one_line() -> None:
    (fault,) = liquid.read("{% if 一\n\n" + "很长" * 60 + " %}").faults
    assert fault.cause == "'{% if 一 " + ("很长" * 60)[: liquid.SHOWN - 8] + "…' is never closed by '{% endif %}'"


def test_tags_that_only_a_plugin_can_know_are_no_faults_and_what_is_in_their_blocks_is_theirs() -> None:
    body = "{% seo %}\n{% details 更多 %}\n{{ a } {% if %}\n{% enddetails %}\n{% cite knuth %} {% endfold %} {% # 注 %}"
    assert liquid.read(body) == liquid.Reading((), (("seo", 1), ("details", 2), ("cite", 5), ("endfold", 5)))


def test_where_versions_of_liquid_differ_nothing_is_sure_any_more() -> None:
    assert liquid.read("{% if a %}{% raw %}{%- endraw %}{{ a }{% endfor %}") == liquid.Reading()
    assert [fault.line for fault in liquid.read("{% endif %}\n{% raw %}{%- endraw %}{% endif %}").faults] == [1]


PIECES = st.sampled_from(
    [
        *("{% if a %}", "{% endif %}", "{% else %}", "{% elsif b %}", "{% unless c %}", "{% endunless %}", "{%if a%}"),
        *("{% raw %}", "{% endraw %}", "{%- raw -%}", "{% for a in b %}", "{% endfor %}", "{% %}"),
        *("{% case a %}", "{% when 1 %}", "{% endcase %}", "{% capture d %}", "{% endcapture %}", "{% assign e = 1 %}"),
        *("{% highlight c %}", "{% endhighlight %}", "{{ a }}", "{%", "%}", "{{", "}}", "{", "}", "文字", "\n", " "),
    ]
)


@given(bodies=st.lists(st.lists(PIECES, max_size=12).map("".join), min_size=1, max_size=40))
def test_we_refuse_what_liquid_refuses_and_nothing_else(ruby: jekyll.Reader, bodies: list[str]) -> None:
    for body in bodies:
        refusal = ruby.refusal(body)
        assert bool(refusal) == bool(liquid.read(body).faults), (body, refusal)


def test_liquid_itself_takes_what_we_call_fine_and_refuses_the_rest(ruby: jekyll.Reader) -> None:
    assert {body: ruby.refusal(body) for body in FINE if "{% foo %}" not in body and ruby.refusal(body)} == {}
    assert [body for body, _, _ in FAULTS if not ruby.refusal(body)] == []


@pytest.mark.parametrize(
    "piece",
    [
        *("{%", "{{", "{", "{{ }", "{% if a %}", "{% endif %}", "{% x{} %}"),
        "{% raw %}",
        "{% raw %}{{",
        "{% if %}{% else %}",
    ],
)
def test_reading_takes_time_in_proportion_to_the_text(piece: str) -> None:
    text = "".join(piece.replace("{}", str(number)) for number in range(30_000))
    began = time.monotonic()
    liquid.read(text)
    assert time.monotonic() - began < 6.0


def draft(raw: str) -> Draft:
    read = intake.read("草稿.md", raw.encode())
    assert isinstance(read, Draft)
    return read


def test_a_draft_is_told_the_line_in_its_file_and_what_to_do() -> None:
    (problem,) = liquid.problems(draft("---\ntitle: 甲\n---\n\n一\n{{ a }\n"))
    assert problem.rule == "draft.liquid"
    assert problem.message.startswith("草稿.md, line 6: '{{ a }' is not closed by '}}'. Jekyll would stop there")
    assert liquid.problems(draft("---\nrender_with_liquid: false\n---\n{{ a }\n")) == ()
    assert liquid.problems(draft("---\nrender_with_liquid: true\n---\n{{ a }\n")) != ()
