"""The stored notebooks: clean, bilingual, and complete in their answers."""

import json
import re
from pathlib import Path

import pytest

from analysis.claims import load_claims
from analysis.reporting.cells import read_notebook, source_of, tags_of

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
TAGS = {"nl", "en", "parameters", "remove-cell", "remove-input"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return read_notebook(path)["cells"]


def code(cells):
    return [source_of(cell) for cell in cells if cell["cell_type"] == "code"]


def test_is_stored_without_outputs_and_counts(cells):
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells if "outputs" in cell)


def test_has_known_tags_and_readable_names_for_its_cells(cells):
    assert {tag for cell in cells for tag in tags_of(cell)} <= TAGS
    assert all(re.fullmatch(r"[a-z0-9-]+", cell["id"]) for cell in cells)


def test_has_one_parameters_cell_with_language(cells):
    tagged = [source_of(cell) for cell in cells if "parameters" in tags_of(cell)]
    assert len(tagged) == 1
    assert 'language: Literal["nl", "en"] = "nl"' in tagged[0]


def test_has_a_title_in_both_languages(cells):
    for language in ("nl", "en"):
        first = next(cell for cell in cells if language in tags_of(cell))
        assert source_of(first).startswith("# ")


def test_says_the_same_in_both_languages(cells):
    # Every Dutch Markdown cell has its English twin: same headings, same number of paragraphs and list items.
    dutch, english = (
        [source_of(cell) for cell in cells if cell["cell_type"] == "markdown" and language in tags_of(cell)]
        for language in ("nl", "en")
    )
    assert len(dutch) == len(english)
    for first, second in zip(dutch, english, strict=True):
        shape = [[line[:2] for line in text.splitlines() if line.strip()] for text in (first, second)]
        assert [part if part in ("# ", "##", "- ") else "" for part in shape[0]] == [
            part if part in ("# ", "##", "- ") else "" for part in shape[1]
        ]


def test_has_no_function_no_path_and_no_silenced_warning(cells):
    for source in code(cells):
        assert not re.search(r"^\s*(def|class) ", source, re.MULTILINE)
        assert "filterwarnings" not in source
        assert not re.search(r"""["'](/\w|[A-Z]:\\|\.\./)""", source)


def test_has_only_one_cell_with_imports_besides_the_parameters(cells):
    importing = [
        cell for cell in cells if cell["cell_type"] == "code" and re.search(r"^(import|from) ", source_of(cell), re.M)
    ]
    assert [tags_of(cell) for cell in importing] == [["parameters"], ["remove-cell"]]


def test_answers_every_claim_of_its_topic(path, cells):
    claims = load_claims(path.parent.name, path.stem)
    answered = re.findall(r'run\.verdict\(\s*"([^"]+)"', "\n".join(code(cells)))
    assert sorted(answered) == sorted(claims)


def test_has_no_bare_numbers_in_its_running_text(cells):
    # Numbers in sentences are computed; Markdown holds only years, levels, formulas and names of tables.
    for cell in cells:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"`[^`]*`|\([^)]*\)|\[[^]]*\]|(19|20)\d\d([–/-](19|20)?\d\d(\d\d)?)?", "", source_of(cell))
            assert not re.search(r"\d+[.,]\d+ (keer|times|jaar|years|procent|percent)", text)


def test_topic_has_its_module_its_test_and_its_notebook(path):
    study, topic = path.parent.name, path.stem
    assert (ROOT / "src/analysis/studies" / study / f"{topic}.py").exists()
    assert (ROOT / "tests/studies" / study / f"test_{topic}.py").exists()


def test_json_is_sorted_so_that_changes_can_be_read(path):
    text = path.read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
