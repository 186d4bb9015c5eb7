"""Export what `latent-explain explain` wrote, without the model."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_latent_explain.cli.report import message, out
from napari_latent_explain.domain import ExportError, LatentExplainError, WrongUseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydicom import Dataset

    from napari_latent_explain.export import Exhibit

__all__ = ["ExportOptions", "export_records"]


@dataclass(frozen=True)
class ExportOptions:
    """What is wanted: see the options of ``latent-explain export``."""

    style: str = "slide"
    format: str = "png"
    case: str = ""
    reverse: Path | None = None
    findings: Path | None = None
    spacing: float | None = None
    audit_head: str = ""
    date: str = ""
    reference: Path | None = None
    keep_patient: bool = False
    certificate: Path | None = None
    key: Path | None = None

    @property
    def about_one(self) -> tuple[str, ...]:
        """Options that are given and belong to one photograph."""
        given = {
            "--case": self.case, "--reverse": self.reverse, "--findings": self.findings, "--spacing": self.spacing,
            "--reference": self.reference,
        }  # fmt: skip
        return tuple(name for name, value in given.items() if value not in ("", None))


def _exhibit(folder: Path, options: ExportOptions) -> Exhibit:
    """Read a record's folder, with what stands beside it."""
    from napari_latent_explain.export import Exhibit, read_findings, read_record

    record = read_record(folder)
    reverse = read_record(options.reverse) if options.reverse is not None else None
    findings = read_findings(options.findings) if options.findings is not None else ()
    return Exhibit(
        record, reverse=reverse, findings=findings, spacing=options.spacing, case=options.case or record.name,
        audit_head=options.audit_head,
    )  # fmt: skip


def _made(options: ExportOptions) -> datetime.datetime | None:
    if not options.date:
        return None
    try:
        return datetime.datetime.fromisoformat(options.date)
    except ValueError as error:
        msg = f"'{options.date}' is no date such as 2026-11-25 or 2026-11-25T14:30:00."
        raise WrongUseError(msg) from error


def _reference(path: Path | None) -> Dataset | None:
    """The data set of the photograph's own DICOM file, without its pixels."""
    if path is None:
        return None
    from napari_latent_explain.export.dicom_identity import require_dicom

    require_dicom()
    from pydicom import dcmread

    try:
        return dcmread(path, stop_before_pixels=True)
    except Exception as error:  # pydicom raises many kinds on damaged files
        msg = f"The reference can't be read as DICOM ({type(error).__name__}); give the photograph's own DICOM file."
        raise ExportError(msg) from error


def _signed(files: tuple[Path, ...], options: ExportOptions) -> tuple[Path, ...]:
    """The same files, signed if that is asked for."""
    from napari_latent_explain.export import sign_panel

    if options.certificate is not None and options.key is not None:
        for path in files:
            sign_panel(path, options.certificate, options.key)
    return files


def _panel(folder: Path, exhibit: Exhibit, target: Path, options: ExportOptions) -> tuple[Path, ...]:
    from napari_latent_explain.export import write_exhibits

    return write_exhibits([exhibit], target / f"panel_{options.style}.{options.format}", style=options.style)


def _moving(folder: Path, exhibit: Exhibit, target: Path, options: ExportOptions) -> tuple[Path, ...]:
    from napari_latent_explain.export import read_strip, write_strip

    return (write_strip(exhibit, read_strip(folder), target / f"strip.{options.format}"),)


def _dicom(folder: Path, exhibit: Exhibit, target: Path, options: ExportOptions) -> tuple[Path, ...]:
    from napari_latent_explain.export import DicomContext, write_secondary_capture

    context = DicomContext(_made(options), _reference(options.reference), options.keep_patient)
    return (write_secondary_capture(exhibit, target / f"panel_{options.style}.dcm", context, style=options.style),)


def _report(folder: Path, exhibit: Exhibit, target: Path, options: ExportOptions) -> tuple[Path, ...]:
    from napari_latent_explain.export import DicomContext, write_report

    context = DicomContext(_made(options), _reference(options.reference), options.keep_patient)
    return write_report(exhibit, target, context)


_ONE_BY_ONE: Mapping[str, Callable[[Path, Exhibit, Path, ExportOptions], tuple[Path, ...]]] = {
    "png": _panel,
    "tiff": _panel,
    "pdf": _panel,
    "apng": _moving,
    "webp": _moving,
    "mp4": _moving,
    "dicom": _dicom,
    "sr": _report,
}


def export_records(folders: list[Path], output: Path, options: ExportOptions, *, as_json: bool = False) -> int:
    """Export each record; return the exit code (0 all done, 1 some refused).

    A contact sheet is one file of all records that can be read; everything else is a folder for each.

    Raises
    ------
    WrongUseError
        If there is no such style or format, or an option that belongs to one photograph is given for several.
    """
    from napari_latent_explain.export import STYLES, case_folder, write_exhibits

    for kind, given, known in (("style", options.style, STYLES), ("format", options.format, _ONE_BY_ONE)):
        if given not in known:
            msg = f"There is no {kind} '{given}'; use {', '.join(known)}."
            raise WrongUseError(msg)
    if len(folders) > 1 and options.about_one:
        msg = f"{options.about_one[0]} belongs to one photograph; export that one alone."
        raise WrongUseError(msg)
    if (options.certificate is None) != (options.key is None):
        msg = "Signing needs both --certificate and --key."
        raise WrongUseError(msg)
    if options.key is not None and options.format not in ("png", "tiff", "webp", "mp4"):
        msg = f"{options.format} files can't be signed; png, tiff, webp and mp4 can."
        raise WrongUseError(msg)
    _made(options)
    together = options.style == "sheet" and _ONE_BY_ONE[options.format] is _panel
    refused = 0
    shown: list[Exhibit] = []
    taken: Counter[str] = Counter()
    for folder in folders:
        try:
            exhibit = _exhibit(folder, options)
            shown.append(exhibit)
            if together:
                continue
            name = case_folder(exhibit.record.sha256)
            taken[name] += 1  # several records of one photograph do not meet
            target = output / (name if taken[name] == 1 else f"{name}-{taken[name]}")
            files = _signed(_ONE_BY_ONE[options.format](folder, exhibit, target, options), options)
        except LatentExplainError as error:
            refused += 1
            message(f"{folder}: {error}")
            if as_json:
                out(json.dumps({"record": str(folder), "error": str(error)}))
            continue
        _say({"record": str(folder), "case": exhibit.label}, files, as_json=as_json)
    if together and shown:
        files = _signed(write_exhibits(shown, output / f"contact_sheet.{options.format}", style=options.style), options)
        _say({"cases": [one.label for one in shown]}, files, as_json=as_json)
    if refused:
        message(f"{refused} of {len(folders)} records were refused.")
    return 1 if refused else 0


def _say(tree: dict[str, object], files: tuple[Path, ...], *, as_json: bool) -> None:
    """Name what was written."""
    if as_json:
        out(json.dumps(tree | {"files": [str(path) for path in files]}))
    else:
        for path in files:
            out(str(path))
