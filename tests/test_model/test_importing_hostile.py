"""Checkpoints that want more than to be read run nothing, say so in one sentence, and cost little."""

from __future__ import annotations

import copyreg
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile_pickles import HOSTILE, archive, call, honest_archive, plain, text, touch
from napari_latent_explain.domain import BundleError
from napari_latent_explain.model.importing import import_generator
from published_stylegan2 import SOURCE, make_published, nvlabs_pickle, rosinality_file

SECONDS = 20.0  # of processor time; about five are needed


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_pickle_runs_nothing_and_says_so(tmp_path: Path, kind: str) -> None:
    canary, path = tmp_path / "canary", tmp_path / "net.pkl"
    make, said = HOSTILE[kind]
    path.write_bytes(make(canary))
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BundleError, match=said) as caught:
        import_generator(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert time.process_time() - begun < SECONDS
    assert grown < 400_000, "kilobytes"
    message = str(caught.value)
    assert message.startswith("net.pkl ")
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 450
    assert not canary.exists()


def test_the_corpus_is_large_and_its_canaries_sing() -> None:
    """Python's own unpickler runs several of them: what the machine refuses is real."""
    assert len(HOSTILE) >= 20
    ran = 0
    for kind in ("os.system", "posix.system", "eval", "INST", "INST in protocol 2", "OBJ", "made by Python"):
        code = (
            "import sys, pathlib, pickle; sys.path.insert(0, sys.argv[1]); from hostile_pickles import HOSTILE\n"
            "import tempfile; c = pathlib.Path(tempfile.mkdtemp()) / 'canary'\n"
            "try: pickle.loads(HOSTILE[sys.argv[2]][0](c))\n"
            "except Exception: pass\n"
            "sys.exit(0 if c.exists() else 1)"
        )
        words = [sys.executable, "-c", code, str(Path(__file__).parents[1]), kind]
        ran += subprocess.run(words, check=False).returncode == 0
    assert ran == 7


def test_the_extension_registry_is_not_asked(tmp_path: Path) -> None:
    copyreg.add_extension("os", "system", 240)
    try:
        (tmp_path / "net.pkl").write_bytes(b"\x80\x02\x82\xf0(" + touch(tmp_path / "canary") + b"tR.")
        with pytest.raises(BundleError, match="opcode EXT1"):
            import_generator(tmp_path / "net.pkl")
    finally:
        copyreg.remove_extension("os", "system", 240)
    assert not (tmp_path / "canary").exists()


def test_source_code_in_a_good_checkpoint_is_not_run(tmp_path: Path) -> None:
    path = nvlabs_pickle(tmp_path / "net.pkl", make_published((3,)))
    assert SOURCE.strip().encode() in path.read_bytes()
    import_generator(path)
    assert not {"torch_utils", "dnnlib", "torch_utils.persistence"} & set(sys.modules)


def test_what_a_name_on_the_list_is_here_stays_out_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins are ours: not even the listed functions of torch and numpy are called."""
    import torch

    def sprung(*_: object) -> None:
        raise AssertionError("called")

    path = nvlabs_pickle(tmp_path / "net.pkl", make_published((3,)))
    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
        monkeypatch.setattr(torch._utils, name, sprung)
    monkeypatch.setattr(torch.storage, "_load_from_bytes", sprung)
    monkeypatch.setattr(torch, "load", sprung)
    import_generator(path)


def test_hooks_hidden_in_a_discriminator_are_refused_too(tmp_path: Path) -> None:
    body = b"\x80\x02}(" + text("G_ema") + b"}" + text("D") + call("os", "system", touch(tmp_path / "canary")) + b"u."
    (tmp_path / "net.pt").write_bytes(archive(body))
    with pytest.raises(BundleError, match=r"'os\.system'"):
        import_generator(tmp_path / "net.pt")
    assert not (tmp_path / "canary").exists()


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "net.pkl").open("wb") as stream:
        stream.truncate(3 * 2**30)
    with pytest.raises(BundleError, match="more than any StyleGAN2"):
        import_generator(tmp_path / "net.pkl")


def test_tensors_that_share_a_storage_cost_what_they_hold(tmp_path: Path) -> None:
    """A small file whose weights all look at one storage can't claim more numbers than a generator has."""
    from napari_latent_explain.model.importing.budget import Budget
    from napari_latent_explain.model.importing.refusal import Checkpoint

    budget = Budget(Checkpoint("net.pkl"))
    budget.hold(2**27)
    with pytest.raises(BundleError, match="128 million"):
        budget.hold(1)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Good checkpoints in every container, to be spoilt."""
    folder, made = tmp_path_factory.mktemp("seeds"), make_published((2, 2), widths=(2,), z_dim=2)
    return [
        nvlabs_pickle(folder / "a.pkl", made).read_bytes(),
        nvlabs_pickle(folder / "b.pkl", made, protocol=2).read_bytes(),
        rosinality_file(folder / "c.pt", made).read_bytes(),
        rosinality_file(folder / "d.pt", made, zipped=False).read_bytes(),
        honest_archive(),
        plain(b"}"),
    ]


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_error_leaves_for_any_change_of_bytes(tmp_path: Path, seeds: list[bytes], data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 6))):
        # The pickle's own bytes lie at the beginning and the end: change those more often than numbers in between.
        at = data.draw(st.integers(0, len(content) - 1) | st.integers(0, min(400, len(content) - 1)))
        what = data.draw(st.sampled_from(["change", "cut", "insert", "drop"]))
        if what == "change":
            content[at] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del content[max(at, 1) :]
        elif what == "insert":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
        elif len(content) > 9:
            del content[at : at + data.draw(st.integers(1, 8))]
    path = tmp_path / "net.pkl"
    path.write_bytes(bytes(content))
    with suppress(BundleError):
        import_generator(path)


@given(content=st.binary(max_size=200))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_error_leaves_for_any_bytes_behind_a_protocol(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pkl").write_bytes(b"\x80\x04" + content)
    with pytest.raises(BundleError):
        import_generator(tmp_path / "net.pkl")
