"""What comes out of a study: merged answers, the summary, tables, report and panels."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cli.report import message, out, show_progress, table
from napari_latent_explain.domain import StudyError, WrongUseError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.export import Exhibit
    from napari_latent_explain.review import Study
    from napari_latent_explain.review.merge import Chain
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["run_export", "run_merge", "run_summary"]

_SUFFIXES = {"png": ".png", "tiff": ".tiff", "pdf": ".pdf", "dicom": ".dcm"}
_KINDS = (*_SUFFIXES, "sr")


def _gathered(folder: Path, sources: list[Path], database: str | None) -> tuple[Study, dict[str, Chain]]:
    from napari_latent_explain.review import Study
    from napari_latent_explain.review.merge import gather

    study = Study.open(folder)
    places: list[Path | str] = [*sources, *([database] if database else [])]
    if not places and (folder / "raters").is_dir():
        places = [folder / "raters"]
    chains = gather(study, places)
    if not chains:
        msg = f"There are no answers to the study in {folder} yet; review the study first, or name the raters' files."
        raise StudyError(msg)
    return study, chains


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def run_merge(folder: Path, sources: list[Path], output: Path, *, database: str | None, as_json: bool) -> None:
    """Merge and say what there is.

    Raises
    ------
    StudyError
        See `review.merge.merge`.
    """
    from napari_latent_explain.review import Study
    from napari_latent_explain.review.merge import audit_head, merge

    places: list[Path | str] = [*sources, *([database] if database else [])] or [folder / "raters"]
    chains = merge(Study.open(folder), places, output)
    counts = {rater: len(records) for rater, records in chains.items()}
    if as_json:
        out(json.dumps({"output": str(output), "records": counts, "audit_head": audit_head(chains)}))
        return
    for rater, records in counts.items():
        out(f"{rater}: {records} records, head {chains[rater][-1].seal[:16]}")
    out(f"Merged into {output}; head of all {audit_head(chains)}")


def run_summary(
    folder: Path,
    sources: list[Path],
    *,
    database: str | None,
    atlas: Path | None,
    model: Path | None,
    made_with: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Print the summary, and write the atlas with what was validated, if asked for.

    Raises
    ------
    StudyError
        If the answers can't be read, or the atlas is another one than the study's.
    """
    from napari_latent_explain.review.merge import audit_head
    from napari_latent_explain.review.summary import summarise

    study, chains = _gathered(folder, sources, database)
    found = summarise(study, chains, _now(), seed=seed)
    if atlas is not None:
        _write_atlas(study, found, model, made_with, atlas)
    if as_json:
        out(json.dumps(found.model_dump(mode="json") | {"audit_head": audit_head(chains)}))
        return
    _print(found, audit_head(chains))
    if atlas is not None:
        out(f"Atlas: {atlas}")


def _write_atlas(study: Study, found: StudySummary, model: Path | None, made_with: Path | None, path: Path) -> None:
    from napari_latent_explain.export.atomic import write_atomically
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.atlas_file import with_atlas
    from napari_latent_explain.review import atlas_hash

    explainer = load_explainer(model, "cpu")
    if explainer.identity.sha256 != study.model.sha256:
        msg = f"The study was made with another model ({study.model.name}, {study.model.sha256[:12]}); name it with --model."
        raise StudyError(msg)
    if made_with is not None:
        explainer = with_atlas(explainer, made_with)
    if atlas_hash(explainer.atlas) != study.atlas:
        msg = f"The study was made with other directions (atlas {study.atlas[:12]}); name their file with --made-with."
        raise StudyError(msg)
    validated = {one.direction: one.validated for one in found.directions if one.validated is not None}
    tree = explainer.atlas.validated(validated).model_dump_json(indent=1)
    write_atomically(path, (tree + "\n").encode())


def _number(value: float | None, interval: tuple[float, float] | None, otherwise: str) -> str:
    if value is None:
        return otherwise
    return f"{value:.2f}" + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval is not None else "")


def _print(found: StudySummary, head: str) -> None:
    """Print the summary for a person."""
    t = found.trials
    out(f"{found.title} ({found.protocol}): {t.items} items of {t.cases} photographs")
    out(f"{t.locked} of {t.planned} trials judged: {t.first} first, {t.repeat} repeats, {t.catch} with nothing changed")
    raters = []
    for rater in found.raters:
        caught = _number(rater.catch.value, rater.catch.interval, "-") if rater.catch else "-"
        choice = rater.forced_choice.correct if rater.forced_choice else None
        right = _number(choice.value, choice.interval, choice.undefined) if choice else "-"
        seconds = "-" if rater.median_seconds is None else f"{rater.median_seconds:.0f}"
        raters.append((rater.rater, f"{rater.locked} of {rater.planned}", seconds, caught, right))
    columns = ("Rater", "Judged", "Median s", "Changes seen where there is none", "Photograph recognised")
    table("Raters", columns, raters)
    agreement = [
        (
            question.question,
            c.name,
            _number(c.value, c.interval, c.undefined),
            "-" if c.agreement is None else f"{100 * c.agreement:.0f} %",
        )
        for question in found.agreement
        for c in question.coefficients
        if not (question.question.startswith("findings: ") and c.undefined)  # findings that nobody named
    ]
    table("Agreement, over first judgements", ("Question", "Coefficient", "Value [95 %]", "Agree"), agreement)
    directions = []
    for one in found.directions:
        verdicts = ", ".join(f"{answer} {n}" for answer, n in one.answers.get("verdict", {}).items())
        called = "; ".join(f"{cluster.name} ({len(cluster.texts)})" for cluster in one.names)
        mark = one.validated.verdict if one.validated else f"no: {one.missing}" if one.missing else "-"
        directions.append((one.name or "whole counterfactual", str(one.trials), verdicts or "-", called or "-", mark))
    table("Directions", ("Direction", "Trials", "Verdicts", "Called", "Validated"), directions)
    out(f"Head of all answers: {head}")
    out("For research, not for diagnosis.")


def run_export(
    folder: Path,
    sources: list[Path],
    output: Path,
    *,
    database: str | None,
    panels: str,
    style: str,
    parquet: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Write everything that others need to check a study.

    Raises
    ------
    StudyError, ExportError
        If answers or records can't be read, or a file can't be written.
    WrongUseError
        If there is no such kind of panel.
    """
    from napari_latent_explain.export.atomic import write_atomically
    from napari_latent_explain.review.merge import audit_head
    from napari_latent_explain.review.report import write_study_report
    from napari_latent_explain.review.study_panels import study_exhibits
    from napari_latent_explain.review.summary import summarise
    from napari_latent_explain.review.tables import write_tables

    kinds = [kind.strip() for kind in panels.split(",") if kind.strip() not in ("", "none")]
    strange = [kind for kind in kinds if kind not in _KINDS]
    if strange:
        msg = f"There are no panels of the kind '{strange[0]}'; use {', '.join(_KINDS)} or none."
        raise WrongUseError(msg)
    study, chains = _gathered(folder, sources, database)
    found = summarise(study, chains, _now(), seed=seed)
    files = write_tables(study, chains, output, parquet=parquet)
    tree = found.model_dump(mode="json") | {"audit_head": audit_head(chains)}
    files["summary"] = write_atomically(output / "summary.json", (json.dumps(tree, indent=1) + "\n").encode())
    files["report"] = write_study_report(study, found, folder, output / "report.pdf")
    made: dict[str, Any] = {name: str(path) for name, path in files.items()}
    made["panels"] = []
    if kinds:
        validated = {one.direction: one.validated for one in found.directions if one.validated is not None}
        with show_progress("Panels") as progress:
            for number, (item, exhibit) in enumerate(study_exhibits(study, folder, chains, validated)):
                progress(item, number / len(study.items))
                for kind in kinds:
                    files_of = _panels(exhibit, output / "panels" / item, kind, style, found.at)
                    made["panels"] += [str(path) for path in files_of]
    if as_json:
        out(json.dumps(made))
        return
    for name in ("report", "summary", *sorted(set(files) - {"report", "summary"})):
        out(f"{name}: {made[name]}")
    if made["panels"]:
        out(f"panels: {len(made['panels'])} in {output / 'panels'}")
    message("For research, not for diagnosis.")


def _panels(exhibit: Exhibit, stem: Path, kind: str, style: str, made: datetime) -> tuple[Path, ...]:
    """Write one item in one format."""
    from napari_latent_explain.export import DicomContext, write_exhibits, write_report, write_secondary_capture

    if kind == "sr":
        return write_report(exhibit, stem, DicomContext(made=made))
    path = stem.with_name(stem.name + _SUFFIXES[kind])
    if kind == "dicom":
        return (write_secondary_capture(exhibit, path, DicomContext(made=made), style=style),)
    return write_exhibits([exhibit], path, style=style)
