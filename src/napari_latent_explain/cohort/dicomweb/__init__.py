"""A clinic's archive that speaks DICOMweb: which photographs it has, fetching them, and storing what was derived from them."""

# What is imported here needs neither torch nor an extra; dicomweb-client and pydicom are wanted once an `Archive` is made.

from napari_latent_explain.cohort.dicomweb.address import ArchiveAddress, read_archive_address
from napari_latent_explain.cohort.dicomweb.archive import Archive
from napari_latent_explain.cohort.dicomweb.comparing import Difference, differences
from napari_latent_explain.cohort.dicomweb.credentials import Credentials
from napari_latent_explain.cohort.dicomweb.errors import AnswerError, ArchiveError, UnreachableError
from napari_latent_explain.cohort.dicomweb.fetched_table import MANIFEST, FetchedRow, RefusedRow
from napari_latent_explain.cohort.dicomweb.fetching import Fetched, fetch
from napari_latent_explain.cohort.dicomweb.limits import ArchiveLimits
from napari_latent_explain.cohort.dicomweb.listing import ArchivedPhotograph, Search, search
from napari_latent_explain.cohort.dicomweb.storing import Stored, store

__all__ = [
    "MANIFEST",
    "AnswerError",
    "Archive",
    "ArchiveAddress",
    "ArchiveError",
    "ArchiveLimits",
    "ArchivedPhotograph",
    "Credentials",
    "Difference",
    "Fetched",
    "FetchedRow",
    "RefusedRow",
    "Search",
    "Stored",
    "UnreachableError",
    "differences",
    "fetch",
    "read_archive_address",
    "search",
    "store",
]
