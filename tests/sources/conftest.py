"""A small catalogue in a temporary folder, to spoil at will."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

CARD = """\
# A comment that must survive.
id: {id}
title: {{nl: Sterfte, en: Deaths}}
producer: {{name: Example Statistics Office}}
citation: Example Statistics Office (2024). Deaths, table 12.
licence: {{name: CC BY 4.0}}
access: {{kind: local, needs: nothing}}
files:
  - {{path: published/{id}.csv, bytes: {bytes}, sha256: "{sha256}"}}
grain: one row per sex and age
key: [sex, age]
columns:
  sex: {{type: string, values: [female, male]}}
  age: {{type: integer, minimum: 0, maximum: 110}}
  person_years: {{type: number, unit: person-years, minimum: 0, nullable: true, remedy: Check exit dates.}}
  note: {{type: string, nullable: true}}
caveats: Small.
"""
TABLE = 'sex,age,person_years,note\nfemale,20,10.5,\nmale,20,12.25,"few, very few"\nmale,21,,\n'


class Catalogue:
    """The folders of a project with one data set, `deaths`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("catalogue", "published"):
            (root / "data" / folder).mkdir(parents=True)
        self.add("deaths", TABLE)

    def add(self, name: str, table: str, change: Callable[[str], str] = lambda card: card) -> str:
        content = table.encode()
        self.data(name).write_bytes(content)
        card = CARD.format(id=name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        self.card(name).write_bytes(change(card).encode())
        return name

    def card(self, name: str) -> Path:
        return self.root / "data" / "catalogue" / f"{name}.yaml"

    def data(self, name: str) -> Path:
        return self.root / "data" / "published" / f"{name}.csv"


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.setenv("ANALYSIS_ROOT", str(tmp_path))
    return Catalogue(tmp_path)
