"""Which files of a repository a name means."""

from __future__ import annotations

import pytest

from blogmetad.model.store.naming import HubFiles, NameFault, choose, is_safe, parse, parts_of, quantization

SMALL = ("README.md", "config.json", "Qwen3-4B-Q4_K_M.gguf", "Qwen3-4B-Q5_K_M.gguf", "Qwen3-4B-Q8_0.gguf")
LARGE = tuple(f"Q4_K_M/Qwen3-235B-A22B-Q4_K_M-0000{n}-of-00003.gguf" for n in (3, 1, 2))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hf:Qwen/Qwen3-4B-GGUF", HubFiles("Qwen/Qwen3-4B-GGUF")),
        ("hf:Qwen/Qwen3-4B-GGUF:q5_k_m", HubFiles("Qwen/Qwen3-4B-GGUF", "Q5_K_M")),
        ("hf:Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q8_0.gguf", HubFiles("Qwen/Qwen3-4B-GGUF", None, "Qwen3-4B-Q8_0.gguf")),
        ("hf:a/b/c/d.gguf", HubFiles("a/b", None, "c/d.gguf")),
        ("hf:作者/模型/模型.gguf", HubFiles("作者/模型", None, "模型.gguf")),
    ],
)
def test_a_name_says_repository_and_quantization_or_file(name: str, meant: HubFiles) -> None:
    assert parse(name) == meant
    assert parse(str(meant)) == meant


@pytest.mark.parametrize(
    "name",
    [
        "hf:", "hf:Qwen", "hf:/x", "hf:a/b/", "hf:a/b:", "hf:a/b/model.bin", "hf:../b", "hf:a/..",
        "hf:a/b/../../x.gguf", "hf:a/b//x.gguf",
        "hf:a/b/.hidden.gguf", "hf:a/b\n:Q8_0", "hf:a/b/x\\y.gguf", "hf:~a/b", "hf:a/-b",
        "hf:a/b:Q8_0/x.gguf", f"hf:a/{'b' * 300}",
    ],
)  # fmt: skip
def test_a_name_of_another_form_or_one_that_leads_out_of_its_folder_is_refused(name: str) -> None:
    with pytest.raises(NameFault, match="hf:OWNER/REPO"):
        parse(name)


@pytest.mark.parametrize(
    ("names", "wanted", "files"),
    [
        (SMALL, "Q4_K_M", ("Qwen3-4B-Q4_K_M.gguf",)),
        (SMALL, "q8_0", ("Qwen3-4B-Q8_0.gguf",)),
        (SMALL, None, ("Qwen3-4B-Q4_K_M.gguf",)),
        (("x.gguf", "README.md"), None, ("x.gguf",)),
        (("a-Q4_K_M.gguf", "a-128K-Q4_K_M.gguf"), "Q4_K_M", ("a-Q4_K_M.gguf",)),
        (("a-UD-Q4_K_XL.gguf", "a-Q4_K_M.gguf"), "Q4_K_XL", ("a-UD-Q4_K_XL.gguf",)),
        (("mmproj-a-Q8_0.gguf", "a-Q8_0.gguf"), "Q8_0", ("a-Q8_0.gguf",)),
        (("模型-Q4_K_M.gguf",), "Q4_K_M", ("模型-Q4_K_M.gguf",)),
        (LARGE, "Q4_K_M", tuple(sorted(LARGE))),
    ],
)
def test_the_quantization_is_found_in_the_listing(
    names: tuple[str, ...], wanted: str | None, files: tuple[str, ...]
) -> None:
    assert choose(names, HubFiles("a/b", wanted)) == files


def test_a_file_is_found_by_its_name_and_brings_its_other_parts_along() -> None:
    assert choose(SMALL, HubFiles("a/b", None, "Qwen3-4B-Q5_K_M.gguf")) == ("Qwen3-4B-Q5_K_M.gguf",)
    assert choose(LARGE, HubFiles("a/b", None, LARGE[0])) == tuple(sorted(LARGE))


@pytest.mark.parametrize(
    ("names", "wanted", "cause"),
    [
        (SMALL, HubFiles("a/b", "Q2_K"), "no model in Q2_K; there are Q4_K_M, Q5_K_M, Q8_0"),
        (SMALL, HubFiles("a/b", "Q4_K"), "no model in Q4_K;"),
        (SMALL, HubFiles("a/b", None, "x.gguf"), "no file x.gguf; there are"),
        (("a.bin",), HubFiles("a/b"), "is no GGUF file at all"),
        (("a-Q8_0.gguf", "b-Q8_0.gguf"), HubFiles("a/b"), "no model in Q4_K_M; there is Q8_0"),
        (LARGE[:2], HubFiles("a/b", "Q4_K_M"), "of the 3 parts of .* number 2 is missing"),
        (("../Q4_K_M.gguf", "a/../../Q4_K_M.gguf"), HubFiles("a/b"), "is no GGUF file at all"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(names: tuple[str, ...], wanted: HubFiles, cause: str) -> None:
    with pytest.raises(NameFault, match=cause):
        choose(names, wanted)


def test_the_parts_of_a_model_follow_from_the_name_of_one() -> None:
    assert parts_of("x-00002-of-00003.gguf") == tuple(f"x-0000{n}-of-00003.gguf" for n in (1, 2, 3))
    assert parts_of("x.gguf") == ("x.gguf",)
    assert parts_of("x-00001-of-99999.gguf") == ("x-00001-of-99999.gguf",)


@pytest.mark.parametrize(
    ("name", "found"),
    [("a-Q4_K_M.gguf", "Q4_K_M"), ("a.IQ2_XXS.gguf", "IQ2_XXS"), ("a-bf16.gguf", "BF16"), ("a.gguf", None)],
)
def test_the_quantization_is_read_from_a_name(name: str, found: str | None) -> None:
    assert quantization(name) == found


def test_a_name_of_a_hub_stays_below_its_folder() -> None:
    assert is_safe("a/b/c.gguf")
    assert not any(map(is_safe, ("/a", "a/../b", "a//b", "a/.git", "a\0", "a\\b", "", "x" * 1200)))
