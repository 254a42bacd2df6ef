"""How a sample was drawn: weights, strata, clusters and finite populations, and the variance that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError
from analysis.measures.shared.checks import FloatArray, check_choice, column_names, require_complete, require_numbers

IntArray = NDArray[np.intp]
LONELY = ("adjust", "certainty", "remove", "average")


@dataclass(frozen=True)
class Sample:
    """The rows of a table as a sample: who was drawn with whom, and out of how many.

    Attributes
    ----------
    weights
        Weight of each row.
    clusters
        Number of the first-stage cluster of each row, from 0; None when every row is its own.
    strata
        Number of the stratum of each cluster, from 0.
    clusters_per_stratum
        How many clusters each stratum has in the sample.
    not_sampled
        Share of the clusters of each stratum that were not drawn: 1 when the population is endless.
    lonely
        What a stratum with one cluster contributes.
    """

    weights: FloatArray
    clusters: IntArray | None
    strata: IntArray
    clusters_per_stratum: FloatArray
    not_sampled: FloatArray
    lonely: str

    def clusters_of(self, rows: IntArray | None = None) -> IntArray:
        """Clusters that hold at least one of these rows with a weight.

        Parameters
        ----------
        rows
            Numbers of the rows; all when not given.

        Returns
        -------
        numpy.ndarray
            Numbers of the clusters, in order.
        """
        inside = np.arange(len(self.weights)) if rows is None else rows
        inside = inside[self.weights[inside] > 0]
        if self.clusters is None:
            return np.sort(inside)
        return np.flatnonzero(np.bincount(self.clusters[inside], minlength=len(self.strata)))

    def degrees_of_freedom(self, rows: IntArray | None = None) -> int:
        """Clusters minus strata, counting only those where the rows are.

        Parameters
        ----------
        rows
            Numbers of the rows of a domain; all when not given.

        Returns
        -------
        int
            Degrees of freedom of the variance.
        """
        clusters = self.clusters_of(rows)
        return len(clusters) - int(np.count_nonzero(np.bincount(self.strata[clusters])))

    def lonely_strata(self) -> int:
        """Number of strata with one cluster that were not drawn completely.

        Returns
        -------
        int
            How many.
        """
        return int(((self.clusters_per_stratum == 1) & (self.not_sampled > 1e-7)).sum())

    def covariance(self, contributions: FloatArray, rows: IntArray | None = None) -> FloatArray:
        """Design-based covariance of totals from what each row contributes to them.

        Parameters
        ----------
        contributions
            One row per sampled row and one column per total, weights included: the linearised values.
        rows
            Numbers of the rows that the contributions belong to; the others contribute nothing, but keep their
            clusters in the sample (a domain).

        Returns
        -------
        numpy.ndarray
            Covariance matrix of the totals.
        """
        totals, present = self._cluster_totals(contributions, rows)
        strata, count = self.strata[present], self.clusters_per_stratum
        sums = np.column_stack([np.bincount(strata, column, minlength=len(count)) for column in totals.T])
        means = sums / count[:, None]
        # A lonely cluster has no other to differ from: `adjust` measures it from zero, the sum of linearised values.
        means[count == 1] = 0.0
        absent = count - np.bincount(strata, minlength=len(count))
        scale = self._scale()
        deviations = (totals - means[strata]) * np.sqrt(scale[strata])[:, None]
        empty = means * np.sqrt(absent * scale)[:, None]
        covariance = deviations.T @ deviations + empty.T @ empty
        if self.lonely == "average" and len(count) > self.lonely_strata():
            covariance = covariance * len(count) / (len(count) - self.lonely_strata())
        return np.asarray(covariance)

    def _scale(self) -> FloatArray:
        count = self.clusters_per_stratum
        scale = self.not_sampled * count / np.maximum(count - 1, 1)
        if self.lonely != "adjust":
            scale = np.where(count == 1, 0.0, scale)
        return np.asarray(scale)

    def _cluster_totals(self, contributions: FloatArray, rows: IntArray | None) -> tuple[FloatArray, IntArray]:
        values = contributions.reshape(len(contributions), -1)
        if self.clusters is None:
            return values, np.arange(len(values)) if rows is None else rows
        codes = self.clusters if rows is None else self.clusters[rows]
        sums = [np.bincount(codes, column, minlength=len(self.strata)) for column in values.T]
        return np.column_stack(sums), np.arange(len(self.strata))


@dataclass(frozen=True)
class SurveyDesign:
    """Names of the columns that tell how a sample was drawn.

    Parameters
    ----------
    weights
        Column with the number of persons that a row stands for, 0 or more; None when all rows count alike.
    strata
        Column or columns that name the stratum from which a row was drawn; None when there was one.
    clusters
        Column or columns that name the first-stage cluster (primary sampling unit); None when persons were drawn
        directly. A name that occurs in two strata means two clusters.
    fpc
        Finite population: column with the number of clusters in the stratum's population or, when all its values are
        at most 1, with the fraction drawn; None when clusters were drawn with replacement or from very many.
    lonely
        What a stratum with a single cluster contributes to the variance: ``adjust`` its distance from zero (safe),
        ``certainty`` or ``remove`` nothing, ``average`` the mean contribution of the other strata.

    Notes
    -----
    Only the first stage counts for the variance (the "ultimate cluster"): what happens within a cluster shows in the
    differences between clusters. Without `strata` and `clusters` the rows are a simple random sample, with the weights
    as inverse probabilities; the interval is then that of the "robust" or sandwich variance.

    References
    ----------
    Binder DA. On the variances of asymptotically normal estimators from complex surveys. Int Stat Rev 1983;51:279-292.
    Lumley T. Complex surveys: a guide to analysis using R. Hoboken: Wiley, 2010.
    """

    weights: str | None = None
    strata: str | Sequence[str] | None = None
    clusters: str | Sequence[str] | None = None
    fpc: str | None = None
    lonely: str = "adjust"

    def __post_init__(self) -> None:
        """Refuse an unknown choice at once."""
        check_choice(self.lonely, LONELY, option="lonely")

    def columns(self) -> list[str]:
        """Names of all columns of the design.

        Returns
        -------
        list of str
            The names.
        """
        one = [name for name in (self.weights, self.fpc) if name is not None]
        many = [column_names(names) for names in (self.strata, self.clusters) if names is not None]
        return [*one, *(name for names in many for name in names)]

    def sample(self, table: pd.DataFrame, *, name: str = "the table") -> Sample:
        """Read the design from a table.

        Parameters
        ----------
        table
            One row per sampled person.
        name
            What to call the table in messages.

        Returns
        -------
        Sample
            Weights, clusters and strata as numbers.

        Raises
        ------
        DataError
            When a column is missing or has gaps, a weight is negative, weights sum to zero, or the finite population
            differs within a stratum or is smaller than the sample.
        """
        require_complete(table, self.columns(), name=name)
        weights = _weights(table, self.weights, name)
        strata_of_rows = _codes(table, self.strata)
        clusters, strata = _nested(table, self.clusters, strata_of_rows)
        count = np.bincount(strata).astype(float)
        not_sampled = np.ones(len(count))
        if self.fpc is not None:
            not_sampled = _not_sampled(table, self.fpc, strata_of_rows, count, name)
        return Sample(weights, clusters, strata, count, not_sampled, self.lonely)


def _weights(table: pd.DataFrame, column: str | None, name: str) -> FloatArray:
    if column is None:
        return np.ones(len(table))
    weights: FloatArray = require_numbers(table[[column]], [column], minimum=0, name=name)[column].to_numpy()
    if weights.sum() == 0:
        raise DataError(f"Column `{column}` of {name} sums to zero, so nobody counts. Check which weight was read.")
    return weights


def _codes(table: pd.DataFrame, columns: str | Sequence[str] | None) -> IntArray:
    """Number of the combination of values in each row, from 0 and without gaps."""
    codes: IntArray = np.zeros(len(table), dtype=np.intp)
    for column in [] if columns is None else column_names(columns):
        found, names = pd.factorize(table[column])
        codes = pd.factorize(codes * len(names) + found)[0]
    return codes


def _nested(
    table: pd.DataFrame, columns: str | Sequence[str] | None, strata_of_rows: IntArray
) -> tuple[IntArray | None, IntArray]:
    """Clusters of the rows within their strata, and the stratum of each cluster."""
    if columns is None:
        return None, strata_of_rows
    codes = _codes(table, columns)
    clusters: IntArray = (
        codes if strata_of_rows.max() == 0 else pd.factorize(strata_of_rows * (codes.max() + 1) + codes)[0]
    )
    strata = np.zeros(int(clusters.max()) + 1, dtype=np.intp)
    strata[clusters] = strata_of_rows
    return clusters, strata


def _not_sampled(table: pd.DataFrame, column: str, strata: IntArray, count: FloatArray, name: str) -> FloatArray:
    numbers = require_numbers(table[[column]], [column], above=0, name=name)[column].to_numpy()
    size = np.zeros(len(count))
    size[strata] = numbers
    differs = numbers != size[strata]
    if differs.any():
        row = table.index[int(np.flatnonzero(differs)[0])]
        raise DataError(
            f"Column `{column}` of {name} differs within a stratum in {int(differs.sum())} rows, the first is {row}. "
            "Give every row of a stratum the same number of clusters in the population."
        )
    share = size if numbers.max() <= 1 else count / size
    if (share > 1).any():
        first = int(np.flatnonzero(share > 1)[0])
        raise DataError(
            f"Column `{column}` of {name} says {size[first]:g} clusters where {count[first]:g} were drawn, in row "
            f"{table.index[int(np.flatnonzero(strata == first)[0])]}. Count clusters of the population, not persons."
        )
    return np.asarray(1 - share)
