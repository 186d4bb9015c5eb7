"""The sentences of a panel: what was decided, moved, controlled and judged, the same in every style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import percent
from napari_latent_explain.export.mark_signs import SIGNS

if TYPE_CHECKING:
    from napari_latent_explain.domain import CounterfactualRecord, Faithfulness, StyleDirection
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = [
    "controls",
    "decision",
    "effect",
    "eye",
    "finding_lines",
    "percent",
    "probability_rows",
    "strength_unit",
    "validated",
]


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


def strength_unit(record: CounterfactualRecord) -> str:
    """In what the strengths of the moved directions are."""
    moved = [d for d in record.directions if d.id in record.edit.strengths]
    eyes, taught = "standard deviations of real eyes", "units of what the attribute was taught"
    if moved and all(d.taught for d in moved):
        return f"strength in {taught}"
    return f"strength in {eyes}" + (f", of attributes in {taught}" if any(d.taught for d in moved) else "")


def validated(direction: StyleDirection | None) -> str:
    """What a study found of a direction; empty before one."""
    if direction is None or direction.validation is None:
        return ""
    found = direction.validation
    return f"validated: {found.verdict} ({found.agreeing} of {found.ratings})"


def controls(found: Faithfulness) -> str:
    """The controls in one line."""
    share, moves = found.random_share, found.random_effects
    parts = [f"{round(share * len(moves))} of {len(moves)} random moves of equal energy do less"]
    for name, effects in found.control_effects.items():
        less = round(found.control_share.get(name, 0.0) * len(effects))
        parts.append(f"{less} of {len(effects)} {name} heads are moved less")
    left = [f"{percent(kept)} after {name}" for name, kept in found.kept.items()]
    parts.append(f"of the effect stay {', '.join(left)}")
    gone = percent(found.reversal) if found.reversal > 0 else "nothing"
    parts.append(f"encoded anew and moved back, {gone} of it is taken back")
    if found.second_before is not None and found.second_after is not None:
        parts.append(
            f"an independent classifier goes from {percent(found.second_before)} to {percent(found.second_after)}"
        )
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
