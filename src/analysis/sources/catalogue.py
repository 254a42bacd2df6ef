"""The catalogue: one card per data set in `data/catalogue`: whose it is, what is in it and what was done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from analysis.errors import SourceError, did_you_mean
from analysis.locations import project_root

COLUMN_TYPES = ("integer", "number", "string")
ACCESS_KINDS = ("local", "package")
NATURES = ("observed", "reconstruction", "scenario", "synthetic")
REQUIRED_FIELDS = ("id", "title", "producer", "citation", "licence", "access", "grain", "key", "columns")
LANGUAGES = ("nl", "en")


@dataclass(frozen=True)
class Column:
    """One column of a data set: what may stand in it and what it means.

    Attributes
    ----------
    name
        Name in the table.
    type
        ``string``, ``integer`` or ``number``.
    unit
        Unit of the values; empty for words.
    minimum, maximum
        Limits of the values, themselves allowed; None for none.
    values
        The only values allowed; empty when any value is.
    nullable
        Whether cells may be empty.
    meaning
        What the column holds, in one line.
    label
        Name for readers, by language.
    remedy
        What to do when a value breaks a rule.
    """

    name: str
    type: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[Any, ...] = ()
    nullable: bool = False
    meaning: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""


@dataclass(frozen=True)
class DataFile:
    """One file of a data set, with the size and checksum it had when the card was written.

    Attributes
    ----------
    path
        Place below the folder ``data``.
    bytes
        Size of the file.
    sha256
        Checksum of the file.
    """

    path: str
    bytes: int | None = None
    sha256: str = ""

    @property
    def full_path(self) -> Path:
        """Where the file stands; `path` counts from the folder `data`."""
        return project_root() / "data" / self.path


@dataclass(frozen=True)
class PackageData:
    """A data set inside an installed Python distribution, with the checksum of its content.

    Attributes
    ----------
    distribution, version
        Installed package that holds the data, and its version.
    package, dataset
        Name of the collection and of the data set within it.
    sha256
        Checksum of the values, not of the file.
    """

    distribution: str
    version: str
    package: str
    dataset: str
    sha256: str = ""

    @property
    def name(self) -> str:
        """Where the data set is found, for a reader: data set, package and distribution with its version."""
        return f"{self.dataset} in {self.package} ({self.distribution} {self.version})"


@dataclass(frozen=True)
class Card:
    """All that is known of one data set; `title`, `processing` and `caveats` have a text for nl and one for en.

    Attributes
    ----------
    id
        Name of the data set.
    title, processing, caveats
        What it is called, what we did to it, what to mind; by language.
    producer
        `name`, `url` and dates of who made the data.
    citation, reference, further_references
        How to cite it, and its keys in the bibliography.
    licence
        `name` and `url`, or several under `parts`.
    access
        `kind` (``local`` or ``package``) and what it `needs`.
    grain, key
        What one row is, and the columns that tell rows apart.
    columns
        Description of every column, by name.
    nature
        ``observed`` (counted, measured or published as such), ``reconstruction`` (derived from published results),
        ``scenario`` or ``synthetic``; all but the first are named wherever a reader meets them.
    period
        Years the data are about; empty when unknown.
    producer_notes
        What the producer says about the data.
    files, package
        Where the data are.
    """

    id: str
    title: Mapping[str, str]
    producer: Mapping[str, Any]
    citation: str
    licence: Mapping[str, Any]
    access: Mapping[str, str]
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    reference: str = ""
    further_references: tuple[str, ...] = ()
    nature: str = "observed"
    period: str = ""
    producer_notes: str = ""
    processing: Mapping[str, str] = field(default_factory=dict)
    caveats: Mapping[str, str] = field(default_factory=dict)
    files: tuple[DataFile, ...] = ()
    package: PackageData | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the card."""
        return tuple(column.name for column in self.columns)


def load_card(dataset_id: str) -> Card:
    """Card of a data set.

    Parameters
    ----------
    dataset_id
        Name of the data set, which is the name of its card without `.yaml`.

    Returns
    -------
    Card
        The card, with every field checked for its presence and kind.

    Raises
    ------
    SourceError
        When there is no such card, or a field of it is missing or of the wrong kind.
    """
    path = card_path(dataset_id)
    state = path.stat()
    return _read_card(path, state.st_mtime_ns, state.st_size)


def list_cards() -> list[Card]:
    """All cards of the catalogue.

    Returns
    -------
    list of Card
        Sorted by id.
    """
    return [load_card(name) for name in _known_ids()]


def card_path(dataset_id: str) -> Path:
    """File of the card of a data set.

    Parameters
    ----------
    dataset_id
        Name of the data set.

    Returns
    -------
    pathlib.Path
        An existing file in `data/catalogue`.

    Raises
    ------
    SourceError
        When there is no such card; the message names the nearest one.
    """
    known = _known_ids()
    if dataset_id not in known:
        raise SourceError(
            f"There is no data set {dataset_id!r} in data/catalogue. {did_you_mean(dataset_id, known)} "
            f"For data of your own, write a card data/catalogue/{dataset_id}.yaml."
        )
    return _catalogue() / f"{dataset_id}.yaml"


def _catalogue() -> Path:
    return project_root() / "data" / "catalogue"


def _known_ids() -> list[str]:
    return sorted(path.stem for path in _catalogue().glob("*.yaml"))


@lru_cache(maxsize=256)
def _read_card(path: Path, _modified: int, _size: int) -> Card:
    """Parse a card once for every state of its file."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        reason = str(error).replace("\n", " ")
        raise SourceError(f"Card {path.name} is not readable as YAML: {reason}. Mend that line of the card.") from error
    if not isinstance(content, dict):
        raise SourceError(f"Card {path.name} has no fields. Write `field: value` on each line.")
    missing = [name for name in REQUIRED_FIELDS if name not in content]
    if missing:
        raise _malformed(path.stem, missing[0], f"is missing (with it: {missing[1:]})" if missing[1:] else "is missing")
    if content["id"] != path.stem:
        raise _malformed(path.stem, "id", f"says {content['id']!r}, where the file is called {path.name}")
    return _card_from(content)


def _card_from(content: Mapping[str, Any]) -> Card:
    name = str(content["id"])
    access = _mapping(name, "access", content["access"])
    if access.get("kind") not in ACCESS_KINDS:
        raise _malformed(name, "access.kind", f"is {access.get('kind')!r}, not one of {', '.join(ACCESS_KINDS)}")
    if content.get("nature", "observed") not in NATURES:
        raise _malformed(name, "nature", f"is {content['nature']!r}, not one of {', '.join(NATURES)}")
    columns = tuple(_column(name, *item) for item in _mapping(name, "columns", content["columns"]).items())
    key = _texts(name, "key", content["key"])
    unknown = [column for column in key if column not in {each.name for each in columns}]
    if unknown:
        raise _malformed(name, "key", f"names {unknown}, which are not among the columns")
    return Card(
        id=name,
        title=_in_languages(name, "title", content["title"]),
        producer=_mapping(name, "producer", content["producer"]),
        citation=_text(name, "citation", content["citation"]),
        licence=_licence(name, content["licence"]),
        access=access,
        grain=_text(name, "grain", content["grain"]),
        key=key,
        columns=columns,
        reference=_text(name, "reference", content.get("reference", "")),
        further_references=_texts(name, "further_references", content.get("further_references", [])),
        nature=str(content.get("nature", "observed")),
        period=str(content.get("period", "")),
        producer_notes=_text(name, "producer_notes", content.get("producer_notes", "")),
        processing=_in_languages(name, "processing", content.get("processing", "")),
        caveats=_in_languages(name, "caveats", content.get("caveats", "")),
        files=_files(name, content) if access["kind"] == "local" else (),
        package=_package(name, content) if access["kind"] == "package" else None,
    )


def _column(name: str, column: str, content: Any) -> Column:
    where = f"columns.{column}"
    fields = _mapping(name, where, content)
    unknown = sorted(set(fields) - set(Column.__dataclass_fields__))
    if unknown:
        choices = [each for each in Column.__dataclass_fields__ if each != "name"]
        raise _malformed(
            name,
            f"{where}.{unknown[0]}",
            f"is not a field of a column ({', '.join(choices)}); a text with a comma or colon goes between quotes",
        )
    if fields.get("type") not in COLUMN_TYPES:
        raise _malformed(name, f"{where}.type", f"is {fields.get('type')!r}, not one of {', '.join(COLUMN_TYPES)}")
    for bound in ("minimum", "maximum"):
        value = fields.get(bound)
        if value is not None and not isinstance(value, int | float):
            raise _malformed(name, f"{where}.{bound}", f"is {value!r}, not a number")
    values = fields.get("values", [])
    if not isinstance(values, list):
        raise _malformed(name, f"{where}.values", "is not a list")
    return Column(**{**fields, "name": str(column), "values": tuple(values)})


def _files(name: str, content: Mapping[str, Any]) -> tuple[DataFile, ...]:
    entries = content.get("files")
    if not isinstance(entries, list) or not entries:
        raise _malformed(name, "files", "is missing or empty, where access is local")
    files = []
    for number, entry in enumerate(entries):
        fields = _mapping(name, f"files.{number}", entry)
        if "path" not in fields:
            raise _malformed(name, f"files.{number}.path", "is missing")
        size = fields.get("bytes")
        if size is not None and not isinstance(size, int):
            raise _malformed(name, f"files.{number}.bytes", f"is {size!r}, not a whole number")
        files.append(DataFile(path=str(fields["path"]), bytes=size, sha256=str(fields.get("sha256") or "")))
    return tuple(files)


def _package(name: str, content: Mapping[str, Any]) -> PackageData:
    fields = _mapping(name, "package", content.get("package"))
    missing = [each for each in ("distribution", "version", "package", "dataset") if each not in fields]
    if missing:
        raise _malformed(name, f"package.{missing[0]}", "is missing")
    return PackageData(
        **{each: str(fields.get(each) or "") for each in ("distribution", "version", "package", "dataset", "sha256")}
    )


def _licence(name: str, content: Any) -> dict[str, Any]:
    fields = _mapping(name, "licence", content)
    if "name" not in fields:
        raise _malformed(name, "licence.name", "is missing")
    return fields


def _mapping(name: str, where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(name, where, f"is {value!r}, where `field: value` belongs")
    return {str(key): each for key, each in value.items()}


def _text(name: str, where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _malformed(name, where, f"is {value!r}, where a text belongs")
    return value.strip()


def _texts(name: str, where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _malformed(name, where, f"is {value!r}, where a list of names belongs")
    return tuple(value)


def _in_languages(name: str, where: str, value: Any) -> dict[str, str]:
    """Text per language; a single text, as an own card may have, counts for both."""
    if isinstance(value, str):
        return dict.fromkeys(LANGUAGES, value.strip())
    texts = _mapping(name, where, value)
    for language in LANGUAGES:
        if not isinstance(texts.get(language), str):
            raise _malformed(name, f"{where}.{language}", "is missing or not a text")
    return {language: texts[language].strip() for language in LANGUAGES}


def _malformed(name: str, where: str, problem: str) -> SourceError:
    return SourceError(f"Field `{where}` of card data/catalogue/{name}.yaml {problem}. Mend it there.")
