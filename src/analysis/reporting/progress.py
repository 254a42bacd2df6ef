"""What one sees while reports are built: a bar in a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Watcher(Protocol):
    """Whoever wants to know how far a build is."""

    def started(self, name: str) -> None:
        """Take note that a worker took up a report.

        Parameters
        ----------
        name
            Name of the report.
        """

    def finished(self, name: str, status: str, seconds: float, reason: str = "") -> None:
        """Take note of the end of a report.

        Parameters
        ----------
        name
            Name of the report.
        status
            ``ok``, ``cached`` or ``failed``.
        seconds
            How long it took.
        reason
            Why it failed.
        """


class Display:
    """Shows on a console how far a build is.

    Parameters
    ----------
    console
        Where to write.
    total
        How many reports there are.
    """

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._running: list[str] = []
        columns = (
            TextColumn("Reports"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> "Display":
        """Start the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def started(self, name: str) -> None:
        """Show the name beside the bar.

        Parameters
        ----------
        name
            Name of the report.
        """
        self._running.append(name)
        self._describe(self._running)

    def finished(self, name: str, status: str, seconds: float, reason: str = "") -> None:
        """Write a line above the bar, and move it.

        Parameters
        ----------
        name
            Name of the report.
        status
            ``ok``, ``cached`` or ``failed``.
        seconds
            How long it took.
        reason
            Why it failed.
        """
        if name in self._running:
            self._running.remove(name)
        sign = {"ok": "✓", "cached": "=", "failed": "✕"}[status]
        how = {"ok": f"{seconds:.1f} s", "cached": "from cache", "failed": f"failed. {reason}"}[status]
        self._console.print(f"{sign} {name}  {how}", highlight=False, markup=False, soft_wrap=True)
        self._bar.advance(self._task)
        self._describe(self._running)

    def _describe(self, names: Sequence[str]) -> None:
        self._bar.update(self._task, description=", ".join(names))


class Silent:
    """Shows nothing."""

    def started(self, name: str) -> None:
        """Take no note that a worker took up a report.

        Parameters
        ----------
        name
            Name of the report.
        """

    def finished(self, name: str, status: str, seconds: float, reason: str = "") -> None:
        """Take no note of the end of a report.

        Parameters
        ----------
        name
            Name of the report.
        status
            ``ok``, ``cached`` or ``failed``.
        seconds
            How long it took.
        reason
            Why it failed.
        """
