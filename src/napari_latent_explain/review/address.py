"""The address of a site's database: what it may say, how it is encrypted, and what to call it without a password."""

from __future__ import annotations

import ipaddress
import os
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from napari_latent_explain.domain import StudyError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SECONDS", "SiteAddress", "is_address", "place_name", "read_address"]

SECONDS = 10.0
"""How long a server may take to be reached, and then for any one answer."""

_OPTIONS = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_EXAMPLE = "postgresql://user@host/name"


class SiteAddress(NamedTuple):
    """Where a server is.

    Parameters
    ----------
    url : sqlalchemy.engine.URL
        For SQLAlchemy with pg8000; shows stars for the password.
    arguments : dict
        What pg8000 is told beside it: encryption, socket, time.
    """

    url: URL
    arguments: dict[str, Any]


def is_address(where: Path | str) -> bool:
    """Whether it is a database's address, not a file."""
    return "://" in str(where)


def place_name(where: Path | str) -> str:
    """What to call a file or database in messages: never with a password, whatever is wrong with the address."""
    if not is_address(where):
        return str(where)
    try:
        url = make_url(str(where))
    except (ArgumentError, ValueError):
        return "The database"
    port = f":{url.port}" if url.port else ""
    host = (url.host or "this machine").rsplit("@", 1)[-1]  # a password may have an @ of its own
    return f"{host}{port}/{url.database or ''}"


def read_address(address: str) -> SiteAddress:
    """Read an address such as ``postgresql://user@host/name?sslmode=verify-full``.

    The options are those of PostgreSQL's own programs: ``sslmode``, ``sslrootcert`` (a file, or ``system``), ``sslcert``
    and ``sslkey``, and ``host`` for the folder of a Unix socket. Without ``sslmode``: ``verify-full`` if there is an
    ``sslrootcert``; else ``require`` for another machine, ``prefer`` for this one. A password that is not in the address
    is taken from the environment variable ``PGPASSWORD``.

    Raises
    ------
    StudyError
        If it can't be read, or asks for what there is not. The address is not repeated: it may have a password.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        msg = f"The address of the database can't be read; it looks like {_EXAMPLE}."
        raise StudyError(msg) from None  # what was raised may quote the password
    if url.get_backend_name() not in ("postgresql", "postgres"):
        msg = f"Answers are kept in a file or in PostgreSQL, not in {url.get_backend_name()}."
        raise StudyError(msg)
    if "@" in (url.host or ""):
        msg = "The address of the database has more than one @; write %40 for one that is part of the password."
        raise StudyError(msg)
    if not (url.username and url.database):
        msg = f"The address of the database names no {'name' if url.username else 'user'}; it looks like {_EXAMPLE}."
        raise StudyError(msg)
    options = {key: value if isinstance(value, str) else value[-1] for key, value in url.query.items()}
    for key in options:
        if key not in _OPTIONS:
            msg = f"The address of the database has the option '{key}', which is not known; known are {', '.join(_OPTIONS)}."
            raise StudyError(msg)
    folder = options.get("host", "")
    password = url.password if url.password is not None else os.environ.get("PGPASSWORD", "")
    arguments: dict[str, Any] = {"timeout": SECONDS, "application_name": "napari-latent-explain"}
    if folder.startswith("/"):
        arguments |= {"unix_sock": f"{folder}/.s.PGSQL.{url.port or 5432}", "ssl_context": False}
    else:
        url = url.set(host=folder or url.host or "localhost")
        arguments["ssl_context"] = _encryption(str(url.host), options)
    return SiteAddress(url.set(drivername="postgresql+pg8000", password=password, query={}), arguments)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _encryption(host: str, options: dict[str, str]) -> ssl.SSLContext | bool | None:
    """What pg8000 calls the modes: False for none, None for "if there is", True for "but from anyone"."""
    root = options.get("sslrootcert", "")
    mode = options.get("sslmode") or ("verify-full" if root else "prefer" if _is_here(host) else "require")
    if mode not in _MODES:
        msg = f"'{mode}' is no sslmode; known are {', '.join(_MODES)}."
        raise StudyError(msg)
    certificate = options.get("sslcert")
    if mode == "disable":
        return False
    if mode in ("allow", "prefer") and not certificate:
        return None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if mode.startswith("verify"):
            context.load_default_certs() if root in ("", "system") else context.load_verify_locations(root)
        if certificate:
            context.load_cert_chain(certificate, options.get("sslkey"))
    except (OSError, ValueError) as error:
        msg = f"A certificate named in the address of the database can't be read ({error.args[-1]})."
        raise StudyError(msg) from error
    context.check_hostname = mode == "verify-full"
    if not mode.startswith("verify"):
        context.verify_mode = ssl.CERT_NONE
    return context
