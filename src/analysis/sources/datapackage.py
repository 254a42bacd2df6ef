"""The catalogue as a Frictionless Data Package, so that other software can find, read and check the data."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.sources.catalogue import Card, Column, DataFile, list_cards

CONSTRAINTS = ("minimum", "maximum")


def write_datapackage(path: Path) -> Path:
    """Write `datapackage.json` from the cards of the data sets that stand in `data`.

    Parameters
    ----------
    path
        The file to write, in the folder `data`: the paths of the resources count from there.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    text = json.dumps(datapackage(), ensure_ascii=False, indent=2) + "\n"
    path.write_bytes(text.encode("utf-8"))
    return path


def datapackage() -> dict[str, Any]:
    """Descriptor of all local data sets, after the tabular profile of Data Package version 1.

    Returns
    -------
    dict
        Resources in order of name; the same cards give the same descriptor.
    """
    cards = [card for card in list_cards() if card.access["kind"] == "local"]
    return {
        "profile": "tabular-data-package",
        "name": "health-inequalities",
        "title": "Data of an open research compendium on health inequalities",
        "resources": [_resource(card, file, number) for card in cards for number, file in enumerate(card.files, 1)],
    }


def _resource(card: Card, file: DataFile, number: int) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": card.id if len(card.files) == 1 else f"{card.id}-{number}",
        "path": file.path,
        "title": card.title["en"],
        "description": card.caveats["en"],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "licenses": [_licence(part) for part in card.licence.get("parts", [card.licence])],
        "sources": [{"title": card.citation} | ({"path": card.producer["url"]} if "url" in card.producer else {})],
        "schema": {
            "fields": [_field(column) for column in card.columns],
            "primaryKey": list(card.key),
            "missingValues": [""],
        },
    }


def _licence(licence: Mapping[str, Any]) -> dict[str, str]:
    """Name, title and path; the standard asks for a name without blanks when there is no path."""
    named = {"id": re.sub(r"[^\w.]+", "-", str(licence["name"]))} | dict(licence) if "url" not in licence else licence
    names = {"name": "id", "title": "name", "path": "url"}
    return {theirs: str(named[ours]) for theirs, ours in names.items() if ours in named}


def _field(column: Column) -> dict[str, Any]:
    limits = {name: getattr(column, name) for name in CONSTRAINTS if getattr(column, name) is not None}
    constraints = ({} if column.nullable else {"required": True}) | limits
    if column.values:
        constraints["enum"] = list(column.values)
    described = {"name": column.name, "type": column.type, "description": column.meaning}
    return described | ({"constraints": constraints} if constraints else {})
