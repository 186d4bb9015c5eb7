"""Say what a cohort's store holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cli.report import out, table
from napari_latent_explain.domain import percent

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_cohort_failures", "run_cohort_summary"]


def _percent(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _row(name: str, tree: dict[str, Any]) -> list[str]:
    answers = tree.get("counterfactuals", {})
    outcomes = tree["outcomes"]
    return [
        name, str(tree["photographs"]), str(outcomes.get("done", 0)),
        str(sum(count for outcome, count in outcomes.items() if outcome != "done")),
        _percent(tree["decision_agreement"]), _number(tree["median_gap"]), _percent(answers.get("flip_rate")),
        _percent(answers.get("second_opinion_moves_along")),
    ]  # fmt: skip


def run_cohort_summary(folder: Path, *, as_json: bool) -> None:
    """Print the figures of a store, or their JSON.

    Raises
    ------
    ProjectError
        If there is none, or it is damaged.
    """
    from napari_latent_explain.cohort.store import CohortStore
    from napari_latent_explain.cohort.store.summary import summarise

    tree = summarise(CohortStore.read(folder))
    if as_json:
        out(json.dumps(tree))
        return
    columns = (
        "", "listed", "inverted", "failed", "agree", "median |dp|", "flip", "second moves along",
    )  # fmt: skip
    groups = {"all": tree["all"], **{f"'{label}'": group for label, group in tree["by_label"].items()}}
    table(f"Cohort, model {tree['model']['name']}", columns, (_row(name, group) for name, group in groups.items()))
    for name, rate in tree["all"].get("counterfactuals", {}).get("flip_rate_towards", {}).items():
        out(f"Towards '{name}': {_percent(rate)} flip.")
    for stage, reasons in tree["reasons"].items():
        for reason, count in reasons.items():
            out(f"{stage}, {count} times {reason}")
    if tree["unread"]:
        out(f"{tree['unread']} files could not be read.")


def run_cohort_failures(folder: Path, *, name_files: bool, as_json: bool) -> None:
    """Print the photographs that are not done, by hash, or by name if `name_files`; or their JSON.

    Raises
    ------
    ProjectError
        If there is no store, or it is damaged.
    """
    from napari_latent_explain.cohort.store import CohortStore

    store = CohortStore.read(folder)
    found: list[dict[str, Any]] = []
    for stage in store.state.stages:
        found += [{"stage": stage, **row} for row in store.failures(stage)]
    if name_files:
        names: dict[str, list[str]] = {}
        for shard in {store.shard_of(row["sha256"]) for row in found}:
            for row in store.photographs(shard, ["sha256", "name"]):
                names.setdefault(row["sha256"], []).append(row["name"])
        found = [{**row, "files": names.get(row["sha256"], [])} for row in found]
    for number, row in enumerate(store.unread(), 1):
        known = {"stage": "list", "sha256": "", "outcome": "unread"}
        said = {"why": row["why"], "files": [row["name"]]} if name_files else {"why": f"File {number} can't be read."}
        found.append(known | said)
    if not found and not as_json:
        out(f"Nothing failed in {folder}.")
    for row in found:
        if as_json:
            out(json.dumps(row))
        else:
            called = ", ".join(row.get("files", ())) or row["sha256"][:16]
            out(f"{row['stage']}, {row['outcome']}{', ' if called else ''}{called}: {row['why']}")
