"""Who asks an archive: from the environment, a file, or a person; shown by nothing."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

from napari_latent_explain.cohort.dicomweb.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["PASSWORD_VARIABLE", "TOKEN_VARIABLE", "USER_VARIABLE", "Credentials"]

USER_VARIABLE = "LATENT_EXPLAIN_ARCHIVE_USER"
PASSWORD_VARIABLE = "LATENT_EXPLAIN_ARCHIVE_PASSWORD"  # noqa: S105 - a name, not a password
TOKEN_VARIABLE = "LATENT_EXPLAIN_ARCHIVE_TOKEN"  # noqa: S105
_MOST_BYTES = 64 * 2**10


class Credentials:
    """A user with a password (RFC 7617, in UTF-8), a bearer token (RFC 6750), or nobody.

    Its representation shows neither, and it can't be pickled, so that it doesn't get into a file or to another process.
    """

    __slots__ = ("_header",)

    def __init__(self, header: str = "") -> None:
        self._header = header

    @classmethod
    def of_user(cls, user: str, password: str) -> Credentials:
        """A user with a password.

        Raises
        ------
        ArchiveError
            If the user's name has a colon, or either has signs that can't be sent.
        """
        if not user or ":" in user or not (user + password).isprintable():
            msg = "The user name for the archive is empty or has a colon, or it or the password has signs that can't be sent."
            raise ArchiveError(msg)
        return cls("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    @classmethod
    def of_token(cls, token: str) -> Credentials:
        """A bearer token.

        Raises
        ------
        ArchiveError
            If it has signs that tokens don't have.
        """
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            msg = "The token for the archive is empty, or has signs that tokens don't have; copy it again."
            raise ArchiveError(msg)
        return cls(f"Bearer {token}")

    @classmethod
    def of_environment(cls, variables: Mapping[str, str] | None = None) -> Credentials:
        """What `TOKEN_VARIABLE`, or `USER_VARIABLE` and `PASSWORD_VARIABLE` say; nobody, if they aren't there.

        Raises
        ------
        ArchiveError
            If one of user and password is missing.
        """
        given = os.environ if variables is None else variables
        if given.get(TOKEN_VARIABLE):
            return cls.of_token(given[TOKEN_VARIABLE])
        user, password = given.get(USER_VARIABLE, ""), given.get(PASSWORD_VARIABLE, "")
        if bool(user) != bool(password):
            msg = f"Of {USER_VARIABLE} and {PASSWORD_VARIABLE} one is missing; set both, or neither."
            raise ArchiveError(msg)
        return cls.of_user(user, password) if user else cls()

    @classmethod
    def of_file(cls, path: Path) -> Credentials:
        """What the first line of a file says: ``user:password``, or ``Bearer`` and a token.

        Raises
        ------
        ArchiveError
            If it can't be read, others may read it too, or it says neither.
        """
        try:
            with path.open("rb") as stream:
                if os.name == "posix" and os.fstat(stream.fileno()).st_mode & 0o077:
                    msg = f"Others may read the file of the archive's password; run: chmod 600 {path}"
                    raise ArchiveError(msg)
                line = stream.read(_MOST_BYTES).decode("utf-8-sig").split("\n")[0].strip("\r")
        except (OSError, UnicodeDecodeError):
            msg = f"{path} can't be read as the archive's password; it is a text file with the line user:password."
            raise ArchiveError(msg) from None
        if line.startswith("Bearer "):
            return cls.of_token(line.removeprefix("Bearer ").strip())
        user, colon, password = line.partition(":")
        if not colon:
            msg = f"{path} has neither user:password nor Bearer and a token in its first line."
            raise ArchiveError(msg)
        return cls.of_user(user, password)

    def headers(self) -> dict[str, str]:
        """What is sent with every request."""
        return {"Authorization": self._header} if self._header else {}

    def __bool__(self) -> bool:
        """Whether there is somebody."""
        return bool(self._header)

    def __repr__(self) -> str:
        return f"<Credentials of {'somebody' if self else 'nobody'}>"

    def __reduce__(self) -> str:
        msg = "credentials are not pickled"
        raise TypeError(msg)
