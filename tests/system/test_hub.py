"""Models pulled from a hub: a real one on loopback, which breaks, lies, refuses, is slow, or has no more room."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from huggingface_hub import close_session

from blogmetad.model import catalog
from blogmetad.model.store import huggingface, modelscope, pull
from blogmetad.model.store.hub import Hub, first_to_answer
from blogmetad.model.store.naming import HubFiles
from blogmetad.model.store.place import PullError
from blogmetad.model.store.pull import presence
from tests import socks
from tests.hub import Fault, LoopbackHub, serving

REPOSITORY, FILE = "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf"
DATA = b"GGUF" + bytes(range(256)) * 8000
SOURCE = HubFiles(REPOSITORY, "Q4_K_M")
PLENTY = 10**12
HUBS = {"huggingface": huggingface.HuggingFace, "modelscope": modelscope.ModelScope}

Steps: TypeAlias = list[tuple[int, int, str]]


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with serving() as hub:
        hub.files[REPOSITORY] = {FILE: DATA, "Qwen3-4B-Q8_0.gguf": b"GGUF larger", "LICENSE": b"Apache"}
        yield hub


@pytest.fixture(params=list(HUBS))
def client(request: pytest.FixtureRequest, hub: LoopbackHub) -> Iterator[Hub]:
    """Each of the two hubs, at the address of the one on loopback."""
    made: Hub = HUBS[request.param](hub.url)
    close_session()  # huggingface_hub goes by the proxies there were when it first asked
    yield made
    close_session()


def run(
    folder: Path, client: Hub, source: HubFiles = SOURCE, *, room: int = PLENTY, timeout: float = 5.0,
    seen: Steps | None = None,
) -> Path:  # fmt: skip
    return pull.pull_from_hub(
        "qwen3-4b", source, folder, hub=client, pauses=(0.0, 0.0, 0.0), timeout=timeout,
        progress=lambda *step: (seen if seen is not None else []).append(step),
        free=lambda _: room,
    )  # fmt: skip


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")}


def test_a_model_comes_through_a_redirect_is_verified_and_found_again_by_its_name(
    tmp_path: Path, hub: LoopbackHub, client: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    seen: Steps = []
    path = run(catalog.models_folder(), client, seen=seen)
    assert path.read_bytes() == DATA
    assert names(tmp_path) == {FILE, f"{FILE}.verified.json"}
    assert hub.steps() == ["listing", "file", "cdn"]
    assert catalog.resolve("qwen3-4b", Path()) == catalog.resolve(f"hf:{REPOSITORY}:Q4_K_M", Path()) == path
    assert seen[-1] == (len(DATA), len(DATA), "checking SHA-256")
    assert [done for done, _, _ in seen] == sorted(done for done, _, what in seen if "from" in what) + [
        done for done, _, what in seen if "SHA" in what
    ]


def test_what_is_here_and_verified_is_not_asked_for_again(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    path = run(tmp_path, client)
    hub.asked.clear()
    assert run(tmp_path, client, room=0) == path
    assert hub.asked == []


def test_a_connection_that_breaks_half_way_is_taken_up_where_it_broke(
    tmp_path: Path, hub: LoopbackHub, client: Hub
) -> None:
    hub.faults = [Fault("cdn", cut=1_000_000), Fault("cdn", cut=300_000)]
    assert run(tmp_path, client).read_bytes() == DATA
    assert [asked.range for asked in hub.asked if asked.step == "cdn"] == [None, "bytes=1000000-", "bytes=1300000-"]


def test_a_pull_that_was_ended_goes_on_at_the_next_one(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("cdn", cut=500_000), *[Fault("cdn", cut=-1)] * 8]
    with pytest.raises(PullError, match="cannot be reached") as refused:
        run(tmp_path, client)
    assert refused.value.part == REPOSITORY
    assert presence(SOURCE, tmp_path).state == "partial"
    assert presence(SOURCE, tmp_path).bytes == 500_000
    hub.faults.clear()
    assert run(tmp_path, client).read_bytes() == DATA
    assert hub.asked[-1].range == "bytes=500000-"


def test_an_interrupted_pull_keeps_what_has_come(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    def interrupt(done: int, *_: object) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull.pull_from_hub("qwen3-4b", SOURCE, tmp_path, hub=client, progress=interrupt, free=lambda _: PLENTY)
    kept = presence(SOURCE, tmp_path).bytes
    assert 0 < kept < len(DATA)
    assert run(tmp_path, client).read_bytes() == DATA
    assert hub.asked[-1].range == f"bytes={kept}-"


def test_many_breaks_do_not_end_a_pull_as_long_as_more_comes(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("cdn", cut=100_000)] * 12
    assert run(tmp_path, client).read_bytes() == DATA


def test_a_server_that_ignores_the_range_takes_nothing_away_of_what_has_come(
    tmp_path: Path, hub: LoopbackHub, client: Hub
) -> None:
    hub.faults = [Fault("cdn", cut=700_000), Fault("cdn", whole=True, cut=300_000), *[Fault("cdn", cut=-1)] * 8]
    with pytest.raises(PullError, match="cannot be reached"):
        run(tmp_path, client)
    assert presence(SOURCE, tmp_path).bytes == 700_000
    hub.faults = [Fault("cdn", whole=True)]
    assert run(tmp_path, client).read_bytes() == DATA
    assert hub.faults == []


@pytest.mark.parametrize("fault", [Fault("cdn", shift=5), Fault("cdn", silent=True)])
def test_a_server_that_does_not_send_the_part_that_was_asked_for_is_refused(
    tmp_path: Path, hub: LoopbackHub, client: Hub, fault: Fault
) -> None:
    hub.faults = [Fault("cdn", cut=700_000), fault]
    with pytest.raises(PullError, match="sends another part of the file"):
        run(tmp_path, client)
    assert presence(SOURCE, tmp_path).bytes == 700_000


@pytest.mark.parametrize(
    "page", [b"<html>please log in</html>", "<html>请先登录</html>".encode(), b"x" * (len(DATA) + 1)]
)
def test_a_page_instead_of_the_file_takes_nothing_away_of_what_has_come(
    tmp_path: Path, hub: LoopbackHub, client: Hub, page: bytes
) -> None:
    hub.faults = [Fault("cdn", cut=700_000), Fault("cdn", body=page)]
    with pytest.raises(PullError, match=rf"sends {len(page):,} bytes, where it listed 2,048,004"):
        run(tmp_path, client)
    assert presence(SOURCE, tmp_path).bytes == 700_000
    assert hub.steps().count("cdn") == 2


def test_a_hub_that_lists_more_than_it_has_is_told_at_once(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("cdn", cut=700_000), Fault("cdn", 416, {"Content-Range": "bytes */700000"})]
    with pytest.raises(PullError, match="sends 700,000 bytes, where it listed 2,048,004"):
        run(tmp_path, client)
    assert presence(SOURCE, tmp_path).bytes == 700_000


@pytest.mark.parametrize("goal", ["back to itself", "ftp://elsewhere/file"])
def test_a_hub_that_leads_nowhere_is_not_asked_again(tmp_path: Path, hub: LoopbackHub, client: Hub, goal: str) -> None:
    address = client.address(REPOSITORY, FILE) if goal == "back to itself" else goal
    hub.faults = [Fault("file", 302, {"Location": address})] * 100
    with pytest.raises(PullError, match="leads nowhere"):
        run(tmp_path, client)
    assert hub.steps().count("file") <= 21


def test_a_server_that_has_less_than_came_before_is_asked_for_all_of_it(
    tmp_path: Path, hub: LoopbackHub, client: Hub
) -> None:
    hub.faults = [Fault("cdn", cut=700_000), Fault("cdn", status=416)]
    assert run(tmp_path, client).read_bytes() == DATA
    assert hub.asked[-1].range is None


def test_what_came_of_another_file_is_not_continued(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("cdn", cut=700_000), *[Fault("cdn", cut=-1)] * 8]
    with pytest.raises(PullError):
        run(tmp_path, client)
    hub.faults.clear()
    hub.files[REPOSITORY][FILE] = DATA[::-1]
    assert run(tmp_path, client).read_bytes() == DATA[::-1]
    assert hub.asked[-1].range is None


def test_a_wrong_hash_is_removed_and_told(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.wrong_hash = True
    with pytest.raises(PullError, match=f"{FILE}.*SHA-256, so it was removed") as refused:
        run(tmp_path, client)
    assert "--from" in refused.value.hint
    assert names(tmp_path) == set()
    hub.wrong_hash = False
    assert run(tmp_path, client).read_bytes() == DATA


def test_a_file_that_is_longer_than_listed_is_refused(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("cdn", extra=b"more", silent=True)]
    with pytest.raises(PullError, match="sends more than the 2,048,004 bytes it listed"):
        run(tmp_path, client)


def test_a_file_without_a_hash_is_not_taken(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.no_hash = True
    with pytest.raises(PullError, match=r"no SHA-256 of .*, so it could not be verified"):
        run(tmp_path, client)
    assert "cdn" not in hub.steps()


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("step", ["listing", "file", "cdn"])
def test_a_busy_hub_is_asked_again(tmp_path: Path, hub: LoopbackHub, client: Hub, step: str, status: int) -> None:
    fault = Fault(step, status, {"Retry-After": "0"})  # type: ignore[arg-type]
    hub.faults = [fault, fault]
    assert run(tmp_path, client).read_bytes() == DATA
    assert hub.steps().count(step) == 3


def test_a_hub_that_stays_ill_is_given_up_with_its_words(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("file", 503, {"X-Error-Message": "maintenance  until noon\t"})] * 9
    with pytest.raises(PullError, match=r"busy or ill \(status 503: maintenance until noon\)"):
        run(tmp_path, client)
    assert hub.steps().count("file") == 4


def test_a_hub_that_asks_for_an_hour_is_not_waited_for(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("listing", 429, {"Retry-After": "3600"})]
    with pytest.raises(PullError, match="status 429"):
        run(tmp_path, client)
    assert hub.steps() == ["listing"]


def test_a_gated_model_names_the_key_it_wants(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.key = "secret-键"
    with pytest.raises(PullError, match=r"does not let us have it \(status 401") as refused:
        run(tmp_path, client)
    assert client.key_variable in refused.value.hint
    assert "accept its terms" in refused.value.hint


def test_the_users_key_reaches_the_hub(
    tmp_path: Path, hub: LoopbackHub, client: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.key = "hf_secret"
    monkeypatch.setenv(client.key_variable, "hf_secret")
    assert run(tmp_path, client).read_bytes() == DATA


def test_the_users_key_does_not_go_to_another_host_behind_a_redirect(
    tmp_path: Path, hub: LoopbackHub, client: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(client.key_variable, "hf_secret")
    with serving() as elsewhere:
        elsewhere.files = hub.files
        hub.faults = [Fault("file", 302, {"Location": f"{elsewhere.url}/cdn/{REPOSITORY}/{FILE}"})]
        assert run(tmp_path, client).read_bytes() == DATA
        assert [asked.key for asked in elsewhere.asked] == [None]
    assert {asked.key for asked in hub.asked} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (HubFiles("Qwen/nothing", "Q4_K_M"), r"status 40[14]"),
        (HubFiles(REPOSITORY, "Q2_K"), "no model in Q2_K; there are Q4_K_M, Q8_0"),
        (HubFiles(REPOSITORY, None, "other.gguf"), "no file other.gguf"),
    ],
)
def test_what_the_hub_does_not_have_is_told(tmp_path: Path, client: Hub, source: HubFiles, cause: str) -> None:
    with pytest.raises(PullError, match=cause) as refused:
        run(tmp_path, client, source)
    assert refused.value.hint
    assert names(tmp_path) == set()


def test_a_file_that_vanishes_between_listing_and_pull_is_told(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.faults = [Fault("file", 404)]
    with pytest.raises(PullError, match="status 404"):
        run(tmp_path, client)


@pytest.mark.parametrize("body", [b"<html>please log in</html>", b"[]", b'{"Code": 200}', b"null", b'{"siblings": 3}'])
def test_an_answer_that_is_no_listing_is_told(tmp_path: Path, hub: LoopbackHub, client: Hub, body: bytes) -> None:
    hub.faults = [Fault("listing", body=body)]
    with pytest.raises(PullError, match=r"is no hub|is no GGUF file at all") as refused:
        run(tmp_path, client)
    assert refused.value.hint


@pytest.mark.parametrize(
    "address", ["hf-mirror.com", "http://[bad", "ftp://hub", "http://a b", "http://hub:99999", "http://", "镜像"]
)
def test_what_is_no_address_is_told_at_once(tmp_path: Path, client: Hub, address: str) -> None:
    with pytest.raises(PullError, match="is no address of a hub") as refused:
        run(tmp_path, type(client)(address))  # type: ignore[call-arg]
    assert f"Write {client.address_variable} whole" in refused.value.hint


def test_spaces_and_slashes_around_an_address_do_no_harm(
    tmp_path: Path, hub: LoopbackHub, client: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(client.address_variable, f" {hub.url}// ")
    made = {"HF_ENDPOINT": huggingface.configured, "MODELSCOPE_ENDPOINT": modelscope.configured}
    assert run(tmp_path, made[client.address_variable]()).read_bytes() == DATA


def test_a_hub_may_live_below_a_path(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    hub.below = "/hub/镜"
    assert run(tmp_path, type(client)(f"{hub.url}/hub/镜")).read_bytes() == DATA  # type: ignore[call-arg]


@pytest.mark.parametrize("key", ["hf_键", "hf\x01signs"])
def test_a_key_that_cannot_be_one_is_told_and_not_shown(
    tmp_path: Path, hub: LoopbackHub, client: Hub, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(client.key_variable, key)
    with pytest.raises(PullError, match="characters that no key has") as refused:
        run(tmp_path, client)
    assert client.key_variable in refused.value.hint
    assert key not in str(refused.value)
    assert hub.asked == []


def test_a_key_that_cannot_be_read_is_told(hub: LoopbackHub, home: Path) -> None:
    folder = home / ".cache/huggingface/token"
    folder.mkdir(parents=True)
    script = f"from blogmetad.model.store.huggingface import HuggingFace; HuggingFace({hub.url!r}).listing('a/b')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert f"your key for Hugging Face ({hub.url}) cannot be read (Is a directory: {folder})" in done.stderr


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:9", "foo://", "http://a:port"])
def test_a_proxy_that_cannot_be_one_is_told(
    tmp_path: Path, client: Hub, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(PullError, match="through the proxy that is set") as refused:
        run(tmp_path, client)
    assert "ALL_PROXY" in refused.value.hint


@pytest.mark.parametrize("kind", ["socks5", "socks5h"])
def test_a_model_comes_through_a_proxy_of_the_kind_socks(
    tmp_path: Path, hub: LoopbackHub, client: Hub, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socks.proxy(hub.http.server_port) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("socks5", kind))
        assert run(tmp_path, type(client)("http://hub.invalid")).read_bytes() == DATA  # type: ignore[call-arg]
        assert set(proxy.asked) == {("hub.invalid", 80)}


@pytest.mark.parametrize("kind", ["socks5", "socks5h", "http"])
def test_a_proxy_where_nobody_listens_is_told(
    tmp_path: Path, client: Hub, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{kind}://127.0.0.1:9")
    with pytest.raises(PullError, match="cannot be reached at"):
        run(tmp_path, type(client)("http://hub.invalid"))  # type: ignore[call-arg]


def test_certificates_that_cannot_be_read_are_told(
    tmp_path: Path, client: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "没有.pem"))
    with pytest.raises(PullError, match="certificates that are set cannot be read") as refused:
        run(tmp_path, client)
    assert "SSL_CERT_FILE" in refused.value.hint


def test_nobody_at_the_address_is_told_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(PullError, match=r"cannot be reached at http://127\.0\.0\.1:9") as refused:
        run(tmp_path, huggingface.HuggingFace("http://127.0.0.1:9"))
    assert "--from modelscope" in refused.value.hint


def test_a_hub_that_keeps_us_waiting_for_its_listing_is_asked_once(
    tmp_path: Path, hub: LoopbackHub, client: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "FIRST_PATIENCE", 0.3)
    hub.faults = [Fault("listing", delay=1.0)] * 3
    with pytest.raises(PullError, match="cannot be reached"):
        run(tmp_path, client)
    assert hub.steps() == ["listing"]


@pytest.mark.parametrize("step", ["listing", "cdn"])
def test_a_hub_that_says_nothing_is_not_waited_for(tmp_path: Path, hub: LoopbackHub, client: Hub, step: str) -> None:
    hub.faults = [Fault(step, delay=1.5)] * 4  # type: ignore[arg-type]
    with pytest.raises(PullError, match="cannot be reached"):
        run(tmp_path, client, timeout=0.2)


def test_a_model_in_several_files_comes_whole_and_is_its_first_file(
    tmp_path: Path, hub: LoopbackHub, client: Hub
) -> None:
    parts = {f"Q4_K_M/big-Q4_K_M-0000{n}-of-00003.gguf": DATA[n:] for n in (1, 2, 3)}
    hub.files["Qwen/big"] = parts
    source = HubFiles("Qwen/big", "Q4_K_M")
    hub.faults = [Fault("cdn"), Fault("cdn", 404)]
    with pytest.raises(PullError, match="status 404"):
        run(tmp_path, client, source)
    found = presence(source, tmp_path)
    assert (found.state, found.bytes) == ("partial", len(DATA) - 1)
    path = run(tmp_path, client, source)
    assert path == tmp_path / "Qwen/big/Q4_K_M/big-Q4_K_M-00001-of-00003.gguf"
    assert [len((path.parent / Path(name).name).read_bytes()) for name in parts] == [len(DATA) - n for n in (1, 2, 3)]
    assert hub.steps().count("cdn") == 4
    assert presence(source, tmp_path).state == "ready"
    assert pull.remove("big", source, tmp_path) > 3 * len(DATA) - 6
    assert presence(source, tmp_path).state == "absent"


def test_too_small_a_disk_is_told_before_anything_is_fetched(tmp_path: Path, hub: LoopbackHub, client: Hub) -> None:
    with pytest.raises(PullError, match=r"66 MB are needed and 50 MB are free") as refused:
        run(tmp_path, client, room=50_000_000)
    assert "XDG_DATA_HOME" in refused.value.hint
    assert hub.steps() == ["listing"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
def test_a_disk_that_fills_up_loses_nothing_that_had_room(tmp_path: Path, client: Hub) -> None:
    small = tmp_path / "disk"
    small.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], check=False)
    if done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        with pytest.raises(PullError, match="No space left on device") as refused:
            run(small, client)
        assert "what has come is kept" in refused.value.hint
        assert presence(SOURCE, small).state == "partial"
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        assert run(small, client).read_bytes() == DATA
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_model_that_is_being_pulled_is_neither_pulled_again_nor_removed(tmp_path: Path, client: Hub) -> None:
    refused: list[str] = []

    def second(_: int, __: int, what: str) -> None:
        for attempt in (lambda: run(tmp_path, client), lambda: pull.remove("qwen3-4b", SOURCE, tmp_path)):
            with pytest.raises(PullError, match="another pull of this model is running"):
                attempt()
        refused.append(what)

    path = pull.pull_from_hub("qwen3-4b", SOURCE, tmp_path, hub=client, progress=second, free=lambda _: PLENTY)
    assert path.read_bytes() == DATA
    assert refused


def test_another_file_of_that_name_is_never_overwritten(tmp_path: Path, client: Hub) -> None:
    mine = tmp_path / REPOSITORY / FILE
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"GGUF of my own")
    with pytest.raises(PullError, match="it is not this model"):
        run(tmp_path, client)
    assert mine.read_bytes() == b"GGUF of my own"


def test_the_first_hub_to_answer_is_taken_and_a_silent_one_is_not_waited_for(hub: LoopbackHub) -> None:
    near = modelscope.ModelScope(hub.url)
    with serving() as silent:
        silent.faults = [Fault("listing", delay=2.0)] * 2
        far = huggingface.HuggingFace(silent.url)
        began = time.monotonic()
        assert first_to_answer((far, near), REPOSITORY, 1.5) is near
        assert time.monotonic() - began < 1.0
        assert first_to_answer((far,), REPOSITORY, 0.3) is None
        assert time.monotonic() - began < 1.5
    assert first_to_answer((near,), "Qwen/nothing", 1.0) is None


def test_the_hash_on_record_is_that_of_the_file(tmp_path: Path, client: Hub) -> None:
    record = json.loads(run(tmp_path, client).with_name(f"{FILE}.verified.json").read_bytes())
    assert record["sha256"] == hashlib.sha256(DATA).hexdigest()
