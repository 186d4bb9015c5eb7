"""Explain photographs to files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_latent_explain.cli.report import message, out, show_progress
from napari_latent_explain.domain import LatentExplainError, PhotographError, SaliencyMethod, WrongUseError, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from napari_latent_explain.explain.frame import Frame
    from napari_latent_explain.fundus.sources import PhotographSource
    from napari_latent_explain.model import Explainer

__all__ = ["ExplainOptions", "explain_one", "explain_photographs", "saliency_methods", "target_index"]


def target_index(explainer: Explainer, name: str | None) -> int | None:
    """Turn a class name into its index; None stays None.

    Raises
    ------
    WrongUseError
        If the model has no such class.
    """
    if name is None:
        return None
    if name not in explainer.classes:
        msg = f"This model has no class '{name}'; its classes are: {', '.join(explainer.classes)}."
        raise WrongUseError(msg)
    return explainer.classes.index(name)


def saliency_methods(names: str | None) -> tuple[SaliencyMethod, ...]:
    """Turn names with commas between them into methods that can be used here, each once.

    Raises
    ------
    WrongUseError
        If there is no such method, or it needs a package that is not installed.
    """
    from napari_latent_explain.explain import require_saliency

    known = {str(method): method for method in SaliencyMethod}
    wanted = list(dict.fromkeys(name.strip() for name in (names or "").split(",") if name.strip()))
    for name in wanted:
        if name not in known:
            msg = f"There is no saliency method '{name}'; the methods are: {', '.join(known)}."
            raise WrongUseError(msg)
        require_saliency(known[name])
    return tuple(known[name] for name in wanted)


def _named(source: PhotographSource, number: int, *, name_files: bool) -> str:
    """What a photograph is called in messages: by its place in the command, unless names of files may be told."""
    return source.name if name_files else f"photograph {number}"


@dataclass(frozen=True)
class ExplainOptions:
    """What is wanted of each photograph: see the options of ``latent-explain explain``."""

    target: int | None = None
    seed: int = 0
    full_size: bool = True
    saliency: tuple[SaliencyMethod, ...] = ()
    probability: float | None = None
    answers: int = 1
    checks: bool = True
    outlines: Path | None = None
    keep_surround: bool = False
    strip: bool = False
    name_files: bool = False


def explain_one(
    explainer: Explainer, source: PhotographSource, output: Path, options: ExplainOptions, number: int = 1
) -> dict[str, Any]:
    """Explain one photograph, the `number`-th, and write its files; return its JSON tree.

    Raises
    ------
    LatentExplainError
        If the photograph is refused or a file can't be written.
    """
    from napari_latent_explain.explain import explain_photograph
    from napari_latent_explain.explain.dose_strip import draw_strip
    from napari_latent_explain.export import case_folder, record_json, write_record
    from napari_latent_explain.fundus import read_outlines

    with show_progress(_named(source, number, name_files=options.name_files)) as progress:
        photograph = source.read()
        outlines = read_outlines(options.outlines, photograph) if options.outlines is not None else {}
        explanation = explain_photograph(
            explainer, photograph, target=options.target, seed=options.seed, progress=progress
        )
        others: Sequence[Frame] = ()
        if options.answers > 1:
            found = explanation.find_alternatives(options.answers, progress, probability=options.probability)
            first, others = found[0], found[1:]
        else:
            first = explanation.find_counterfactual(progress, probability=options.probability)
        explanation.accept(first)
        dose = explanation.dose_response() if options.checks and first.edit else None
        checked = explanation.check(options.seed, progress) if options.checks else None
        maps = [explanation.saliency_map(method, progress) for method in options.saliency]
        strip = draw_strip(explanation, first.edit, progress) if options.strip else None
    record = explanation.record(
        dose_response=dose,
        faithfulness=checked,
        alternatives=others,
        overlap=explanation.overlap(explanation.locate(outlines)),
    )
    whole = explanation.full_size() if options.full_size else None
    folder = output / case_folder(photograph.sha256)
    files = write_record(
        record, folder, full_size=whole, saliency=maps, strip=strip, keep_surround=options.keep_surround
    )
    return record_json(record, files)


def _summary(tree: dict[str, Any]) -> str:
    target = tree["counterfactual"]["target"]
    index = tree["classes"].index(target)
    p = tree["probabilities"]
    moved = len(tree["counterfactual"]["edits"])
    lines = [
        (
            f"{tree['photograph']}: '{target}' {percent(p['original'][index])} in the photograph, "
            f"{percent(p['reconstruction'][index])} in the reconstruction, "
            f"{percent(p['counterfactual'][index])} in the counterfactual."
        ),
        (
            f"  laterality {tree['laterality']['eye'] or 'unknown'} ({tree['laterality']['source']}), "
            f"{moved} direction{'' if moved == 1 else 's'} moved, decision "
            f"{'changes' if tree['counterfactual']['flipped'] else 'does not change'}, "
            f"{percent(tree['counterfactual']['changed_area_fraction'])} of the field changes."
        ),
    ]
    if tree["counterfactual"]["note"]:
        lines.append(f"  note: {tree['counterfactual']['note']}")
    controls = tree["counterfactual"]["faithfulness"]
    if controls is not None:
        lines.append(
            f"  controls: {'passed' if controls['passed'] else 'NOT passed: ' + ', '.join(controls['failed'])}"
        )
        if controls["second_before"] is not None:
            second = [percent(controls[f"second_{when}"]) for when in ("before", "after")]
            lines.append(
                f"  an independent classifier: '{target}' {second[0]} in the photograph, {second[1]} in the counterfactual"
            )
    lines += [
        f"  inside {one['kind']}: {one['enrichment']:.1f} times the change of its area's share (AUC {one['auc']:.2f})"
        for one in tree["counterfactual"]["lesion_overlap"]
    ]
    lines += [
        f"  another answer: {', '.join(other['edits'])}; '{target}' {percent(other['probabilities'][index])}"
        for other in tree["alternatives"]
    ]
    lines.append(f"  panel: {tree['files']['panel']}")
    lines.append("  Synthetic pictures: for research, not for diagnosis.")
    return "\n".join(lines)


class _NotThereError(PhotographError):
    """A path of the command that does not exist: its message holds no more than what was typed."""


def _sources(paths: list[Path]) -> Iterator[tuple[PhotographSource, LatentExplainError | None]]:
    """Every frame of every photograph that the paths stand for; or a path that stands for none, with the reason."""
    from napari_latent_explain.fundus.sources import FileSource, every_frame, photograph_sources

    for path in paths:
        if not path.exists():
            msg = f"There is no file '{path}': check the name."
            yield FileSource(path.name, path), _NotThereError(msg)
            continue
        try:
            found = photograph_sources(path)
            if not found:
                msg = f"There is no photograph in '{path}': name one with JPEG, PNG, TIFF or DICOM files."
                raise PhotographError(msg)
        except PhotographError as error:
            yield FileSource(path.name, path), error
            continue
        for source in found:
            for frame in every_frame(source):
                yield frame, None


def explain_photographs(
    photographs: list[Path],
    output: Path,
    *,
    as_json: bool = False,
    model: Path | None = None,
    device: str = "auto",
    target: str | None = None,
    saliency: str | None = None,
    atlas: Path | None = None,
    options: ExplainOptions | None = None,
) -> int:
    """Explain each photograph of files, folders, zip archives, DICOMDIRs and CSV lists; return the exit code.

    0 if all are done, 1 if some are refused.

    Raises
    ------
    WrongUseError
        If there is no such class or saliency method, or the probability to reach lies outside 0 to 1.
    BundleError
        If the model or the atlas is refused.
    """
    from napari_latent_explain.model import load_explainer

    options = options or ExplainOptions()
    if options.probability is not None and not 0 < options.probability < 1:
        msg = f"A probability to reach lies between 0 and 1, not at {options.probability}."
        raise WrongUseError(msg)
    explainer = load_explainer(model, device)
    if atlas is not None:
        from napari_latent_explain.model.atlas_file import with_atlas

        explainer = with_atlas(explainer, atlas)
    options = replace(options, target=target_index(explainer, target), saliency=saliency_methods(saliency))
    refused = nameless = 0
    for number, (source, refusal) in enumerate(_sources(photographs), 1):
        try:
            if refusal is not None:
                raise refusal
            tree = explain_one(explainer, source, output, options, number)
        except LatentExplainError as error:
            refused += 1
            called = _named(source, number, name_files=options.name_files)
            told = options.name_files or isinstance(error, _NotThereError)
            nameless += not told
            said = str(error) if told else source.unnamed(str(error), called)
            tree = {"photograph": called, "number": number, "error": said}
            message(f"{called}: {said}")
            if as_json:
                out(json.dumps(tree))
            continue
        out(json.dumps(tree | {"number": number}) if as_json else _summary(tree))
    if nameless:
        message("With --name-files, refused photographs are named by their files (which may hold patients' names).")
    return 1 if refused else 0
