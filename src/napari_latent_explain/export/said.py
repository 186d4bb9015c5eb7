"""The sentences of a panel: what was decided, moved, controlled and judged, the same in every style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import percent
from napari_latent_explain.export.mark_signs import SIGNS

if TYPE_CHECKING:
    from napari_latent_explain.domain import CounterfactualRecord, Faithfulness, StyleDirection
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["controls", "decision", "effect", "eye", "finding_lines", "percent", "probability_rows", "validated"]


def eye(record: CounterfactualRecord) -> str:
    """Which eye it is."""
    return record.laterality.eye.value if record.laterality.eye else "laterality unknown"


def decision(record: CounterfactualRecord) -> str:
    """Whether the classifier changes its mind."""
    changes = "changes" if record.flipped else "does not change"
    return f"The classifier's decision {changes} to '{record.classes[record.target]}'."


def effect(direction: StyleDirection) -> str:
    """Mean effect of a direction on held-out photographs, with its 95 % interval."""
    low, high = direction.effect_logit_interval
    return f"mean effect {direction.effect_logit:+.2f} log odds [{low:+.2f}, {high:+.2f}], n = {direction.held_out}"


def validated(direction: StyleDirection | None) -> str:
    """What a study found of a direction; empty before one."""
    if direction is None or direction.validation is None:
        return ""
    found = direction.validation
    return f"validated: {found.verdict} ({found.agreeing} of {found.ratings})"


def controls(found: Faithfulness) -> str:
    """The controls in one line."""
    parts = [f"random moves of equal energy do less in {percent(found.random_share)}"]
    parts += [f"{name} heads in {percent(share)}" for name, share in found.control_share.items()]
    parts += [f"left after {name} {percent(share)}" for name, share in found.kept.items()]
    parts.append(f"taken back {percent(found.reversal)}")
    if found.second_before is not None and found.second_after is not None:
        parts.append(f"an independent classifier {percent(found.second_before)} to {percent(found.second_after)}")
    verdict = "passed" if found.passed else "NOT passed (" + ", ".join(found.failed) + ")"
    return f"Controls {verdict}: " + ", ".join(parts) + "."


def probability_rows(exhibit: Exhibit) -> list[tuple[str, float, tuple[float, float] | None, bool]]:
    """Probability of the target in each picture: (its name, value, interval if known, whether it is a counterfactual)."""
    record, target = exhibit.record, exhibit.record.target
    p, known = record.probabilities, exhibit.intervals
    rows = [
        ("photograph", p.original[target], known.get("photograph"), False),
        ("reconstruction", p.reconstruction[target], known.get("reconstruction"), False),
        ("counterfactual", p.counterfactual[target], known.get("counterfactual"), True),
    ]
    if exhibit.reverse is not None:
        rows.append(("the other way", exhibit.reverse.probabilities.counterfactual[target], known.get("reverse"), True))
    return rows


def finding_lines(exhibit: Exhibit) -> list[str]:
    """What raters marked and judged: their sign and verdict, then each mark with its number."""
    lines = []
    numbered = list(exhibit.numbered())
    for index, found in enumerate(exhibit.findings):
        sign = SIGNS[index % len(SIGNS)].name
        own = [(number, mark) for number, at, _, mark in numbered if at == index]
        lines.append(f"{found.rater} ({sign}): {found.verdict or 'no verdict'}")
        lines += [f"   {number}: {mark.note or ('a point' if mark.is_point else 'a box')}" for number, mark in own]
    return lines
