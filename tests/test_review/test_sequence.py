"""Orders: everything once, catch trials and repeats where they belong, the same everywhere."""

from __future__ import annotations

from collections import Counter

from napari_latent_explain.review import Role, trials_of
from napari_latent_explain.review.shown import pictures_of, reveal


def test_every_item_once_and_the_promised_extras(study):
    trials = trials_of(study, "r1")
    kinds = Counter(trial.kind for trial in trials)
    assert kinds == {"first": 20, "catch": 2, "repeat": 3}
    assert sorted(t.item for t in trials if t.kind == "first") == sorted(item.id for item in study.items)
    assert [t.number for t in trials] == list(range(1, 26))


def test_repeats_come_well_after_their_first(make, tmp_path):
    study = make(tmp_path, photographs=6, directions=6, repeat_share=0.2)
    for rater in ("a", "b", "c"):
        trials = trials_of(study, rater)
        first = {t.item: t.number for t in trials if t.kind == "first"}
        gaps = [t.number - first[t.item] for t in trials if t.kind == "repeat"]
        assert len(gaps) == 7
        assert min(gaps) >= len(trials) // 8


def test_the_order_is_a_raters_own_and_always_the_same(study):
    one, other = trials_of(study, "r1"), trials_of(study, "r2")
    assert one == trials_of(study, "r1")
    assert [t.item for t in one] != [t.item for t in other]
    assert one != trials_of(study.replace(seed=4), "r1")


def test_sides_are_turned_round_about_half_the_time(make, tmp_path):
    study = make(tmp_path, photographs=100, protocol="realism-2afc")
    swapped = [t.swapped for r in "abcde" for t in trials_of(study, r)]
    assert 0.4 < sum(swapped) / len(swapped) < 0.6


def test_three_pictures_keep_the_photograph_in_the_middle(study):
    for trial in trials_of(study, "r1"):
        shown = pictures_of(study, trial)
        assert shown[1].role is Role.ORIGINAL
        assert [s.label for s in shown] == ["A", "Photograph", "C"]
        ends = [shown[0].role, shown[2].role]
        assert ends == ([Role.MORE, Role.LESS] if trial.swapped else [Role.LESS, Role.MORE])


def test_a_catch_trial_shows_photographs_alone(study, make, tmp_path):
    for one in (study, make(tmp_path / "2afc", photographs=20, protocol="realism-2afc")):
        originals = {item.pictures[Role.ORIGINAL].sha256: item for item in one.items}
        catches = [t for t in trials_of(one, "r1") if t.kind == "catch"]
        assert catches
        for trial in catches:
            seen = [originals[s.picture.sha256] for s in pictures_of(one, trial)]
            if one.protocol.forced_choice:  # two eyes, of the same side
                assert seen[0].photograph != seen[1].photograph
                assert seen[0].laterality is seen[1].laterality
            assert reveal(one, trial).direction == "nothing was changed"


def test_after_a_washout_repeats_are_a_series_of_their_own(make, tmp_path):
    study = make(tmp_path, washout_days=14)
    trials = trials_of(study, "r1")
    assert [t.series for t in trials] == [1] * 22 + [2] * 3
    assert all((t.kind == "repeat") == (t.series == 2) for t in trials)
