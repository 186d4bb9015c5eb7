"""The exhaustive search on the model with known causes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from known_causes import ATTRIBUTE, CAUSES, LAYOUT, LINEAR, SATURATED, TWIN, make_reference
from napari_latent_explain.domain import Cancelled, DiscoveryError
from napari_latent_explain.explain.attfind import attfind, explaining_moves, ranked_moves
from napari_latent_explain.explain.ledger import Ledger
from napari_latent_explain.explain.probe import StyleMove, margins


def stop_at(share: float):
    def told(what: str, done: float) -> None:
        if done > share:
            raise Cancelled(what)

    return told


def test_the_causes_come_first_and_nothing_else_has_an_effect(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    table = attfind(explainer, reference)
    ranked = ranked_moves(table, 1)
    assert {tuple(one.move) for one in ranked[:3]} == CAUSES
    assert ranked[3].move == (TWIN, 1)
    assert ranked[3].effect > 1 > 1e-5 > ranked[4].effect


def test_an_effect_is_the_margin_after_the_move_to_the_quantile_less_the_margin_before(
    known: tuple[Any, Any, Any],
) -> None:
    explainer, reference, _ = known
    table = attfind(explainer, reference, columns=np.array([LINEAR, ATTRIBUTE]))
    code = reference.codes[7:8].clone()
    code[0, LINEAR] = max(explainer.statistics.high[LINEAR], code[0, LINEAR])
    picture = explainer.generator.synthesise(code).clamp(-1, 1)
    after, before = margins(explainer.classifier(picture)), margins(explainer.classifier(reference.bases[7:8]))
    np.testing.assert_allclose(table.changes[7, 1, 0], (after - before)[0], atol=1e-4)
    np.testing.assert_allclose(table.changes[..., 0], -table.changes[..., 1], atol=1e-4)  # of two classes


def test_a_wild_photograph_does_not_change_how_far_the_others_are_moved(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    before = attfind(explainer, reference, columns=np.array([LINEAR])).changes[1:]
    reference.codes[0] = 50.0
    after = attfind(explainer, reference, columns=np.array([LINEAR])).changes[1:]
    np.testing.assert_array_equal(before, after)


def test_forwards_are_counted(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    ledger = Ledger()
    table = attfind(explainer, reference, ledger=ledger)
    assert table.forwards == ledger.total() == 60 + 2 * 60 * LAYOUT.size


def test_few_moves_explain_the_photographs_as_published(known: tuple[Any, Any, Any]) -> None:
    explainer, reference, _ = known
    table = attfind(explainer, reference)
    moves, cover = explaining_moves(table, 1, needed=7.0)
    assert moves[:2] == (StyleMove(SATURATED, 1), StyleMove(LINEAR, 1))
    assert cover.explained[-1] > 0.9
    assert list(cover.explained) == sorted(cover.explained)
    assert explaining_moves(table, 1, most=1)[0] == moves[:1]
    assert explaining_moves(table, 1, unstable=-1)[0] == ()  # then no photograph is steady


@pytest.mark.parametrize("count", [60, 2], ids=["photographs in several batches", "coordinates share a batch"])
def test_a_stopped_search_goes_on_and_gives_the_same_bytes(
    known: tuple[Any, Any, Any], tmp_path: Path, count: int
) -> None:
    explainer, reference, _ = known
    reference = reference.take(torch.arange(count))
    whole = attfind(explainer, reference, folder=tmp_path / "whole")
    with pytest.raises(Cancelled):
        attfind(explainer, reference, folder=tmp_path / "parts", progress=stop_at(0.5))
    (kept,) = (tmp_path / "parts").glob("*.safetensors")
    earlier = kept.with_suffix(".seconds")
    assert 0 < float(earlier.read_text()) < 1000
    earlier.write_text("1000.5")
    ledger = Ledger()
    again = attfind(explainer, reference, folder=tmp_path / "parts", ledger=ledger)
    assert ledger.time() > 1000.5  # seconds of both runs
    assert 1000.5 < float(earlier.read_text()) < 2000
    assert 0 < ledger.total() < 0.7 * whole.forwards
    assert again.changes.tobytes() == whole.changes.tobytes()
    assert kept.read_bytes() == (tmp_path / "whole" / kept.name).read_bytes()
    assert again.forwards == whole.forwards


def test_another_model_or_other_photographs_have_another_file(known: tuple[Any, Any, Any], tmp_path: Path) -> None:
    explainer, reference, held_out = known
    columns = np.array([LINEAR])
    attfind(explainer, reference, columns=columns, folder=tmp_path)
    attfind(explainer, held_out, columns=columns, folder=tmp_path)
    explainer.identity.sha256 = "other"
    attfind(explainer, reference, columns=columns, folder=tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) == 3


@pytest.mark.parametrize("content", ["", "soon", "-1", "nan", "inf", "1" * 64])
def test_seconds_that_are_none_are_refused(known: tuple[Any, Any, Any], tmp_path: Path, content: str) -> None:
    explainer, reference, _ = known
    attfind(explainer, reference, columns=np.array([LINEAR]), folder=tmp_path)
    (path,) = tmp_path.glob("*.seconds")
    path.write_text(content)
    with pytest.raises(DiscoveryError, match=r"\.seconds is damaged; delete it"):
        attfind(explainer, reference, columns=np.array([LINEAR]), folder=tmp_path)
    path.unlink()
    attfind(explainer, reference, columns=np.array([LINEAR]), folder=tmp_path)


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "other search", "huge", "not finite"])
def test_a_damaged_or_hostile_file_is_refused_with_one_sentence(
    known: tuple[Any, Any, Any], tmp_path: Path, damage: str
) -> None:
    explainer, reference, held_out = known
    attfind(explainer, reference, folder=tmp_path / "a")
    (path,) = (tmp_path / "a").glob("*.safetensors")
    whole = path.read_bytes()
    if damage == "other search":
        attfind(explainer, held_out, folder=tmp_path / "b")
        (other,) = (tmp_path / "b").glob("*.safetensors")
    content = {
        "cut": lambda: whole[: len(whole) // 2],
        "garbage": lambda: b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "empty": lambda: b"",
        "other search": lambda: other.read_bytes(),
        "huge": lambda: whole + bytes(10**6),
        "not finite": lambda: whole[:-64] + b"\xff" * 64,
    }[damage]()
    path.write_bytes(content)
    with pytest.raises(DiscoveryError, match=r"damaged or was not written by this search") as error:
        attfind(explainer, reference, folder=tmp_path / "a")
    assert "\n" not in str(error.value)
    assert path.read_bytes() == content  # not overwritten: it may be somebody's


def test_numbers_that_are_not_finite_are_refused(known: tuple[Any, Any, Any]) -> None:
    explainer, _, _ = known
    reference = make_reference(explainer, 8)
    network = explainer.classifier
    explainer.classifier = lambda x: network(x) / (x.mean() < -10)
    with pytest.raises(DiscoveryError, match="not finite"):
        attfind(explainer, reference)
