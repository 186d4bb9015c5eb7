"""Attributes that a classifier's own opinion teaches, beside those that have a name."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_latent_explain.domain import Cancelled, TrainingError, silent
from napari_latent_explain.model import Explainer, load_explainer
from napari_latent_explain.model.encoder import opinion
from napari_latent_explain.train.answers import AnswersRecipe, teach_answers, with_fresh_attributes
from napari_latent_explain.train.critic import Critic
from napari_latent_explain.train.judges import Judges, described
from napari_latent_explain.train.photographs import PhotographSet

ROOT = Path(__file__).resolve().parents[1]
RECIPE = AnswersRecipe(attributes=2, steps=4, batch=4)


@pytest.fixture
def base(tmp_path: Path) -> Explainer:
    sys.path.insert(0, str(ROOT))
    from small_model import write_small_bundle

    return load_explainer(
        write_small_bundle(tmp_path / "base", attributes=3, names=("spots", "", "rings"), everywhere=True), "cpu"
    )


@pytest.fixture
def photographs() -> PhotographSet:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (24, 1, 1, 3)) + rng.integers(-30, 30, (24, 32, 32, 3))
    pictures = np.clip(pictures, 0, 255).astype(np.uint8)
    return PhotographSet(tuple(map(str, range(24))), pictures, np.ones((24, 32, 32), bool), np.full(24, -1))


def _by_redness(x: Tensor) -> tuple[list[Tensor], Tensor]:
    """A classifier that looks at nothing but red, beside maps of three scales."""
    maps = [torch.nn.functional.avg_pool2d(x, k) for k in (2, 4, 8)]
    odds = 4 * x[:, 0].mean(dim=(1, 2))
    return maps, torch.stack([-odds, odds], dim=1)


def _move(drawn, told, x: Tensor, wanted: Tensor) -> Tensor:
    own, structure = told.describe(x)
    ws = told.styles(own, x.new_zeros(len(x), 0), x.new_zeros(len(x), 0))
    moved = told.attributes(own, opinion(wanted) - opinion(_by_redness(x)[1].softmax(dim=1)))
    return drawn(ws, moved, structure) - drawn(ws, 0 * moved, structure)


def test_named_attributes_stay_and_the_others_make_way(base: Explainer) -> None:
    drawn, told = with_fresh_attributes(base.generator, base.encoder, 2, 4, seed=0)
    assert drawn.config.attribute_names == ("spots", "rings", "", "", "", "")
    assert told.config.attributes == drawn.config.attributes == 6
    directions = drawn.attribute_directions()
    torch.testing.assert_close(directions[:2], base.generator.attribute_directions()[[0, 2]])
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    own, structure = told.describe(x)
    torch.testing.assert_close(structure, base.encoder.describe(x)[1])
    asked = told.attributes(own, torch.tensor([[1.0, -1.0], [-2.0, 2.0]]))
    assert (asked[:, :2] == 0).all()
    assert (asked[:, 2:] != 0).any()
    ws = torch.ones(1, drawn.style_layer_count, 8)
    one = base.generator(ws, torch.tensor([[0.0, 0, 2]]), structure[:1])
    two = drawn(ws, torch.tensor([[0.0, 2, 0, 0, 0, 0]]), structure[:1])
    torch.testing.assert_close(one, two)


def test_attributes_of_one_resolution_each_are_refused(tmp_path: Path) -> None:
    from small_model import write_small_bundle

    other = load_explainer(write_small_bundle(tmp_path / "other", attributes=3, names=("spots", "", "rings")), "cpu")
    with pytest.raises(TrainingError, match="attributes_everywhere"):
        with_fresh_attributes(other.generator, other.encoder, 2, 2, seed=0)


def test_what_is_learned_changes_the_classifier_s_mind_and_tints_by_no_colour_layer(
    base: Explainer, photographs: PhotographSet
) -> None:
    drawn, told = with_fresh_attributes(base.generator, base.encoder, 2, 2, seed=0)
    before = drawn.attributes.detach().clone()
    x = torch.from_numpy(photographs.pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    seen = _by_redness(x)[1]
    towards = torch.sign(seen[:, 0] - seen[:, 1])

    def pull() -> float:
        with torch.no_grad():
            after = _by_redness(x + _move(drawn, told, x, seen.softmax(dim=1).flip(1)))[1]
        return float((towards * ((after - seen)[:, 1] - (after - seen)[:, 0])).mean())

    first = pull()
    recipe = RECIPE.replace(steps=60, rate=5e-3, tint=0.0, closeness=0.0, evenness=0.0)
    history = teach_answers(drawn, told, _by_redness, photographs, recipe, 0, silent)
    assert pull() > first + 0.5
    assert [row["step"] for row in history] == [0, 20, 40, 59]
    assert torch.equal(drawn.attributes[:2], before[:2])
    assert (told.gains.weight[: 2 * 2] == 0).all()  # nobody asks the named ones
    start = 0
    for layer in drawn.layout.layers[:-1]:
        columns = drawn.attributes[2:, start : start + layer.channels]
        assert (columns == 0).all() == ("torgb" in layer.name), layer.name
        start += layer.channels
    assert not drawn.attributes.requires_grad
    assert not any(parameter.requires_grad for parameter in told.parameters())


@pytest.mark.parametrize("adversary", [0.0, 0.1])
def test_a_stopped_teaching_goes_on_as_if_it_had_not_been(
    base: Explainer, photographs: PhotographSet, tmp_path: Path, adversary: float
) -> None:
    recipe = RECIPE.replace(adversary=adversary)

    def taught(progress, folder: Path | None) -> Tensor:
        drawn, told = with_fresh_attributes(base.generator, base.encoder, 2, 2, seed=0)
        teach_answers(drawn, told, _by_redness, photographs, recipe, 0, progress, folder)
        return torch.cat([drawn.attributes.flatten(), told.gains.weight.flatten()])

    def stop(what: str, done: float) -> None:
        if "2/4" in what:
            raise Cancelled(what)

    whole = taught(silent, None)
    with pytest.raises(Cancelled):
        taught(stop, tmp_path / "answers")
    assert torch.equal(taught(silent, tmp_path / "answers"), whole)
    drawn, told = with_fresh_attributes(base.generator, base.encoder, 2, 2, seed=0)
    other = recipe.replace(tint=0.0)
    with pytest.raises(TrainingError, match="another recipe"):
        teach_answers(drawn, told, _by_redness, photographs, other, 0, silent, tmp_path / "answers")


def test_a_classifier_that_always_decides_the_same_is_refused(base: Explainer, photographs: PhotographSet) -> None:
    drawn, told = with_fresh_attributes(base.generator, base.encoder, 2, 2, seed=0)

    def stubborn(x: Tensor) -> tuple[list[Tensor], Tensor]:
        return _by_redness(x)[0], torch.tensor([[0.0, 1.0]]).expand(len(x), -1)

    with pytest.raises(TrainingError, match="the same way"):
        teach_answers(drawn, told, stubborn, photographs, RECIPE, 0, silent)


def test_judges_say_what_the_classifier_says_from_features_of_their_own() -> None:
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(200, 40, generator=rng)
    decisions = (features[:, :20].sum(dim=1) > 0).long()
    judges = Judges.of(features, decisions, 2, seed=0)
    heard = judges.weight != 0
    assert heard.any(dim=1).all()
    assert not torch.equal(heard[0], heard[1])
    odds = features @ judges.weight.T + judges.bias
    assert (((odds.mean(dim=1) > 0).long() == decisions).float().mean()) > 0.8
    wanted = torch.nn.functional.one_hot(decisions, 2).float().clamp(0.03, 0.97)
    assert judges.distance(features, wanted) < judges.distance(features, wanted.flip(1))
    for some, classes in ((decisions, 3), (torch.zeros_like(decisions), 2)):
        none = Judges.of(features, some, classes, seed=0)
        assert not len(none.weight)
        assert none.distance(features, wanted) == 0


def test_features_are_those_of_all_maps() -> None:
    maps = [torch.randn(2, c, 4, 4) for c in (3, 5)]
    assert described(maps).shape == (2, 5 + 3 + 5)


def test_a_critic_learns_what_gives_composites_away_and_of_which_class_they_should_be() -> None:
    random = torch.Generator().manual_seed(0)
    critic = Critic([3, 5], 2, torch.device("cpu"))
    classes = torch.nn.functional.one_hot(torch.arange(32) % 2, 2).float()

    def maps(marked: float) -> list[Tensor]:
        """Those of class 1 are brighter; `marked` stands in one channel of composites."""
        drawn = [torch.randn(32, c, 6, 6, generator=random) + 2 * classes[:, 1, None, None, None] for c in (3, 5)]
        drawn[1][:, 4] += marked
        return drawn

    first = critic.praise(maps(3.0), classes)
    for _ in range(60):
        critic.learn(maps(0.0), classes, maps(3.0), classes)
    assert critic.praise(maps(0.0), classes) > critic.praise(maps(3.0), classes) + 0.5
    assert critic.praise(maps(0.0), classes) > critic.praise(maps(0.0), classes.flip(1)) + 0.5
    assert abs(float(first)) < 1
    made = [m.requires_grad_() for m in maps(3.0)]
    critic.praise(made, classes).backward()
    assert all(m.grad is not None and m.grad.abs().sum() > 0 for m in made)


def test_an_adversary_takes_part_in_what_is_learned(base: Explainer, photographs: PhotographSet) -> None:
    found = []
    for adversary in (0.0, 1.0):
        drawn, told = with_fresh_attributes(base.generator, base.encoder, 2, 2, seed=0)
        history = teach_answers(drawn, told, _by_redness, photographs, RECIPE.replace(adversary=adversary), 0, silent)
        assert ("adversary" in history[-1]) == bool(adversary)
        found.append(drawn.attributes.clone())
    assert not torch.equal(*found)
