"""The commands under ``archive`` and their options."""

from pathlib import Path
from typing import Annotated

import typer

from napari_latent_explain.cli.options import Json

__all__ = ["archive"]

archive = typer.Typer(
    no_args_is_help=True,
    help="Photographs from a clinic's archive that speaks DICOMweb, and what was derived from them back into it. "
    "User and password come from LATENT_EXPLAIN_ARCHIVE_USER and LATENT_EXPLAIN_ARCHIVE_PASSWORD (or a token from "
    "LATENT_EXPLAIN_ARCHIVE_TOKEN), from --credentials, or are asked for with --login.",
)

Address = Annotated[str, typer.Argument(help="Such as https://pacs.example.org/dicom-web.", metavar="URL")]
CredentialsFile = Annotated[
    Path | None,
    typer.Option("--credentials", help="File with the line user:password, or Bearer TOKEN; readable by you alone."),
]
Login = Annotated[bool, typer.Option("--login", help="Ask for user and password.")]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", help="PEM file: who has to have signed the archive's certificate (default: the system's)."),
]
Unencrypted = Annotated[
    bool, typer.Option("--unencrypted", help="Speak http:// to another machine: all on the network can read it.")
]
Tries = Annotated[int, typer.Option(min=1, help="How often a question is put when the archive is busy or not there.")]
MostMib = Annotated[int, typer.Option(min=1, help="Largest photograph or object in MiB.")]
Seconds = Annotated[float, typer.Option(min=0.1, help="Longest time for one answer.")]
Date = Annotated[str, typer.Option(help="Day of the study, 20260131, or a span of days, 20260101-20260331.")]
Study = Annotated[str, typer.Option(help="Study Instance UID.")]
Bits = Annotated[int | None, typer.Option(help="8 or 16 bits a channel (default: both).")]
PatientId = Annotated[
    str, typer.Option(help="Patient ID; it stays in your shell's history, and the archive may log it.")
]
Accession = Annotated[str, typer.Option(help="Accession Number.")]
Offset = Annotated[int, typer.Option(min=0, help="Entries of the archive's list to pass over.")]


@archive.command("list")
def list_photographs(
    address: Address,
    as_json: Json = False,
    date: Date = "",
    study: Study = "",
    bits: Bits = None,
    patient_id: PatientId = "",
    accession: Accession = "",
    offset: Offset = 0,
    limit: Annotated[int, typer.Option(min=1, help="Photographs to list at most.")] = 100,
    credentials: CredentialsFile = None,
    login: Login = False,
    ca: Ca = None,
    unencrypted: Unencrypted = False,
    tries: Tries = 4,
    seconds: Seconds = 300.0,
) -> None:
    """List fundus photographs: Ophthalmic Photography, 8 and 16 Bit; without whose they are."""
    from napari_latent_explain.cli.archive import opened, run_list, wanted

    run_list(
        opened(address, credentials, login=login, ca=ca, unencrypted=unencrypted, tries=tries, seconds=seconds),
        wanted(date, study, bits, patient_id, accession),
        offset=offset,
        limit=limit,
        as_json=as_json,
    )


@archive.command("fetch")
def fetch_photographs(
    address: Address,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder; a stopped fetch goes on there.")],
    as_json: Json = False,
    date: Date = "",
    study: Study = "",
    bits: Bits = None,
    patient_id: PatientId = "",
    accession: Accession = "",
    offset: Offset = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Photographs at most (default: all).")] = None,
    credentials: CredentialsFile = None,
    login: Login = False,
    ca: Ca = None,
    unencrypted: Unencrypted = False,
    tries: Tries = 4,
    seconds: Seconds = 300.0,
    most_mib: MostMib = 256,
) -> None:
    """Fetch fundus photographs to files that are named by hashes, and a table that says which is which.

    The folder can be given to `explain`. Files are as the archive keeps them: they name their patients inside.
    """
    from napari_latent_explain.cli.archive import opened, run_fetch, wanted

    asked = opened(
        address, credentials, login=login, ca=ca, unencrypted=unencrypted, tries=tries, seconds=seconds, most_mib=most_mib
    )  # fmt: skip
    what = wanted(date, study, bits, patient_id, accession)
    raise typer.Exit(run_fetch(asked, what, output, offset=offset, limit=limit, as_json=as_json))


@archive.command("store")
def store_objects(
    address: Address,
    files: Annotated[
        list[Path], typer.Argument(help="DICOM files, or folders of them, as `export` wrote.", metavar="FILE...")
    ],
    as_json: Json = False,
    new_studies: Annotated[
        bool, typer.Option("--new-studies", help="Also store what is of studies that the archive doesn't have.")
    ] = False,
    name_files: Annotated[
        bool, typer.Option(help="Name files by their paths, which may hold patients' names.")
    ] = False,
    credentials: CredentialsFile = None,
    login: Login = False,
    ca: Ca = None,
    unencrypted: Unencrypted = False,
    tries: Tries = 4,
    seconds: Seconds = 300.0,
    most_mib: MostMib = 256,
) -> None:
    """Store DICOM files under their photographs' studies; each is read back and compared.

    Export them with --reference (the fetched file) and --keep-patient. Nothing is stored twice.
    """
    from napari_latent_explain.cli.archive import opened, run_store

    asked = opened(
        address, credentials, login=login, ca=ca, unencrypted=unencrypted, tries=tries, seconds=seconds, most_mib=most_mib
    )  # fmt: skip
    raise typer.Exit(run_store(asked, files, new_studies=new_studies, name_files=name_files, as_json=as_json))
