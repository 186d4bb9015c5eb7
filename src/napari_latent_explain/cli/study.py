"""What the commands under ``study`` do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_latent_explain.cli.report import message, out, show_progress
from napari_latent_explain.domain import StudyError, WrongUseError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run_create", "run_review"]


def _all_photographs(paths: list[Path]) -> list[Path]:
    from napari_latent_explain.cohort import photographs_in

    found: list[Path] = []
    for path in paths:
        found += photographs_in(path) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def run_create(
    folder: Path,
    photographs: list[Path],
    *,
    protocol: str,
    title: str,
    raters: str,
    directions: int,
    chosen: tuple[str, ...],
    target: str | None,
    size: int,
    model: Path | None,
    atlas: Path | None,
    device: str,
    seed: int,
    as_json: bool,
) -> None:
    """Make a study and say what is in it.

    Raises
    ------
    LatentExplainError
        If it can't be made; see `cohort.study_making.make_study` and `model.atlas_file.with_atlas`.
    """
    from napari_latent_explain.review import load_protocol, trials_of
    from napari_latent_explain.review.study import raters_problem, title_problem

    how = load_protocol(protocol)  # before anything slow
    if (folder / "study.json").exists():
        msg = f"There is a study in {folder} already; choose another folder."
        raise StudyError(msg)
    names = tuple(name.strip() for name in raters.split(",") if name.strip())
    if problem := raters_problem(names) or title_problem(title or how.title):
        raise StudyError(problem)
    from napari_latent_explain.cli.explain import target_index
    from napari_latent_explain.cohort.study_making import StudyPlan, make_study
    from napari_latent_explain.model import load_explainer
    from napari_latent_explain.model.atlas_file import with_atlas

    explainer = load_explainer(model, device)
    if atlas is not None:
        explainer = with_atlas(explainer, atlas)
    plan = StudyPlan(
        title or how.title,
        how,
        names,
        directions,
        chosen,
        target_index(explainer, target),
        display_size=size,
        seed=seed,
    )
    created = datetime.now(UTC).replace(microsecond=0)
    with show_progress("Study") as progress:
        made, left_out = make_study(
            explainer, _all_photographs(photographs), folder, plan, created=created, progress=progress
        )
    trials = len(trials_of(made, names[0] if names else "anyone"))
    cases = len({item.photograph for item in made.items})
    if as_json:
        tree = {
            "study": str(folder), "sha256": made.sha256, "protocol": how.name, "photographs": cases,
            "items": len(made.items), "trials": trials, "raters": list(names), "left_out": left_out,
        }  # fmt: skip
        out(json.dumps(tree))
        return
    out(f"Study '{made.title}' in {folder}: {len(made.items)} items of {cases} photographs, {trials} trials a rater.")
    for path, why in left_out.items():
        message(f"Left out: {path}: {why}")
    out(f"Review it with: latent-explain study review {folder} --rater {names[0] if names else 'PSEUDONYM'}")


def run_review(folder: Path, rater: str, database: str | None) -> None:
    """Open the window of a review.

    Raises
    ------
    StudyError
        If the study or the answers can't be opened.
    WrongUseError
        If there is no display.
    """
    from napari_latent_explain.cli.demo import has_display
    from napari_latent_explain.review import RatingStore, Study, rater_file

    study = Study.open(folder)
    RatingStore.open(database or rater_file(folder, rater), study, rater).close()  # what is wrong is said here
    if not has_display():
        msg = "Reviewing needs a display; there is none here."
        raise WrongUseError(msg)
    import napari

    viewer = napari.Viewer(title=f"{study.title} - review")
    _, widget = viewer.window.add_plugin_dock_widget("napari-latent-explain", "Review a study")
    widget.begin(folder, rater, database or "")
    napari.run()
