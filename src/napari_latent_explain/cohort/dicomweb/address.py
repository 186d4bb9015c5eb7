"""The address of an archive: what it may say, and what to call it."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from napari_latent_explain.cohort.dicomweb.errors import ArchiveError

__all__ = ["ArchiveAddress", "read_archive_address"]

_EXAMPLE = "https://pacs.example.org/dicom-web"


class ArchiveAddress(NamedTuple):
    """Where a DICOMweb service is; it never holds a user or a password.

    Parameters
    ----------
    encrypted : bool
        Whether it is spoken to by TLS.
    host, port : str, int
        The machine (an IPv6 address without brackets) and its port.
    path : str
        Under which the service lies there, such as ``/dicom-web``; empty, or with a leading and no trailing slash.
    """

    encrypted: bool
    host: str
    port: int
    path: str

    @property
    def place(self) -> str:
        """Host and port, as messages name it."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def base(self) -> str:
        """The address that DICOMweb's own paths are put behind."""
        return f"{'https' if self.encrypted else 'http'}://{self.place}{self.path}"


def read_archive_address(address: str, *, unencrypted: bool = False) -> ArchiveAddress:
    """Read an address such as ``https://pacs.example.org/dicom-web``.

    Parameters
    ----------
    address : str
        With ``https``; with ``http`` only if it is this machine's own.
    unencrypted : bool
        Whether ``http`` may be spoken to other machines too: patients' data then go through the network for all to read.

    Raises
    ------
    ArchiveError
        If it can't be read, has a user or password in it, or would send patients' data in the clear. The address is not
        repeated: it may have a password.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host or not address.isascii() or not address.isprintable():
        msg = f"The address of the archive can't be read; it looks like {_EXAMPLE}."
        raise ArchiveError(msg)
    if "@" in parts.netloc:
        msg = (
            "The address of the archive has a user or password in it, and addresses are kept and shown; "
            "give those in the environment, in a file, or when asked (see --help)."
        )
        raise ArchiveError(msg)
    if parts.query or parts.fragment or "?" in address or "#" in address or " " in address:
        msg = f"The address of the archive ends with its path, without ? or #; it looks like {_EXAMPLE}."
        raise ArchiveError(msg)
    encrypted = parts.scheme == "https"
    if not (encrypted or unencrypted or _is_here(host)):
        msg = (
            "The address of the archive begins with http://, so that patients' data and the password would go through "
            "the network for all to read; use https://, or say that it may be unencrypted (--unencrypted)."
        )
        raise ArchiveError(msg)
    return ArchiveAddress(encrypted, host, port or (443 if encrypted else 80), parts.path.rstrip("/"))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
