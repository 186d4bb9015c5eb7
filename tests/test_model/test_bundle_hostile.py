"""Bundles that want more than to be read, or are not what they say: one sentence each, nothing run, nothing large made."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save

from hostile_bundles import HEADERS, JSON_FILES, described, mean_colour_onnx, rewritten, safetensors_file
from napari_latent_explain.domain import BundleError
from napari_latent_explain.model import Explainer, load_explainer
from napari_latent_explain.model import bundle as bundle_module
from napari_latent_explain.model.atlas_file import with_atlas
from napari_latent_explain.model.bundle import read_bundle, write_bundle
from napari_latent_explain.model.bundle_folder import bundle_file, replace_bundle
from napari_latent_explain.model.foreign_files import foreign_state, open_foreign_classifier
from napari_latent_explain.model.importing import import_generator, read_imported, write_imported
from napari_latent_explain.model.network_builder import build_network
from napari_latent_explain.model.tensor_file import read_tensors
from published_stylegan2 import make_published, nvlabs_pickle

METADATA, ATLAS = "configs/metadata.json", "configs/directions.json"
GENERATOR, STATISTICS = "models/generator.safetensors", "models/statistics.safetensors"
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folder(small_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(small_bundle, tmp_path / "bundle")


def refused(read: Callable[[], object], said: str = ".") -> None:
    """It is refused, in one line of a length that a person reads."""
    with pytest.raises(BundleError, match=said) as caught:
        read()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


# What the JSON files say.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(surprise=1), "'surprise'"),
        (lambda t: t["generator"].update(surprise=1), "surprise"),
        (lambda t: t.pop("classes"), "'classes'"),
        (lambda t: t.pop("generator"), "'generator'"),
        (lambda t: t["files"].pop(ATLAS), "SHA-256 differs"),
        (lambda t: t["files"].pop(GENERATOR), "SHA-256 differs"),
        (lambda t: t.update(resolution="big"), "'resolution'"),
        (lambda t: t.update(classes="AB"), "'classes'"),
        (lambda t: t.update(generator=[1]), "'generator"),
        (lambda t: t.update(scores=[]), "'scores'"),
        (lambda t: t.update(format=2), "format 2"),
        (lambda t: t["files"].update({"../outside": "0" * 64}), "no file of a bundle"),
        (lambda t: t["files"].update({"/etc/passwd": "0" * 64}), "no file of a bundle"),
        (lambda t: t["files"].update({GENERATOR: "short"}), "'files"),
        (lambda t: t["generator"].update(_target_="os.system"), "be run"),
        (lambda t: t["recipe"].update(deep=[{"_code_": "import os"}]), "be run"),
        (lambda t: t["recipe"].update(deep=[{"a": "$import os; os.abort()"}]), "be run"),
        (lambda t: t["scores"].update(a="$__import__('os').abort()"), "be run"),
    ],
)  # fmt: skip
def test_metadata_that_say_more_less_or_other_things(folder: Path, change: Change, said: str) -> None:
    rewritten(folder, METADATA, change)
    refused(lambda: load_explainer(folder, "cpu"), said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(surprise=1), "surprise"),
        (lambda t: t["directions"][0].update(_target_="os.system"), "_target_"),
        (lambda t: t["directions"][0].pop("spread"), "spread"),
        (lambda t: t["directions"][0].update(channel="$import os"), "channel"),
        (lambda t: t["directions"][0].update(channel=10**6), "do not fit one another"),
        (lambda t: t["directions"][0].update(layer="b4096.conv1"), "do not fit one another"),
        (lambda t: t["directions"][0].update(target=7), "do not fit one another"),
        (lambda t: t.update(classes=["cat", "dog"]), "do not fit one another"),
        (lambda t: t.update(directions=t["directions"][:1] * 2), "share an id"),
    ],
)
def test_directions_that_say_more_less_or_other_things(folder: Path, change: Change, said: str) -> None:
    rewritten(folder, ATLAS, change)
    refused(lambda: load_explainer(folder, "cpu"), said)


@pytest.mark.parametrize("name", [METADATA, ATLAS])
@pytest.mark.parametrize("kind", JSON_FILES)
def test_json_that_is_none(folder: Path, name: str, kind: str) -> None:
    content, said = JSON_FILES[kind]
    whole = content((folder / name).read_bytes())
    (folder / name).write_bytes(whole)
    if name != METADATA:
        rewritten(folder, METADATA, lambda t: t["files"].update({name: hashlib.sha256(whole).hexdigest()}))
    refused(lambda: read_bundle(folder), said)


def test_json_that_is_gigantic_is_not_read(folder: Path) -> None:
    with (folder / METADATA).open("r+b") as stream:
        stream.truncate(2**31)  # of which the disk holds nothing
    refused(lambda: _within(2**28, lambda: read_bundle(folder)), "larger than 64 MiB")


# What the networks are said to be.


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["generator"].update(channel_base=10**9, channel_max=10**9),
        lambda t: t["generator"].update(channel_base=2**20, channel_max=4096),
        lambda t: t["generator"].update(mapping_layers=10**9),
        lambda t: t["generator"].update(w_dim=4096, z_dim=4096, mapping_layers=64),
        lambda t: t["generator"].update(resolution=2**40),
        lambda t: t["generator"].update(resolution=33),
        lambda t: t["generator"].update(attributes=10**9),
        lambda t: t["generator"].update(structure_size=256, structure_channels=256),
        lambda t: t["encoder"].update(channels=[4096] * 4, hidden=4096),
        lambda t: t["encoder"].update(channels=[8] * 10),
        lambda t: t["encoder"].update(channels=[7]),
        lambda t: t["encoder"].update(channels=[8] * 10**6),
        lambda t: t["encoder"].update(input_size=2**31),
        lambda t: t["encoder"].update(structure_size=3, structure_channels=1),
        lambda t: t["encoder"].update(style_layers=2, w_dim=20),
        lambda t: t["encoder"].update(classes=1000),
        lambda t: t["classifier"].update(input_size=2**31),
        lambda t: t["classifier"].update(temperature=0),
        lambda t: t["classifier"].update(classes=["a", "b", "c"]),
        lambda t: t.update(classes=["a", "b", "c"]),
        lambda t: t.update(resolution=64),
    ],
)
def test_networks_of_other_shapes_than_their_weights_are_never_made(folder: Path, change: Change) -> None:
    rewritten(folder, METADATA, change)
    refused(lambda: _within(2**29, lambda: load_explainer(folder, "cpu")))


@pytest.mark.parametrize(
    ("part", "sizes"),
    [
        ("generator", {"channel_base": 2**20, "channel_max": 4096}),
        ("generator", {"w_dim": 4096, "z_dim": 4096, "mapping_layers": 64}),
        ("encoder", {"channels": [4096] * 4, "hidden": 4096}),
    ],
)
def test_making_a_network_ends_where_its_weights_do(folder: Path, part: str, sizes: dict[str, Any]) -> None:
    rewritten(folder, METADATA, lambda t: t[part].update(sizes))
    refused(lambda: load_explainer(folder, "cpu"), "larger than its weights")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (GENERATOR, lambda s: s.pop("const"), "does not fit the shapes"),
        (GENERATOR, lambda s: s.update(extra=torch.zeros(1)), "does not fit the shapes"),
        (GENERATOR, lambda s: s.update(const=s["const"][:, :2].clone()), "does not fit the shapes"),
        (GENERATOR, lambda s: s.update(const=s["const"].to(torch.int16)), "does not fit the shapes"),
        (GENERATOR, lambda s: s["const"].fill_(torch.nan), "not finite"),
        ("models/encoder.safetensors", lambda s: s["heads.bias"].fill_(torch.inf), "not finite"),
        ("models/classifier.safetensors", lambda s: s["backbone._fc.bias"].fill_(-torch.inf), "not finite"),
        ("models/classifier.safetensors", lambda s: s.pop("backbone._fc.bias"), "does not fit the shapes"),
        (STATISTICS, lambda s: s["mean"].fill_(torch.nan), "not finite"),
        (STATISTICS, lambda s: s["spread"].fill_(0), "statistics"),
        (STATISTICS, lambda s: s.pop("low"), "statistics"),
        (STATISTICS, lambda s: s.update(high=s["high"][1:].clone()), "statistics"),
        (STATISTICS, lambda s: s.update(high=s["high"].to(torch.int64)), "statistics"),
        (STATISTICS, lambda s: s.update(high=s["high"].double() * 1e300), "not finite"),
    ],
)
def test_weights_that_are_not_what_they_should_be(folder: Path, name: str, change: Change, said: str) -> None:
    state = load_file(folder / name)
    change(state)
    described(folder, name, save(state))
    refused(lambda: load_explainer(folder, "cpu"), said)


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_of_tensors_that_lie(folder: Path, kind: str) -> None:
    described(folder, GENERATOR, HEADERS[kind]())
    refused(lambda: _within(2**29, lambda: read_bundle(folder)), "is not a safetensors file")


def test_honest_tensors_are_read() -> None:
    told = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    assert read_tensors(safetensors_file(told, struct.pack("<2f", 1, 2)))["a"].tolist() == [1, 2]


# Where the files lie, and what they are.


@pytest.mark.parametrize("name", [METADATA, ATLAS, GENERATOR, "docs/README.md"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "outside", "circle", "nowhere"])
def test_what_stands_in_place_of_a_file(folder: Path, tmp_path: Path, name: str, kind: str) -> None:
    path = folder / name
    shutil.move(path, tmp_path / "moved")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        target = {"device": "/dev/zero", "outside": tmp_path / "moved", "circle": path, "nowhere": tmp_path / "none"}
        path.symlink_to(target[kind])
    refused(lambda: read_bundle(folder), "lacks|outside")


def test_a_link_within_the_bundle_is_followed(folder: Path) -> None:
    (folder / GENERATOR).rename(folder / "models" / "kept")
    (folder / GENERATOR).symlink_to("kept")
    read_bundle(folder)


def test_the_hash_is_of_what_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is replaced between its hashing and its parsing changes nothing."""
    before = read_bundle(folder)[1]["statistics"]["mean"]
    real = bundle_module.read_tensors

    def replaced(content: bytes) -> dict[str, torch.Tensor]:
        for path in (folder / "models").iterdir():
            path.write_bytes(b"another file")
        return real(content)

    content = {path.name: path.read_bytes() for path in (folder / "models").iterdir()}

    def put_back(path: Path, most: int) -> bytes:
        return content.get(path.name) or path.read_bytes()

    monkeypatch.setattr(bundle_module, "read_tensors", replaced)
    monkeypatch.setattr(bundle_module, "plain_file", put_back)
    assert torch.equal(read_bundle(folder)[1]["statistics"]["mean"], before)
    monkeypatch.undo()
    refused(lambda: read_bundle(folder), "SHA-256 differs")


# Writing: all or nothing.


def test_a_bundle_is_replaced_whole_at_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever step of the writing is the last one, what is read is the old bundle or the new one."""
    names = (METADATA, ATLAS, GENERATOR, STATISTICS, "docs/README.md")
    old, new = dict.fromkeys(names, b"old"), dict.fromkeys(names, b"new")
    seen, moment, ended = set(), 0, False

    class Stopped(BaseException):
        pass

    while not ended:
        left, place = [moment], replace_bundle(tmp_path / str(moment), old)
        with monkeypatch.context() as patched:
            for name in ("replace", "rename", "fsync", "rmdir"):
                patched.setattr(os, name, _stopping(getattr(os, name), left, Stopped))
            try:
                replace_bundle(place, new)
                ended = True
            except Stopped:
                moment += 1
        (read,) = {bundle_file(place, name).read_bytes() for name in names}
        seen.add(read)
        replace_bundle(place, old)  # and it can be written again
        assert {bundle_file(place, name).read_bytes() for name in names} == {b"old"}
        assert not (place / ".next").exists()
    assert seen == {b"old", b"new"}
    assert moment > 15


def _stopping(real: Callable[..., Any], left: list[int], stop: type[BaseException]) -> Callable[..., Any]:
    def step(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise stop
        return real(*arguments, **named)

    return step


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    replace_bundle(tmp_path, {"configs/metadata.json": b"1"})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["configs", "notes.txt"]


def test_scores_that_are_not_defined_are_written_as_nothing(small_bundle: Path, tmp_path: Path) -> None:
    metadata, networks, atlas, card = read_bundle(small_bundle)
    write_bundle(tmp_path / "b", metadata.replace(scores={"auc": float("nan")}), networks, atlas, card)
    assert read_bundle(tmp_path / "b")[0].scores == {"auc": None}


# Networks that were not made here.


@pytest.mark.parametrize(
    ("target", "arguments"),
    [
        ("monai.networks.nets.torch.load", {"f": "evil.pt", "weights_only": False}),
        ("monai.networks.nets.resnet.hf_hub_download", {"repo_id": "a", "filename": "b"}),
        ("monai.networks.nets.get_pretrained_resnet_medicalnet", {"resnet_depth": 10}),
        ("monai.networks.nets.efficientnet.reduce", {}),
        ("napari_latent_explain.model.classifier.functional", {}),
        ("napari_latent_explain.model.classifier.nn.Identity", {}),
        ("monai.networks.nets.densenet.nn.Linear", {"in_features": 1, "out_features": 1}),
        ("monai.networks.nets.BlockArgs", {}),
        ("monai.networks.nets.DenseNet", {"spatial_dims": 2, "in_channels": 3, "out_channels": 2, "init_features": 2**40}),
        ("monai.networks.nets.DenseNet", {"spatial_dims": 2, "in_channels": 3, "out_channels": 2, "growth_rate": 10**5}),
        ("monai.networks.nets.DenseNet", {"spatial_dims": 2, "in_channels": 3, "out_channels": 2, "block_config": [10**5]}),
    ],
)  # fmt: skip
def test_networks_that_are_none_or_ask_for_more(target: str, arguments: dict[str, Any]) -> None:
    refused(lambda: _within(2**31, lambda: build_network(target, arguments, 10**6)))


@pytest.mark.parametrize(
    "more",
    [
        {"pretrained": True},
        {"pretrained_url": "x"},
        {"norm": "/etc/passwd"},
        {"norm": "https:x"},
        {"act": ["a", "..\\b"]},
    ],
)
def test_networks_fetch_nothing(more: dict[str, Any]) -> None:
    told = {"spatial_dims": 2, "in_channels": 3, "out_channels": 2}
    refused(lambda: build_network("monai.networks.nets.DenseNet121", told | more), "fetch something from elsewhere")


def test_networks_that_would_fetch_something_unasked_are_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some take published weights unless they are told otherwise."""
    from napari_latent_explain.model import classifier

    def lite_backbone(outputs: int, pretrained: bool = True) -> torch.nn.Module:
        assert not pretrained
        return torch.nn.Linear(1, outputs)

    lite_backbone.__module__ = classifier.__name__
    monkeypatch.setattr(classifier, "lite_backbone", lite_backbone)
    assert build_network(f"{classifier.__name__}.lite_backbone", {"outputs": 2}).out_features == 2


def _monai_folder(folder: Path, **inference: Any) -> Path:
    for name in ("configs", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "configs/inference.json").write_text(json.dumps(inference))
    torch.save({"a": torch.zeros(1)}, folder / "models/model.pt")
    return folder


@pytest.mark.parametrize(
    "inference",
    [
        {"network_def": {"_target_": "os.system", "command": "touch canary"}},
        {"network_def": {"_target_": "DenseNet", "spatial_dims": "$__import__('os').system('touch canary')"}},
        {
            "network_def": {"_target_": "DenseNet", "spatial_dims": "@a"},
            "a": "$__import__('os').system('touch canary')",
        },
        {"network_def": {"_target_": "DenseNet", "a": {"_target_": "os.system", "command": "touch canary"}}},
        {"network_def": {"_target_": "$import os", "a": 1}},
        {"network_def": {"_target_": "DenseNet", "block_config": "@a"}, "a": ["@a"] * 4096},
        {"network_def": {"_target_": "DenseNet", "block_config": "@a"}, "a": "@b", "b": "@a"},
    ],
)
def test_configurations_of_a_monai_bundle_are_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inference: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = _monai_folder(tmp_path / "b", **inference)
    refused(lambda: open_foreign_classifier(folder, {"classes": ("a", "b")}))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "metadata",
    [
        {"network_data_format": 3},
        {"network_data_format": {"inputs": [], "outputs": []}},
        {"network_data_format": {"outputs": {"pred": {"channel_def": {"a": 1, "b": 2}}}}},
        {"network_data_format": {"inputs": {"image": {"spatial_shape": [10**30]}}}},
        {"network_data_format": {"inputs": {"image": {"spatial_shape": 7}}}},
    ],
)
def test_metadata_of_a_monai_bundle_of_the_wrong_types(tmp_path: Path, metadata: dict[str, Any]) -> None:
    folder = _monai_folder(tmp_path / "b", network_def={"_target_": "DenseNet", "spatial_dims": 2})
    (folder / "configs/metadata.json").write_text(json.dumps(metadata))
    refused(lambda: open_foreign_classifier(folder, {"classes": ("a", "b")}))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("configs/inference.json", "no network_def"),
        ("configs/metadata.json", "name its classes"),
        ("models/model.pt", "no models/model"),
    ],
)
def test_links_out_of_a_monai_bundle_are_not_followed(tmp_path: Path, name: str, said: str) -> None:
    folder = _monai_folder(tmp_path / "b", network_def={"_target_": "DenseNet", "spatial_dims": 7})
    data = {"outputs": {"pred": {"channel_def": {"0": "a", "1": "b"}}}}
    (folder / "configs/metadata.json").write_text(json.dumps({"network_data_format": data}))
    refused(lambda: open_foreign_classifier(folder, {}), "can't be built")
    shutil.move(folder / name, tmp_path / "moved")
    (folder / name).symlink_to(tmp_path / "moved")
    refused(lambda: open_foreign_classifier(folder, {}), said)


def test_an_onnx_file_that_was_replaced_is_not_kept(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    path = mean_colour_onnx(tmp_path / "c.onnx")
    opened = open_foreign_classifier(path, {"classes": ("a", "b"), "input_size": 16})
    assert foreign_state(opened, path)["onnx"].numpy().tobytes() == path.read_bytes()
    path.write_bytes(b"another")
    refused(lambda: foreign_state(opened, path), "replaced")


# Imported generators and atlas files.


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["generator"].update(channels=[4096] * 9),
        lambda t: t["generator"].update(mapping_widths=[4096] * 32),
        lambda t: t.update(resolution=1024),
        lambda t: t["generator"].update(_target_="os.system"),
        lambda t: t["files"].pop(GENERATOR),
    ],
)
def test_an_imported_generator_is_not_made_before_its_weights_fit(tmp_path: Path, change: Change) -> None:
    folder = tmp_path / "eyes"
    write_imported(folder, import_generator(nvlabs_pickle(tmp_path / "eyes.pkl", make_published((6, 5, 4)))))
    rewritten(folder, METADATA, change)
    refused(lambda: _within(2**30, lambda: read_imported(folder)))


@pytest.mark.parametrize("kind", JSON_FILES)
def test_atlas_files_that_are_none(small_explainer: Explainer, small_bundle: Path, tmp_path: Path, kind: str) -> None:
    content, said = JSON_FILES[kind]
    (tmp_path / "atlas.json").write_bytes(content((small_bundle / ATLAS).read_bytes()))
    refused(lambda: with_atlas(small_explainer, tmp_path / "atlas.json"), said)


def test_pipes_do_not_keep_anybody_waiting(small_explainer: Explainer, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    refused(lambda: with_atlas(small_explainer, tmp_path / "pipe.safetensors"), "ordinary file")
    refused(lambda: import_generator(tmp_path / "pipe.safetensors"), "ordinary file")
    refused(lambda: open_foreign_classifier(tmp_path / "pipe.safetensors", {}), "no classifier")


def test_reading_a_bundle_imports_nothing_that_it_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "trap.py").write_text("raise SystemExit('imported')")
    rewritten(folder, METADATA, lambda t: t.update(recipe={"module": "trap", "code": "import trap"}))
    monkeypatch.syspath_prepend(folder)
    read_bundle(folder)
    assert "trap" not in sys.modules


def _within(more: int, call: Callable[[], object]) -> object:
    """Call with an address space that may grow by so many bytes and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, hard))
    try:
        return call()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
