"""The pure parts of the benchmarks of speed: the texts they use, their tables, their picture. Nothing is timed here."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from bench import batches, drafts, generated, idle, length, overhead, peers, performance, start, throughput
from bench.picture import Axis, Line, number, picture
from bench.result import Result, Target, as_json, as_markdown
from bench.sites import Site
from bench.stopwatch import Stopwatch
from bench.task import POST
from bench.working import Answered
from blogmetad.site.index import Index
from blogmetad.values import Proposal

TEXT = POST.read_text(encoding="utf-8")


def test_a_generated_blog_is_the_same_every_time_and_as_large_as_wanted(tmp_path: Path) -> None:
    generated.write(tmp_path, 6)
    once = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    generated.write(tmp_path, 12)
    assert len(list(tmp_path.iterdir())) == 12
    assert once == {name: (tmp_path / name).read_bytes() for name in once}
    assert sorted(once) == sorted(generated.name(number) for number in range(6))


def test_a_generated_blog_is_one_the_index_reads_whole_and_finds_similar_posts_on(tmp_path: Path) -> None:
    (tmp_path / "_posts").mkdir()
    generated.write(tmp_path / "_posts", 60)
    index = Index(tmp_path / "_posts", tmp_path / "index.db")
    refreshed = index.refresh()
    near = index.recall(generated.draft(1, 2000), ("tags", "categories"))
    index.close()
    assert (refreshed.posts, refreshed.problems) == (60, ())
    assert near.posts
    assert set(near.usage["categories"]) <= set(generated.CATEGORIES)
    assert len(near.usage["tags"]) > 20


def test_every_other_generated_post_is_chinese_and_a_draft_has_no_front_matter() -> None:
    chinese, english = (re.findall(r"[\u4e00-\u9fff]", generated.post(n).split("---")[2]) for n in (1, 2))
    assert len(chinese) > 300
    assert english == []
    draft = generated.draft(3, 6000)
    assert 6000 <= len(draft) < 6500
    assert not draft.startswith("---")
    assert draft != generated.draft(4, 6000)


@pytest.mark.parametrize("characters", [2000, 5000, 20_000, 100_000])
def test_a_lengthened_text_is_about_as_long_as_wanted_and_begins_like_the_original(characters: int) -> None:
    made = drafts.lengthened(TEXT, characters)
    assert 0.95 * characters <= len(made) <= characters + 1
    assert made[:1500] == TEXT[:1500]
    assert made == drafts.lengthened(TEXT, characters)


def test_what_a_text_is_lengthened_with_has_a_number_in_its_headings() -> None:
    headings = re.findall(r"^## .*$", drafts.lengthened(TEXT, 60_000), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert any(heading.endswith("(3)") for heading in headings)


def test_several_drafts_are_as_long_as_each_other_and_all_different() -> None:
    made = drafts.several(TEXT, 16)
    assert len(set(made)) == 16
    assert max(map(len, made)) - min(map(len, made)) <= 1
    assert all(TEXT.split("\n## ")[1] in each for each in made)


def result(**changes: Any) -> Result:
    values: dict[str, Any] = {
        "name": "x",
        "title": "秒",
        "columns": ("side", "s"),
        "rows": (("a|b\nc", "1.0"),),
        "data": {"seconds": [1.0]},
        "targets": (Target("against it", 1.5, 1.3, " s"), Target("gain", 2.0, 1.3, least=True)),
        "notes": ("一条说明",),
    }
    return Result(**(values | changes))


def test_a_table_holds_together_whatever_stands_in_its_cells() -> None:
    assert as_markdown(result()).splitlines() == [
        "## 秒",
        "",
        "| side | s |",
        "|---|---:|",
        "| a¦b c | 1.0 |",
        "",
        "- against it: 1.5 s (target: at most 1.3 s; MISSED)",
        "- gain: 2 (target: at least 1.3; met)",
        "- 一条说明",
    ]


def test_the_json_of_a_result_has_its_data_and_says_which_targets_are_met() -> None:
    data = json.loads(json.dumps(as_json(result())))
    assert data["seconds"] == [1.0]
    assert [target["met"] for target in data["targets"]] == [False, True]


def test_a_stopwatch_adds_up_what_each_stage_took() -> None:
    watch = Stopwatch()
    for stage in ("读", "write", "读"):
        watch.mark(stage)
    assert list(watch.seconds) == ["读", "write"]
    assert all(seconds >= 0 for seconds in watch.seconds.values())


@pytest.mark.parametrize(("value", "told"), [(2000, "2k"), (200_000, "200k"), (5, "5"), (0.5, "0.5"), (1500, "1.5k")])
def test_numbers_of_an_axis_are_short(value: float, told: str) -> None:
    assert number(value) == told


def test_an_axis_has_round_numbers_and_equal_ratios_have_equal_distances() -> None:
    axis = Axis(1, 100, 0.0, 100.0)
    assert axis.ticks() == [1, 2, 5, 10, 20, 50, 100]
    assert axis.at(10) == pytest.approx(50.0)
    assert axis.at(100) - axis.at(50) == pytest.approx(axis.at(2) - axis.at(1))


def test_the_picture_is_svg_with_every_line_point_and_axis_named_and_works_on_dark_pages() -> None:
    lines = [Line("ours", ((2000, 6.5), (200_000, 9.0))), Line("<plain> & 慢", ((2000, 14), (10_000, 66)))]
    drawn = picture("Seconds, by length", "characters", "seconds", lines)
    root = ET.fromstring(drawn)
    names = {(text.text or "") for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Seconds, by length", "characters", "seconds", "ours", "<plain> & 慢", "2k", "200k", "10"} <= names
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 4
    assert "prefers-color-scheme: dark" in drawn


def test_every_point_of_a_picture_lies_within_it() -> None:
    drawn = picture("t", "x", "y", [Line("l", ((10, 10), (1e6, 0.1), (30, 5000)))])
    for circle in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= 720
        assert 0 <= float(circle.attrib["cy"]) <= 400


def test_a_picture_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no points"):
        picture("t", "x", "y", [Line("l", ())])


def test_the_overhead_leaves_out_the_model_and_the_largest_blog_is_judged() -> None:
    spent = tuple({"recall": 0.01, "ledger": seconds, "model": 5.0} for seconds in (0.02, 0.03, 0.10))
    small = overhead.Measured(100, spent, 0.03, (0.5, 0.4))
    large = overhead.Measured(10_000, spent, 0.03, (30.0, 4.0))
    assert small.overhead == pytest.approx(40.0)
    made = overhead.report((small, large))
    assert [target.met for target in made.targets] == [True, False]
    assert made.columns == ("", "100 posts", "10,000 posts")
    assert ("recall", "10.0", "10.0") in made.rows


def test_a_cold_start_is_judged_beside_the_loading_and_with_a_saved_state() -> None:
    starts = [start.Start(loading=3.0, first=4.0, warm=4.0)]
    slow = [start.Start(loading=3.0, first=8.0, warm=4.0)]
    made = start.report({True: starts, False: slow}, {})
    assert made.targets[0].met
    assert made.rows[1] == ("nothing saved", "3.00", "8.00", "4.00", "2.00")


def test_throughput_is_told_by_the_hour_and_says_whether_the_answers_are_the_same() -> None:
    texts = tuple(Proposal(texts={"title": title}) for title in ("甲", "乙"))
    other = (texts[0], Proposal(texts={"title": "丙"}))
    runs = {1: {2: Answered(texts, 20.0)}, 4: {2: Answered(other, 10.0)}}
    made = throughput.report(runs, {})
    assert made.rows == (("1 in flight", "360"), ("4 in flight", "720"), ("4 in flight / 1", "2.00"))
    assert made.targets[0].met
    assert made.data["same_texts"] == 1


def test_what_batches_cost_is_told_by_their_size() -> None:
    one = [batches.Batch(512, 4.0), batches.Batch(128, 1.12), batches.Batch(1, 0.04), batches.Batch(1, 0.03)]
    made = batches.report({1: one, 4: [batches.Batch(63, 0.63)]}, {})
    assert made.rows == (
        ("1", "2", "35.0", "0.1", "0", "", "0.0"),
        ("2", "0", "", "0.0", "0", "", "0.0"),
        ("3 to 7", "0", "", "0.0", "0", "", "0.0"),
        ("8 to 63", "0", "", "0.0", "1", "10.0", "0.6"),
        ("64 to 512", "2", "8.0", "5.1", "0", "", "0.0"),
        ("**all**", "4", "", "5.2", "1", "", "0.6"),
    )
    assert json.loads(json.dumps(made.data)) == {
        "batches": {"1": [[512, 4.0], [128, 1.12], [1, 0.04], [1, 0.03]], "4": [[63, 0.63]]},
        "conditions": {},
    }


def test_throughput_is_measured_on_drafts_that_differ_and_ask_for_the_same_fields() -> None:
    asked = throughput.requests(3)
    assert len({request.text for request in asked}) == 3
    assert len({tuple(ask.field for ask in request.asks) for request in asked}) == 1


def test_cost_against_length_is_a_ratio_of_medians_and_drawn_from_the_same_figures() -> None:
    mine = {5000: [4.0, 5.0, 9.0], 100_000: [6.0, 6.0, 6.0]}
    made = length.report(mine, {5000: 30.0}, {5000: 4791, 100_000: 99_898}, {})
    assert made.targets[0].value == pytest.approx(1.2)
    assert made.rows[0] == ("4,791 characters", "5.00", "4.00 – 9.00", "30.0", "6.0")
    assert made.rows[1][3:] == ("", "")
    names = [text.text for text in ET.fromstring(length.drawn(made)).iter("{http://www.w3.org/2000/svg}text")]
    assert "blogmetad" in names


def test_a_resting_process_is_told_by_the_minute() -> None:
    rest = idle.Resting(seconds=30, computing=0.01, wakes=5, megabytes=60.0)
    model = POST
    made = idle.report(idle.Found(rest, rest, rest, 700.0, 70.0), 1000, model)
    assert made.rows[0] == ("daemon, before any draft", "60", "", "20", "10")
    assert made.data["idle_wakes_a_minute"] == 10.0


def test_a_peer_that_left_out_a_field_or_is_not_there_is_named() -> None:
    ours = peers.Side("blogmetad", "its defaults", lambda: peers.Said(0, {}), [peers.Said(2.0, {"title": "断电"})])
    plain = peers.Side("plain, whole post", "batches", lambda: peers.Said(0, {}), [peers.Said(9.0, {})])
    made = peers.report([ours, plain], ("title",), ["llm is left out: make peers"], {})
    assert made.rows[1] == ("plain, whole post", "9.00", "9.00 – 9.00", "4.50")
    assert not made.targets[0].met
    assert {"llm is left out: make peers", "plain, whole post lacks title", "blogmetad filled in all fields"} <= set(
        made.notes
    )
    assert 'blogmetad said: {"title": "断电"}' in made.notes


@pytest.mark.parametrize(
    "text", ['{"标题": 1}', '```json\n{"标题": 1}\n```', 'Here it is:\n```\n{"标题": 1}```\nEnjoy.']
)
def test_json_of_a_peer_is_found_within_its_fence(text: str) -> None:
    assert json.loads(peers.unfenced(text)) == {"标题": 1}


def test_the_latency_report_becomes_a_table_like_the_others() -> None:
    side = {"prompt_tokens": 1754, "output_tokens": 80, "steps": 60, "answer": {"title": "断电"}, "missing": ["tags"]}
    data = {
        "sides": [
            side | {"name": "blogmetad", "median": 5.0, "seconds": [4.9, 5.1]},
            side | {"name": "plain", "median": 30.0, "seconds": [30.0], "missing": []},
        ],
        "ratios": {"ours/floor": 1.1, "plain/ours": 6.0},
        "cold_seconds": 6.0,
        "disturbed": True,
    }
    made = performance.of_latency(data)
    assert made.rows[1] == ("plain", "30.00", "30.00 – 30.00", "1,754", "80", "60", "6.00")
    assert all(target.met for target in made.targets)
    assert "blogmetad lacks tags" in made.notes
    assert any("disturbed" in note for note in made.notes)


def test_the_page_names_what_was_not_measured() -> None:
    made = performance.page(["## 一\n"], ["peers"], {"model": "starter"})
    assert "- model: starter\n- **not measured**: peers\n" in made
    assert made.endswith("## 一\n")


def test_a_site_to_measure_on_begins_anew_and_leaves_only_its_posts(tmp_path: Path) -> None:
    for _ in range(2):
        with Site.made(tmp_path, 3) as site:
            assert len(list(site.posts.iterdir())) == 3
            assert list(site.drafts.iterdir()) == []
            (site.posts / "2026-01-01-新.md").write_text("新", "utf-8")
            (site.drafts / "draft.md").write_text("稿", "utf-8")
            site.state.mkdir()
    assert sorted(path.name for path in site.posts.iterdir()) == sorted(generated.name(n) for n in range(3))
    assert not site.state.exists()
