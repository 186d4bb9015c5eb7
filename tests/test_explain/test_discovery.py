"""The direction search on a made-up model whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from known_causes import (
    ATTRIBUTE,
    CAUSES,
    LINEAR,
    SATURATED,
    STRUCTURE,
    TWIN,
    PatchClassifier,
    make_explainer,
    make_reference,
)
from known_causes import (
    LAYOUT as KNOWN,
)
from napari_latent_explain.domain import Cancelled, DirectionAtlas, DiscoveryError
from napari_latent_explain.explain.discovery import SearchSettings, discover, find_directions, run_discovery
from napari_latent_explain.explain.reference import ReferenceSet
from napari_latent_explain.latent import reconstruct
from napari_latent_explain.model.explainer import StyleStatistics
from napari_latent_explain.model.style_space import StyleLayer, StyleLayout

LAYOUT = StyleLayout((StyleLayer("first", 5), StyleLayer("second", 4)))
RED, GREEN = LAYOUT.column("first", 3), LAYOUT.column("second", 1)


def _synthesise(s: Tensor) -> Tensor:
    """Coordinate RED is the level of red, GREEN lowers green; the others do nothing."""
    levels = torch.stack([0.1 * s[:, RED], -0.1 * s[:, GREEN], 0 * s[:, 0]], dim=1)
    return levels[:, :, None, None].expand(-1, -1, 8, 8)


def _classify(x: Tensor) -> Tensor:
    """Likes red twice as much as green."""
    value = 20 * x[:, 0].mean(dim=(1, 2)) + 10 * x[:, 1].mean(dim=(1, 2))
    return torch.stack([torch.zeros_like(value), value - 3], dim=1)


@pytest.fixture
def model() -> tuple[Any, ReferenceSet]:
    codes = torch.randn(40, LAYOUT.size, generator=torch.Generator().manual_seed(0))
    explainer: Any = SimpleNamespace(
        layout=LAYOUT, device=torch.device("cpu"), classes=("no", "yes"), statistics=StyleStatistics.of(codes),
        generator=SimpleNamespace(synthesise=_synthesise, config=SimpleNamespace(attribute_names=())), classifier=_classify,
        resolution=8,
    )  # fmt: skip
    masks = torch.ones(40, 1, 8, 8)
    bases = reconstruct(explainer, codes, masks)
    return explainer, ReferenceSet(bases, masks, codes, bases, _classify(bases))


def test_the_causes_are_found_in_order_with_their_sense_and_nothing_else(model: tuple[Any, ReferenceSet]) -> None:
    explainer, reference = model
    halves = reference.take(torch.arange(20)), reference.take(torch.arange(20, 40))
    settings = SearchSettings(screened=18, selection=20, tested=18, kept=10, bootstrap=200)
    found = find_directions(explainer, *halves, 1, rng=np.random.default_rng(0), settings=settings)
    assert [(d.layer, d.channel, d.sign) for d in found] == [("first", 3, 1), ("second", 1, -1)]
    best = found[0]
    assert best.effect_logit_interval[0] <= best.effect_logit <= best.effect_logit_interval[1]
    assert best.held_out == len(halves[1].away_from(1))
    low, high = best.strength_range(0.0)
    assert low == pytest.approx(best.low / best.spread)
    assert high == pytest.approx(best.high / best.spread)


def test_towards_the_other_class_the_senses_turn_round(model: tuple[Any, ReferenceSet]) -> None:
    explainer, reference = model
    settings = SearchSettings(screened=18, selection=20, tested=18, bootstrap=200)

    def lenient(x: Tensor) -> Tensor:
        return _classify(x) + torch.tensor([0.0, 6.0])

    explainer.classifier = lenient
    lifted = ReferenceSet(
        reference.pictures, reference.masks, reference.codes, reference.bases, lenient(reference.bases)
    )
    found = find_directions(explainer, lifted, lifted, 0, rng=np.random.default_rng(0), settings=settings)
    assert [(d.layer, d.channel, d.sign) for d in found] == [("first", 3, -1), ("second", 1, 1)]


def test_no_photograph_of_the_other_class_no_direction(model: tuple[Any, ReferenceSet]) -> None:
    explainer, reference = model
    nobody = reference.take(torch.arange(0))
    assert find_directions(explainer, nobody, reference, 1, rng=np.random.default_rng(0)) == ()


def _columns(atlas: DirectionAtlas, target: int) -> list[tuple[int, int]]:
    return [(KNOWN.column(d.layer, d.channel), int(d.sign > 0)) for d in atlas.towards(target)]


def test_discovery_finds_the_causes_the_plateau_and_attributes_included_and_nothing_else(
    known: tuple[Any, Any, Any],
) -> None:
    atlas = discover(*known, rng=np.random.default_rng(0))
    assert set(_columns(atlas, 1)) == CAUSES
    assert set(_columns(atlas, 0)) == {(LINEAR, 0), (ATTRIBUTE, 1)}  # from the plateau there is no way down
    assert atlas.searched == 2 * KNOWN.size


def test_a_duplicate_is_merged_into_the_stronger(known: tuple[Any, Any, Any]) -> None:
    atlas = discover(*known, rng=np.random.default_rng(0))
    (linear,) = (d for d in atlas.towards(1) if KNOWN.column(d.layer, d.channel) == LINEAR)
    layer, channel = KNOWN.coordinate(TWIN)
    assert linear.merged == (f"{layer}:{channel}:+:1",)
    apart = discover(
        *known, rng=np.random.default_rng(0), settings=SearchSettings(screened=16, tested=16, duplicate=1.1)
    )
    assert (TWIN, 1) in _columns(apart, 1)


def test_every_direction_comes_with_its_evidence(known: tuple[Any, Any, Any]) -> None:
    explainer, _, held_out = known
    atlas = discover(*known, rng=np.random.default_rng(0))
    decided = held_out.logits.argmax(dim=1).tolist()
    for d in atlas.directions:
        assert d.effect_logit_interval[0] <= d.effect_logit <= d.effect_logit_interval[1]
        assert d.held_out == len(decided) - decided.count(d.target)
        assert d.stability is not None
        assert d.stability > 0.8
        assert d.off_target is not None
        assert dict(d.off_target.margins) == pytest.approx({explainer.classes[1 - d.target]: -d.effect_logit}, rel=1e-4)
        assert d.where is not None
        values = d.where.values()
        column = KNOWN.column(d.layer, d.channel)
        row, patch = divmod(column, 6)
        hot = np.argwhere(values > 0.5 * values.max()).mean(axis=0) / 32 * 6
        assert np.allclose(hot, (row + 0.4, patch + 0.4), atol=0.5), "it acts where its patch is"
        numbers = [int(e.photograph.removeprefix("eye_").removesuffix(".png")) for e in d.examples]
        assert all(decided[i] != d.target for i in numbers)
        assert all(e.after > e.before for e in d.examples)
        back = [int(e.photograph.removeprefix("eye_").removesuffix(".png")) for e in d.reverse_examples]
        assert all(decided[i] == d.target for i in back)
        assert d.reverse_effect_logit is not None
        assert d.reverse_effect_logit <= 0
    plateau = next(d for d in atlas.directions if KNOWN.column(d.layer, d.channel) == SATURATED)
    assert plateau.step == pytest.approx(2.0, abs=0.4)
    assert plateau.off_target is not None
    assert plateau.off_target.brightness == pytest.approx(0.5 * 1.1 / 2 / 36, rel=0.2)


def test_the_whole_search_says_what_it_is_worth(known: tuple[Any, Any, Any]) -> None:
    found = run_discovery(*known, rng=np.random.default_rng(0))
    for search in found.atlas.searches:
        assert search.explained == 1.0
        assert search.missed == 0
        assert 0 < search.missed_interval[1] < 2 * KNOWN.size
        assert search.false_discovery_rate is not None
        assert set(search.cover) <= {d.id for d in found.atlas.directions}
    assert dict(found.atlas.forwards) == found.ledger.forwards
    assert hash(found.atlas)
    assert DirectionAtlas.model_validate_json(found.atlas.model_dump_json()) == found.atlas


def _dense(seed: int, *, planted: bool) -> PatchClassifier:
    """Looks at all patches, at each as chance will have it; where something is planted, at one of them above all."""
    network = PatchClassifier(0.0)
    with torch.no_grad():
        drawn = torch.randn(network.head.weight.shape, generator=torch.Generator().manual_seed(seed))
        network.head.weight.copy_(drawn * (0.3 if planted else 3.0))
        if planted:
            network.head.weight[1, SATURATED] = 20.0
    return network


def test_the_false_discovery_rate_is_high_where_nothing_was_learned_and_low_for_a_planted_cause() -> None:
    of_nothing, of_cause = [], []
    for seed in range(4):
        for planted in (False, True):
            explainer = make_explainer(_dense(seed, planted=planted))
            photographs = make_reference(explainer, 60, 100 + seed), make_reference(explainer, 40, 200 + seed)
            atlas = discover(explainer, *photographs, rng=np.random.default_rng(seed))
            for d in atlas.towards(1):
                assert d.false_discovery_rate is not None
                if planted and KNOWN.column(d.layer, d.channel) == SATURATED:
                    of_cause.append(d.false_discovery_rate)
            if not planted:
                of_nothing += [search.false_discovery_rate for search in atlas.searches]
    assert np.mean(of_nothing) > 0.8
    assert of_cause == [0.0] * 4


def test_forwards_are_what_the_networks_were_asked(known: tuple[Any, Any, Any]) -> None:
    explainer, selection, held_out = known
    asked = {"forward": 0, "backward": 0}

    def counting(x: Tensor) -> Tensor:
        asked["forward"] += len(x)
        asked["backward"] += len(x) if x.requires_grad else 0
        return network(x)

    network, explainer.classifier = explainer.classifier, counting
    settings = SearchSettings(screened=20, tested=8, randomised=0)
    found = run_discovery(explainer, selection, held_out, rng=np.random.default_rng(0), settings=settings)
    assert found.ledger.total() == asked["forward"] + 2 * asked["backward"]
    asked["forward"] = 0
    find_directions(explainer, selection, held_out, 1, rng=np.random.default_rng(0))
    away, test = len(selection.away_from(1)), len(held_out.away_from(1))
    assert asked["forward"] <= away + 2 * away + 96 * 24 + 24 * test


def test_the_same_seed_gives_the_same_atlas_and_structure_is_left_alone(known: tuple[Any, Any, Any]) -> None:
    explainer, selection, held_out = known
    structures = torch.cat([r.codes[:, KNOWN.size :] for r in (selection, held_out)])
    synthesise = explainer.generator.synthesise

    def watched(code: Tensor) -> Tensor:
        distances = torch.cdist(code[:, -STRUCTURE:].detach(), structures, compute_mode="donot_use_mm_for_euclid_dist")
        assert (distances.amin(dim=1) == 0).all()
        return synthesise(code)

    explainer.generator.synthesise = watched
    first = discover(*known, rng=np.random.default_rng(4))
    assert discover(*known, rng=np.random.default_rng(4)) == first


def test_photographs_that_are_measured_on_do_not_change_what_is_chosen(known: tuple[Any, Any, Any]) -> None:
    explainer, selection, held_out = known
    few = SearchSettings(kept=1)
    chosen = find_directions(explainer, selection, held_out, 1, rng=np.random.default_rng(0), settings=few)
    half = held_out.take(torch.arange(20))
    again = find_directions(explainer, selection, half, 1, rng=np.random.default_rng(0), settings=few)
    assert [d.id for d in again] == [d.id for d in chosen]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda x, network: network(x) * float("nan"), "not finite"),
        (lambda x, network: 0 * network(x) + torch.tensor([0.0, 1.0]), "constant"),
        (
            lambda x, network: network(x) + torch.tensor([100.0, 0.0]),
            "All 60 selection photographs are decided as 'no'",
        ),
        (lambda x, network: network(x) * torch.where(x.mean() < -10, 1.0, float("inf")), "not finite"),
    ],
    ids=["nan", "constant", "one class", "infinite"],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(spoil: Any, sentence: str) -> None:
    explainer = make_explainer()
    network = explainer.classifier
    explainer.classifier = lambda x: spoil(x, network)
    photographs = make_reference(explainer), make_reference(explainer, 40, 3)
    with pytest.raises(DiscoveryError, match=sentence) as error:
        discover(explainer, *photographs, rng=np.random.default_rng(0))
    assert "\n" not in str(error.value)


def test_nan_that_only_moves_bring_out_is_refused(known: tuple[Any, Any, Any]) -> None:
    explainer, selection, held_out = known
    network, high = explainer.classifier, float(selection.pictures.amax())
    explainer.classifier = lambda x: network(x) / (x.amax() <= high)  # brighter than any photograph: 1/0
    with pytest.raises(DiscoveryError, match="not finite"):
        discover(explainer, selection, held_out, rng=np.random.default_rng(0))


def test_where_no_photograph_crosses_there_is_no_atlas(known: tuple[Any, Any, Any]) -> None:
    explainer, selection, held_out = known
    network = explainer.classifier

    def stubborn(x: Tensor) -> Tensor:
        """Far from the boundary on the side that the structure says, with the real classifier's slopes."""
        side = 100 * x[:, 0, -1, -1].sign()
        return network(x) + torch.stack([-side, side], dim=1)

    explainer.classifier = stubborn
    remade = [replace(part, logits=stubborn(part.pictures)) for part in (selection, held_out)]
    with pytest.raises(DiscoveryError, match="none of the 40 held-out photographs changes its decision"):
        discover(explainer, *remade, rng=np.random.default_rng(0))


def test_cancel_stops_at_once(known: tuple[Any, Any, Any]) -> None:
    told: list[float] = []

    def stop(what: str, done: float) -> None:
        told.append(done)
        if done > 0.3:
            raise Cancelled(what)

    with pytest.raises(Cancelled):
        discover(*known, rng=np.random.default_rng(0), progress=stop)
    assert told == sorted(told)


def test_without_a_linear_layer_the_false_discovery_rate_is_not_known(known: tuple[Any, Any, Any]) -> None:
    explainer, selection, held_out = known
    network = PatchClassifier()
    explainer.classifier = lambda x: network(x)
    atlas = discover(explainer, selection, held_out, rng=np.random.default_rng(0))
    assert all(search.false_discovery_rate is None for search in atlas.searches)
