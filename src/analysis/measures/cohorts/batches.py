"""Tables in pieces: from memory, or from a CSV or Parquet file that is larger than memory."""

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import csv, parquet

from analysis.errors import DataError, did_you_mean

Source = pd.DataFrame | str | PathLike[str] | Iterable[pd.DataFrame]
"""A table, the path of a CSV or Parquet file, or tables one after the other."""

READ_BUFFER = 1_000_000
"""Bytes of a column of a Parquet file that are read at a time."""

CSV_BLOCK = 4_000_000
"""Bytes of a CSV file that are read at a time."""


def table_batches(source: Source, columns: Sequence[str], *, rows: int = 131_072) -> Iterator[pd.DataFrame]:
    """Go through the rows of a table or a file in pieces, with only the columns that are asked for.

    Parameters
    ----------
    source
        A table, the path of a `.csv` or `.parquet` file, or tables one after the other.
    columns
        Columns to read.
    rows
        Largest number of rows of a piece, except that a CSV file is cut by bytes.

    Yields
    ------
    pandas.DataFrame
        The next rows. Texts from a file are categories, dates are dates.

    Raises
    ------
    DataError
        When a column is missing, the file cannot be read as a table, or its ending is not known.
    """
    names = list(dict.fromkeys(columns))
    if isinstance(source, pd.DataFrame):
        _require(names, [str(column) for column in source.columns], "the table")
        for start in range(0, len(source), rows):
            yield source[names].iloc[start : start + rows]
    elif isinstance(source, str | PathLike):
        yield from _file_batches(Path(source), names, rows)
    else:
        for table in source:
            yield from table_batches(table, names, rows=rows)


def _require(names: list[str], present: list[str], what: str) -> None:
    for name in names:
        if name not in present:
            raise DataError(f"Column `{name}` is missing from {what}. {did_you_mean(name, present)}".strip())


def _file_batches(path: Path, names: list[str], rows: int) -> Iterator[pd.DataFrame]:
    readers = {".csv": _csv_batches, ".parquet": _parquet_batches}
    if path.suffix.lower() not in readers:
        raise DataError(f"The ending of `{path.name}` is not known. Save it as .parquet or .csv, or give a table.")
    if not path.is_file():
        raise DataError(f"There is no file `{path.name}` in `{path.parent}`. Check the path.")
    try:
        yield from readers[path.suffix.lower()](path, names, rows)
    except pa.ArrowInvalid as problem:
        raise DataError(
            f"`{path.name}` cannot be read as a table: {problem}. Check the file at that place."
        ) from problem


def _parquet_batches(path: Path, names: list[str], rows: int) -> Iterator[pd.DataFrame]:
    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        _require(names, schema.names, f"`{path.name}`")
    texts = [name for name in names if pa.types.is_string(schema.field(name).type)]
    with parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=READ_BUFFER) as file:
        # Row group by row group: reading them in one go keeps what was read before in memory.
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=names, use_threads=False):
                yield _as_pandas(batch)


def _csv_batches(path: Path, names: list[str], rows: int) -> Iterator[pd.DataFrame]:
    with csv.open_csv(path) as header:
        _require(names, header.schema.names, f"`{path.name}`")
    convert = csv.ConvertOptions(include_columns=names, auto_dict_encode=True)
    with csv.open_csv(
        path, read_options=csv.ReadOptions(block_size=CSV_BLOCK, use_threads=False), convert_options=convert
    ) as reader:
        for batch in reader:
            for start in range(0, batch.num_rows, rows):
                yield _as_pandas(batch.slice(start, rows))


def _as_pandas(batch: Any) -> pd.DataFrame:
    table: pd.DataFrame = batch.to_pandas(date_as_object=False)
    return table
