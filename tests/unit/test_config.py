"""The configuration file: defaults, paths, and every mistake told at once by its key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from blogmetad import config
from blogmetad.config import Config, ConfigError, load

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def faults(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return caught.value.faults


def defaults() -> dict[str, dict[str, object]]:
    """Section -> key -> default, as TOML would hold it."""
    found: dict[str, dict[str, object]] = {}
    for section, about in Config.model_fields.items():
        model = about.annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue  # sections of which there may be many or none
        found[section] = {
            key: str(field.default) if isinstance(field.default, Path) else field.default
            for key, field in model.model_fields.items()
            if not field.is_required()
        }
    return found


def test_the_example_loads_and_sets_nothing_but_the_root(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert tomllib.loads(text) == {
        "site": {"root": "~/my-site"},
        "intake": {},
        "model": {},
        "server": {},
        "publish": {},
        "journal": {},
        "git": {},
        "notify": {},
        "log": {},
    }
    loaded = load(written(tmp_path, text))
    assert loaded.site.root == Path("~/my-site").expanduser()
    assert loaded.model_copy(update={"site": None}) == load(written(tmp_path, '[site]\nroot = "."\n')).model_copy(
        update={"site": None}
    )


def test_the_example_shows_every_key_with_its_true_default() -> None:
    shown = re.sub(r"(?m)^#(\w+ = )", r"\1", EXAMPLE.read_text(encoding="utf-8"))
    table = tomllib.loads(shown)
    assert table["site"].pop("root") == "~/my-site"
    assert table == defaults()


def test_every_key_of_the_example_has_its_meaning_in_the_lines_above() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r"#?\w+ = ", line)]
    assert len(keys) == sum(len(section) for section in defaults().values()) + 1
    for i in keys:
        # job_timeout shares the words above load_timeout.
        assert lines[i - 1].startswith("# ") or lines[i - 1].startswith("#load_timeout"), lines[i]


HOOK = '[site]\nroot = "."\n[[hooks]]\n'


def test_a_hook_is_a_program_with_its_arguments_and_what_it_is_told_of(tmp_path: Path) -> None:
    text = f'{HOOK}on = ["published", "held"]\ncommand = ["~/bin/发布", "--quiet", ""]\n'
    text += '[[hooks]]\non = ["parked"]\ncommand = ["./beep"]\ntimeout = 0.5\n'
    first, second = load(written(tmp_path, text)).hooks
    assert (first.on, first.timeout) == (("published", "held"), 60.0)
    assert first.command == (str(Path("~/bin/发布").expanduser()), "--quiet", "")
    assert (second.command, second.timeout) == (("./beep",), 0.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{HOOK}on = ["publishd"]\ncommand = ["x"]', "number 1, on: must be 'published', 'waiting', 'held', 'parked'"),
        (f'{HOOK}on = []\ncommand = ["x"]', "number 1, on: must name at least one of published, waiting, held"),
        (f'{HOOK}on = ["held"]\ncommand = []', "number 1, command: must be a program and its arguments"),
        (f'{HOOK}on = ["held"]\ncommand = "deploy"', "number 1, command: must be a list, but it is 'deploy'"),
        (f'{HOOK}on = ["held"]\ncommand = ["~nobody-of-that-name/x"]', "command: begins with the ~name of an unknown"),
        (f'{HOOK}on = ["held"]\ncommand = ["a\\u0000b"]', "command: must hold no zero bytes"),
        (f'{HOOK}on = ["held"]\ncommand = ["x"]\ntimout = 3', "timout: is not a key here; did you mean 'timeout'?"),
        (f'{HOOK}on = ["held"]\ncommand = ["x"]\n[[hooks]]\n', "[[hooks]] number 2, on: is missing"),
        ('[site]\nroot = "."\n[hooks]\non = ["held"]', "[hooks]: is written with two brackets, [[hooks]]"),
    ],
)
def test_a_fault_in_a_hook_says_in_which(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in fault for fault in faults(tmp_path, text)), faults(tmp_path, text)


@pytest.mark.parametrize(
    "template", ["", " ", "{titel}", "{0}", "{}", "{title", "{title!r}", "{title:>9}", "{title.x}"]
)
def test_a_message_that_could_not_be_filled_in_is_a_fault(tmp_path: Path, template: str) -> None:
    (fault,) = faults(tmp_path, f'[site]\nroot = "."\n[git]\nmessage = "{template}"\n')
    assert fault == "[git] message: must be text in which only these stand in braces: {title}, {post}, {draft}, {id}"


def test_only_the_root_has_to_be_set(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, '[site]\nroot = "site"\n'))
    root = tmp_path / "site"
    assert loaded.site == config.Site(
        root=root,
        drafts=root / "_inbox",
        posts=root / "_posts",
        review=root / "_review",
        journal=root / "_journal",
        state=root / ".blogmetad",
        rules=root / "_blogmetad/rules.md",
    )
    assert loaded.model.name == "starter"


def test_relative_folders_lie_in_the_root_and_absolute_ones_where_they_say(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "drafts"
    loaded = load(written(tmp_path, f'[site]\nroot = "blog"\nposts = "src/../posts"\ndrafts = "{elsewhere}"\n'))
    assert loaded.site.posts == tmp_path / "blog" / "posts"
    assert loaded.site.drafts == elsewhere


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "家"))
    loaded = load(written(tmp_path, '[site]\nroot = "~/blog"\ndrafts = "~/草稿"\n'))
    assert loaded.site.root == tmp_path / "家" / "blog"
    assert loaded.site.drafts == tmp_path / "家" / "草稿"


def test_a_tilde_of_nobody_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "~nobody-of-that-name/blog"\n')
    assert "unknown user" in fault


def test_chinese_paths_and_keys_of_the_right_name_load(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, '[site]\nroot = "我的博客"\ndrafts = "收件箱"\n[model]\nname = "模型/小.gguf"\n'))
    assert loaded.site.drafts == tmp_path / "我的博客" / "收件箱"
    assert loaded.model.name == "模型/小.gguf"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'\xef\xbb\xbf[site]\nroot = "."\n')
    assert load(file).site.root == tmp_path


def test_an_unknown_key_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "."\n[intake]\nsettle_second = 3\n')
    assert fault == "[intake] settle_second: is not a key here; did you mean 'settle_seconds'?"


def test_an_unknown_key_like_no_other_is_told_with_all_of_them(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "."\n[log]\n"颜色" = "红"\n')
    assert fault == "[log] 颜色: is not a key here; known keys are level, format"


def test_an_unknown_section_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "."\n[modle]\nname = "x"\n')
    assert fault == "[modle]: is not a key here; did you mean 'model'?"


def test_all_faults_are_told_at_once_with_the_file(tmp_path: Path) -> None:
    text = '[site]\nroot = "."\ndraft = "x"\n[intake]\npolling = "yes"\n[publish]\nattempts = 0\n'
    assert len(faults(tmp_path, text)) == 3
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{tmp_path / 'config.toml'}: [") for line in lines)
    assert "config.example.toml" in caught.value.hint


@pytest.mark.parametrize(
    ("section", "line", "fault"),
    [
        ("site", "drafts = 3", "[site] drafts: must be a path in quotes, but it is 3"),
        ("intake", 'settle_seconds = "2.0"', "[intake] settle_seconds: must be a number, but it is '2.0'"),
        ("intake", "polling = 1", "[intake] polling: must be true or false, but it is 1"),
        ("intake", "max_bytes = 2048.5", "[intake] max_bytes: must be a whole number, but it is 2048.5"),
        (
            "intake",
            "rescan_seconds = 0",
            "[intake] rescan_seconds: must be greater than or equal to 1, but it is 0",
        ),
        ("model", "name = 4", "[model] name: must be text in quotes, but it is 4"),
        ("model", "load_timeout = inf", "[model] load_timeout: must be a finite number, but it is inf"),
        ("model", "threads = true", "[model] threads: must be a whole number, but it is True"),
        (
            "log",
            'level = "大声"',
            "[log] level: must be 'debug', 'info', 'warning' or 'error', but it is '大声'",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_it_must_be(tmp_path: Path, section: str, line: str, fault: str) -> None:
    site = "" if section == "site" else f"\n[{section}]"
    assert faults(tmp_path, f'[site]\nroot = "."{site}\n{line}\n') == (fault,)


def test_a_whole_number_will_do_where_seconds_are_meant(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, '[site]\nroot = "."\n[intake]\nsettle_seconds = 5\n'))
    assert loaded.intake.settle_seconds == 5.0


def test_a_section_that_is_a_value_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, 'site = "blog"\n') == ("[site]: must be a section with keys of its own, but it is 'blog'",)


def test_an_empty_file_misses_the_site(tmp_path: Path) -> None:
    assert faults(tmp_path, "") == ("[site]: is missing, and there is no default for it",)


def test_a_site_without_a_root_misses_it(tmp_path: Path) -> None:
    assert faults(tmp_path, "[site]\n") == ("[site] root: is missing, and there is no default for it",)


def test_two_folders_that_are_the_same_are_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "."\ndrafts = "_posts"\n')
    assert fault.startswith("[site] drafts: is the same folder as 'posts'")


def test_two_names_of_one_folder_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "_posts").mkdir()
    (tmp_path / "草稿").symlink_to("_posts")
    (fault,) = faults(tmp_path, '[site]\nroot = "."\ndrafts = "草稿"\n')
    assert "the same folder" in fault


def test_drafts_inside_the_posts_are_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "."\ndrafts = "_posts/草稿"\n')
    assert fault.startswith("[site] drafts: lies inside 'posts'")


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "没有.toml")
    assert str(caught.value) == f"{tmp_path / '没有.toml'}: there is no such file"
    assert "blogmetad init" in caught.value.hint


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "博客\n')
    assert fault.startswith("is not valid TOML: ")
    assert "line 2" in fault


def test_a_file_in_another_encoding_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes('[site]\nroot = "博客"\n'.encode("gb18030"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load(file)


def test_a_folder_in_place_of_the_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_the_default_file_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BLOGMETAD_CONFIG", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.default_file() == tmp_path / ".config/blogmetad/config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert config.default_file() == tmp_path / "xdg/blogmetad/config.toml"
    monkeypatch.setenv("BLOGMETAD_CONFIG", "~/我的.toml")
    assert config.default_file() == tmp_path / "我的.toml"


@pytest.mark.parametrize(
    ("written_as", "used"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://localhost:8080/", "http://localhost:8080/v1"),
        ("https://models.example/openai/v1/", "https://models.example/openai/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_the_address_of_a_server_is_what_chat_completions_can_be_put_behind(
    tmp_path: Path, written_as: str, used: str
) -> None:
    loaded = load(written(tmp_path, f'[site]\nroot = "."\n[model]\nengine = "openai"\n[server]\nurl = "{written_as}"'))
    assert loaded.server.url == used


@pytest.mark.parametrize(
    "address",
    [
        *("localhost:8080", "ftp://host/v1", "http://", "http:///v1", "http://host:port/v1", "http://host:99999/v1"),
        *("http://a b/v1", "http://[::1/v1", "服务器"),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    (fault,) = faults(tmp_path, f'[site]\nroot = "."\n[server]\nurl = "{address}"')
    assert fault == "[server] url: must be an address such as http://localhost:8080/v1"


@pytest.mark.parametrize(
    "line",
    [
        'url = "https://me:sk-Geheim-123@host/v1"',
        'url = "https://host/v1?key=sk-Geheim-123"',
        'url = "https:/sk-Geheim-123"',
        'key_variable = "sk-Geheim-123"',
        'key_credential = "/run/sk-Geheim-123"',
        'key = "sk-Geheim-123"',
    ],
)
def test_a_key_that_stands_in_the_configuration_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    (fault,) = faults(tmp_path, f'[site]\nroot = "."\n[server]\n{line}')
    assert fault.startswith("[server] ")
    assert "Geheim" not in fault


def test_a_server_without_an_address_is_missing_one(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '[site]\nroot = "."\n[model]\nengine = "openai"')
    assert "[server] url: is missing" in fault
