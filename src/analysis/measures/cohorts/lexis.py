"""Person-time in the cells of a Lexis diagram: the kernel that splits follow-up by age and calendar year."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.errors import MethodError
from analysis.measures.shared.checks import FloatArray, check_values
from analysis.measures.shared.strata import IntArray

MOMENT = 1e-9
"""Years within which two moments are the same: 0.03 seconds, far above rounding and far below a day."""


def check_breaks(breaks: Sequence[float], *, option: str, least: int) -> FloatArray:
    """Return breaks as an array when they rise.

    Parameters
    ----------
    breaks
        Ages or calendar years.
    option
        Name of the option, for the message.
    least
        Fewest breaks that make sense.

    Returns
    -------
    numpy.ndarray
        The breaks.

    Raises
    ------
    MethodError
        When there are too few, or they do not rise.
    """
    edges = check_values(list(breaks), what=f"`{option}`")
    if edges.ndim != 1 or len(edges) < least or np.any(np.diff(edges) <= 0):
        raise MethodError(
            f"`{option}` must be at least {least} numbers, each above the one before, not {list(breaks)[:8]}. "
            "For example age_breaks=range(0, 100, 5) and year_breaks=range(2001, 2012)."
        )
    return edges


@dataclass
class LexisCells:
    """Running sums of follow-up in groups by ages by calendar years, with a margin for what lies outside.

    Parameters
    ----------
    ages
        Lower bounds of the age bands; the last is open.
    years
        Bounds of the calendar periods; none for one period.
    sums
        Sums by name, of shape groups, 1 + ages, periods + 2.
    """

    ages: FloatArray
    years: FloatArray
    sums: dict[str, FloatArray] = field(default_factory=dict)

    NAMES = ("starts", "start_years", "ends", "end_years", "events", "persons", "zero_follow_up")

    @property
    def shape(self) -> tuple[int, int]:
        """Number of age cells and of period cells, margins included.

        Returns
        -------
        tuple of int
            Ages below the first bound come first; periods before the first and after the last bound at both ends.
        """
        return len(self.ages) + 1, max(len(self.years) + 1, 3)

    def _make_room(self, groups: int) -> None:
        known = len(self.sums["starts"]) if self.sums else 0
        if groups > known:
            room = np.zeros((groups - known, *self.shape))
            for name in self.NAMES:
                self.sums[name] = np.concatenate([self.sums[name], room]) if known else room.copy()

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower bound and width of each period; the margins get any width, since nothing crosses them."""
        if not len(self.years):
            return np.array([1999.0, 2000.0, 2001.0]), np.ones(3)
        lower = np.concatenate([[self.years[0] - 1], self.years])
        return lower, np.append(np.diff(lower), 1.0)

    def _periods(self, moments: FloatArray, *, at_end: bool) -> IntArray:
        """Period in which a stretch starts or ends; one that ends on a bound belongs to the period before."""
        if not len(self.years):
            return np.ones(len(moments), dtype=np.intp)
        shifted = moments + (-MOMENT if at_end else MOMENT)
        widths = np.diff(self.years)
        if np.ptp(widths) > MOMENT:
            return np.asarray(np.searchsorted(self.years, shifted, side="left" if at_end else "right"), dtype=np.intp)
        steps = (shifted - self.years[0]) / widths[0]
        whole = np.ceil(steps) if at_end else np.floor(steps) + 1
        return np.asarray(np.clip(whole, 0, len(self.years)), dtype=np.intp)

    def add(self, birth: FloatArray, entry: FloatArray, end: FloatArray, event: FloatArray, group: IntArray) -> None:
        """Add the follow-up of persons.

        Parameters
        ----------
        birth, entry, end
            Moments in decimal years, in this order in time.
        event
            1 when follow-up ended with the event, 0 when not.
        group
            Position of the group.
        """
        if not len(entry):
            return
        self._make_room(int(group.max()) + 1)
        lower, _ = self._bounds()
        upper_age = np.append(self.ages, np.inf)
        age = np.searchsorted(self.ages, entry - birth + MOMENT, side="right")
        start, newcomers, happened = entry, True, event > 0
        # One step per age band: within a band only the first and the last period are partly lived in.
        while len(start):
            stop = np.minimum(birth + upper_age[age], end)
            done = end - stop <= MOMENT
            stop = np.where(done, end, stop)
            first = self._periods(start, at_end=False)
            last = np.maximum(self._periods(stop, at_end=True), first)
            row = (group * self.shape[0] + age) * self.shape[1]
            self._count("starts", row + first)
            self._count("start_years", row + first, start - lower[first])
            self._count("ends", row + last)
            self._count("end_years", row + last, stop - lower[last])
            self._count("events", (row + last)[done & happened])
            if newcomers:
                self._count("persons", row + first)
                self._count("zero_follow_up", (row + first)[entry == end])
                newcomers = False
            rest = np.flatnonzero(~done)
            birth, end, happened, group = birth[rest], end[rest], happened[rest], group[rest]
            age, start = age[rest] + 1, stop[rest]

    def _count(self, name: str, cells: IntArray, weights: FloatArray | None = None) -> None:
        total = self.sums[name]
        total += np.bincount(cells, weights=weights, minlength=total.size).reshape(total.shape)

    def person_years(self) -> FloatArray:
        """Years lived in each cell.

        Returns
        -------
        numpy.ndarray
            Groups by ages by periods, margins included.
        """
        _, width = self._bounds()
        starts, ends = self.sums["starts"], self.sums["ends"]
        passing = np.cumsum(starts - ends, axis=2)
        # Whoever is there at the end of a period lived it from the start of the stretch or of the period onwards.
        lived = passing * width + self.sums["end_years"] - self.sums["start_years"]
        return np.asarray(np.maximum(lived, 0.0))
