"""What the commands under ``archive`` do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from napari_latent_explain.cli.report import message, out, show_progress, table
from napari_latent_explain.cohort.dicomweb import (
    Archive,
    ArchiveLimits,
    Credentials,
    Search,
    fetch,
    read_archive_address,
    search,
    store,
)
from napari_latent_explain.domain import WrongUseError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.cohort.dicomweb import ArchivedPhotograph, Stored

__all__ = ["opened", "run_fetch", "run_list", "run_store", "wanted"]


def opened(
    address: str,
    credentials: Path | None,
    *,
    login: bool,
    ca: Path | None,
    unencrypted: bool,
    tries: int,
    seconds: float,
    most_mib: int = 256,
) -> Archive:
    """The archive that the options name.

    Raises
    ------
    ArchiveError
        If address, credentials or certificates can't be used, or dicomweb-client is not installed.
    """
    place = read_archive_address(address, unencrypted=unencrypted)
    limits = ArchiveLimits(tries=tries, seconds=seconds, instance_bytes=most_mib * 2**20)
    if credentials is not None:
        who = Credentials.of_file(credentials)
    elif login:
        user = typer.prompt("User", err=True)
        who = Credentials.of_user(user, typer.prompt("Password", hide_input=True, err=True))
    else:
        who = Credentials.of_environment()
    return Archive(place, who, limits, ca)


def wanted(date: str, study: str, bits: int | None, patient_id: str, accession: str) -> Search:
    """What the options look for.

    Raises
    ------
    WrongUseError
        If they make no sense.
    """
    return Search(date=date, study=study, bits=bits, patient=patient_id, accession=accession)


def run_list(archive: Archive, what: Search, *, offset: int, limit: int, as_json: bool) -> None:
    """List photographs.

    Raises
    ------
    ArchiveError
        If the archive can't be used.
    """
    with show_progress("Listing") as progress:
        found = list(search(archive, what, offset=offset, limit=limit, progress=progress))
    if as_json:
        out(json.dumps([one.model_dump() for one in found]))
        return
    table(
        f"{len(found)} photographs",
        ("Study date", "Eye", "Bits", "Rows x columns", "Frames", "Instance UID"),
        [
            (one.date, one.eye, str(one.bits), _size(one), str(one.frames), one.instance)
            for one in found
        ],
    )  # fmt: skip
    if len(found) == limit:
        message(f"There may be more than {limit}; use --limit, and --offset to pass over some.")


def _size(one: ArchivedPhotograph) -> str:
    return f"{one.rows} x {one.columns}" if one.rows and one.columns else ""


def run_fetch(archive: Archive, what: Search, folder: Path, *, offset: int, limit: int | None, as_json: bool) -> int:
    """Fetch photographs and say what became of them; return the exit code (0 all there, 1 some not).

    Raises
    ------
    ArchiveError
        If the archive can't be used any more.
    ExportError
        If the folder can't be written.
    """
    with show_progress("Fetching") as progress:
        photographs = search(archive, what, offset=offset, limit=limit, progress=progress)
        done = fetch(archive, photographs, folder, progress=progress)
    if as_json:
        tree: dict[str, object] = {"folder": str(folder)}
        for name in ("new", "kept", "refused", "failed"):
            tree[name] = [row.model_dump() for row in getattr(done, name)]
        out(json.dumps(tree))
    else:
        out(f"{folder}: {len(done.new)} photographs fetched, {len(done.kept)} there already")
    for row in done.refused:
        message(f"Refused: {row.instance}: {row.why}")
    for row in done.failed:
        message(f"Not fetched, and asked for again next time: {row.instance}: {row.why}")
    return 1 if done.refused or done.failed else 0


def run_store(archive: Archive, paths: list[Path], *, new_studies: bool, name_files: bool, as_json: bool) -> int:
    """Store files and say what became of each; return the exit code (0 all as sent, 1 some not).

    Raises
    ------
    WrongUseError
        If there is no file.
    ArchiveError
        If the archive can't be used any more.
    """
    files = [file for path in paths for file in (sorted(path.rglob("*.dcm")) if path.is_dir() else [path])]
    if not files:
        msg = "There is no DICOM file (*.dcm) in the folders that were given; export some with --format dicom or sr."
        raise WrongUseError(msg)
    bad = 0
    with show_progress("Storing") as progress:
        for number, one in enumerate(store(archive, files, new_studies=new_studies, progress=progress), 1):
            bad += one.state not in ("stored", "there already")
            _say(one, str(one.path) if name_files else f"file {number}", as_json=as_json)
    if bad:
        message(f"{bad} of {len(files)} files are not in the archive as they were sent.")
    return 1 if bad else 0


def _say(one: Stored, name: str, *, as_json: bool) -> None:
    added = [found.where for found in one.differences if found.added]
    if as_json:
        tree = {"file": name, "state": one.state, "study": one.study, "instance": one.instance}
        told = [{"kind": found.kind, "where": found.where} for found in one.differences]
        out(json.dumps(tree | {"why": one.why, "warnings": list(one.warnings), "differences": told}))
        return
    out(f"{name}: {one.state}")
    if one.why:
        message(f"{name}: {one.why}")
    for warning in one.warnings:
        message(f"{name}: the archive says: {warning}")
    if added:
        message(f"{name}: the archive added {', '.join(added)}")
