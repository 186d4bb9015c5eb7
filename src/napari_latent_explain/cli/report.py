"""What the command says: results to stdout, progress and messages to stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from napari_latent_explain.domain import Progress as Told

__all__ = ["message", "out", "say_left_out", "show_progress", "table"]


def message(text: str) -> None:
    """Say something to the person (stderr)."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def say_left_out(files: Sequence[str]) -> None:
    """Name the photographs that were refused, if there are any."""
    if files:
        message(f"Left out ({len(files)}): {', '.join(files)}")


def out(text: str) -> None:
    """Give a result (stdout)."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Give a result as a table (stdout), as wide as the terminal; what stands in it is text and nothing else."""
    shown = Table(*(Column(name, overflow="fold") for name in columns), title=title, title_justify="left")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(shown)


@contextmanager
def show_progress(title: str) -> Iterator[Told]:
    """Show a bar with elapsed and remaining time on stderr; give the callback that moves it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1.0)

        def told(what: str, done: float) -> None:
            bar.update(task, description=f"{title}: {what}", completed=done)

        yield told
