"""Which code trains: the commit of the checkout that this package lies in."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["code_commit"]

_SECONDS = 10


def code_commit(folder: Path | None = None) -> str | None:
    """Return the commit's hash, with ``+`` behind it if tracked files were changed since; None outside a checkout.

    Parameters
    ----------
    folder : pathlib.Path, optional
        A folder of the checkout; this package's, if not given.
    """
    folder = folder or Path(__file__).parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(  # noqa: S603 - fixed words, no shell
                ["git", "-C", str(folder), *words],  # noqa: S607 - the person's own git
                capture_output=True, text=True, check=False, timeout=_SECONDS,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if not git("ls-files", "."):  # installed into an environment that happens to lie in some checkout
        return None
    head = git("rev-parse", "HEAD")
    return head and head + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
