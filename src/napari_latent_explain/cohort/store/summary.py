"""What a cohort says as a whole, worked out shard by shard."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.cohort.store.store import CohortStore

__all__ = ["GroupSummary", "summarise"]

_BINS = 10_000
_MOST_LABELS = 50
_MOST_REASONS = 20

INVERTED = ["sha256", "outcome", "why", "decision", "reconstructed_decision", "gap", "l1", "quality"]
ANSWERED = [
    "sha256", "outcome", "why", "target", "reached", "flipped", "changed_area", "second_before", "second_after",
    "controls_failed",
]  # fmt: skip


class _Spread:
    """Median and mean of numbers in [0, 1], in as much memory as 10,000 of them take: exact to half of 0.0001."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(_BINS, np.int64)

    def add(self, value: float | None) -> None:
        if value is not None:
            self.counts[min(_BINS - 1, max(0, int(value * _BINS)))] += 1

    @property
    def median(self) -> float | None:
        total = int(self.counts.sum())
        if not total:
            return None
        cumulated = np.cumsum(self.counts)
        low, high = (int(np.searchsorted(cumulated, rank + 1)) for rank in ((total - 1) // 2, total // 2))
        return round((low + high + 1) / 2 / _BINS, 6)


@dataclass
class GroupSummary:
    """Counts of one group of photographs, by its label or all of them."""

    photographs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    agree: int = 0
    gap: _Spread = field(default_factory=_Spread)
    l1: _Spread = field(default_factory=_Spread)
    flagged: int = 0
    searched: int = 0
    reached: int = 0
    flipped: int = 0
    towards: Counter[str] = field(default_factory=Counter)
    flipped_towards: Counter[str] = field(default_factory=Counter)
    area: _Spread = field(default_factory=_Spread)
    second: int = 0
    second_follows: int = 0
    checked: int = 0
    passed: int = 0

    def inverted(self, row: dict[str, Any]) -> None:
        """Count an inversion."""
        self.outcomes[row["outcome"]] += 1
        if row["outcome"] != "done":
            return
        self.decisions[row["decision"]] += 1
        self.agree += row["decision"] == row["reconstructed_decision"]
        self.gap.add(row["gap"])
        self.l1.add(row["l1"])
        self.flagged += bool(row["quality"])

    def answered(self, row: dict[str, Any]) -> None:
        """Count a counterfactual."""
        if row["outcome"] != "done":
            return
        self.searched += 1
        self.reached += row["reached"]
        self.flipped += row["flipped"]
        self.towards[row["target"]] += 1
        self.flipped_towards[row["target"]] += row["flipped"]
        if row["flipped"]:
            self.area.add(row["changed_area"])
            if row["second_before"] is not None:
                self.second += 1
                self.second_follows += row["second_after"] > row["second_before"]
        if row["controls_failed"] is not None:
            self.checked += 1
            self.passed += not row["controls_failed"]

    def tree(self) -> dict[str, Any]:
        """Return the figures as JSON; shares are None where there is nothing to share."""
        done = self.outcomes["done"]
        found: dict[str, Any] = {
            "photographs": self.photographs,
            "outcomes": dict(sorted(self.outcomes.items())),
            "decisions": dict(sorted(self.decisions.items())),
            "decision_agreement": _share(self.agree, done),
            "median_gap": self.gap.median,
            "median_l1": self.l1.median,
            "flagged_quality": _share(self.flagged, done),
        }
        if self.searched:
            found["counterfactuals"] = {
                "searched": self.searched,
                "reached": _share(self.reached, self.searched),
                "flip_rate": _share(self.flipped, self.searched),
                "flip_rate_towards": {
                    name: _share(self.flipped_towards[name], count) for name, count in sorted(self.towards.items())
                },
                "median_changed_area": self.area.median,
                "second_opinion_moves_along": _share(self.second_follows, self.second),
                "passes_controls": _share(self.passed, self.checked),
            }
        return found


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def summarise(store: CohortStore) -> dict[str, Any]:
    """Sum a cohort up: how far reconstructions are judged as photographs are, how many decisions flip, what was refused.

    Parameters
    ----------
    store : CohortStore
        Whose finished shards count; those that a run still works on do not.

    Returns
    -------
    dict
        JSON: ``model``, ``shards``, the figures of ``all`` photographs (see `GroupSummary.tree`), ``by_label`` where the list has
        labels (no more than 50), ``reasons`` of photographs that failed, by stage, and ``unread`` files. Each photograph counts
        once, with the label of the first of its files by name. Medians are exact to 0.00005.

    Notes
    -----
    Memory: the rows of one shard at a time, so that it does not grow with the cohort.
    """
    everyone, by_label = GroupSummary(), dict[str, GroupSummary]()
    reasons: dict[str, Counter[str]] = {"invert": Counter(), "counterfactual": Counter()}
    too_many = False
    for shard in store.shards:
        labels = {row["sha256"]: row["label"] for row in reversed(store.photographs(shard, ["sha256", "label"]))}
        groups: dict[str, tuple[GroupSummary, ...]] = {}
        for key, label in labels.items():
            own: tuple[GroupSummary, ...] = (everyone,)
            if label and (label in by_label or len(by_label) < _MOST_LABELS):
                own = (everyone, by_label.setdefault(label, GroupSummary()))
            too_many |= bool(label) and len(own) == 1
            groups[key] = own
            for group in own:
                group.photographs += 1
        for stage, columns in (("invert", INVERTED), ("counterfactual", ANSWERED)):
            for row in store.results(stage, shard, columns):
                for group in groups.get(row["sha256"], ()):
                    group.inverted(row) if stage == "invert" else group.answered(row)
                if row["outcome"] != "done" and row["sha256"] in groups:
                    reasons[stage][_few(reasons[stage], f"{row['outcome']}: {row['why']}")] += 1
    return {
        "model": {"name": store.state.name, "sha256": store.state.model, "classes": list(store.state.classes)},
        "shards": len(store.shards),
        "all": everyone.tree(),
        "by_label": {} if too_many else {label: group.tree() for label, group in sorted(by_label.items())},
        "reasons": {stage: dict(sorted(found.items())) for stage, found in reasons.items() if found},
        "unread": len(store.unread()),
    }


def _few(known: Counter[str], reason: str) -> str:
    return reason if reason in known or len(known) < _MOST_REASONS else "other reasons"
