"""The real topics as reports: the same bytes twice, the same content in JupyterLab, and pages fit to be read."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbclient import NotebookClient
from pypdf import PdfReader

from analysis.claims import load_claims
from analysis.presentation.blocks import BLOCK_MIME
from analysis.presentation.labels import LANGUAGES
from analysis.reporting.cells import read_notebook
from analysis.reporting.forked_kernels import CAN_FORK, use_forked_kernels
from analysis.reporting.manifest import read_manifest
from analysis.reporting.plan import make_plan
from analysis.reporting.progress import Silent
from analysis.reporting.runner import build_reports

ROOT = Path(__file__).resolve().parents[2]
TOPICS = sorted(f"{path.parent.name}/{path.stem}" for path in (ROOT / "notebooks").glob("*/*.ipynb"))
ENGLISH_WORDS = r"\b(the|and|with|years|women|men|deaths|from|which|source|because|than)\b"
DUTCH_WORDS = r"\b(het|een|met|jaar|vrouwen|mannen|sterfgevallen|bron|omdat|dan|niet)\b"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def projects(tmp_path_factory):
    """Two copies of the project: the first with all reports in both languages, the second with half of these."""
    roots = []
    for name, languages in (("first", LANGUAGES), ("second", ["nl"])):
        root = tmp_path_factory.mktemp(name)
        for part in ("data", "notebooks", "src"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        shutil.copy(ROOT / "requirements.lock", root)
        results = build_reports(root, make_plan(root, languages=languages), Silent(), jobs=2)
        assert [(result.spec.name, result.failure) for result in results if result.status != "ok"] == []
        roots.append(root)
    return roots


@pytest.fixture(scope="module", params=TOPICS)
def built(request, projects):
    """One topic, as built in each of the two projects."""
    return [root / "reports" / request.param for root in projects]


def outputs(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_two_builds_give_the_same_bytes_in_all_formats(built):
    first, second = (outputs(folder / "nl") for folder in built)
    assert {"report.html", "report.pdf", "report.docx", "notebook.ipynb"} <= set(first)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_figures_and_tables_lie_beside_the_report(built):
    for language in ("nl", "en"):
        names = set(outputs(built[0] / language))
        assert {Path(name).suffix for name in names if name.startswith("figures/")} == {".svg", ".png"}
        assert any(name.startswith("tables/") and name.endswith(".csv") for name in names)


def test_no_path_of_the_machine_and_no_missing_number_reaches_a_reader(built):
    for name, content in outputs(built[0]).items():
        if name.endswith((".html", ".csv", ".ipynb", ".svg")):
            text = content.decode("utf-8")
            assert str(built[0].parents[2]) not in text, name
            assert str(Path.home()) + "/" not in text, name
        if name.endswith(".html"):
            assert not re.search(
                r"(?<![\w-])(nan|NaN|inf|NoneType)(?![\w-])",
                re.sub(r"<style.*?</style>|<script.*?</script>|<pre.*?</pre>|<[^>]+>", " ", text, flags=re.S),
            )


def readable_text(folder):
    text = " ".join(page.extract_text() for page in PdfReader(folder / "report.pdf").pages)
    return re.split(r"\n(?:Literatuur|References)\n", text)[0]


def test_each_report_is_in_its_own_language(built):
    assert re.findall(ENGLISH_WORDS, readable_text(built[0] / "nl")) == []
    assert re.findall(DUTCH_WORDS, readable_text(built[0] / "en")) == []


def test_quotation_marks_are_those_that_were_written(built):
    for language in ("nl", "en"):
        assert re.findall(r"[.!?]‘|′|\w‘\w", readable_text(built[0] / language)) == []


def test_dutch_numbers_have_a_comma_and_english_ones_a_point(built):
    dutch, english = (readable_text(built[0] / language) for language in ("nl", "en"))
    assert re.findall(r"\d,\d", dutch)
    names = r"\w+=\S+|\bv\d\.\d|\b\d+\.\d+\.\d+\b|CC\s+BY\s+\S+"
    assert re.findall(r"(?<![\d.])\d{1,2}\.\d(?!\d{2}\b)", re.sub(names, "", dutch)) == []
    assert re.findall(r"\d\.\d", english)


def test_the_manifest_says_what_was_read_answered_and_left(built):
    manifest = read_manifest(built[0] / "nl")
    assert manifest["answer"]
    claims = load_claims(manifest["study"], manifest["topic"])
    assert sorted(verdict["claim"] for verdict in manifest["verdicts"]) == sorted(claims)
    assert manifest["reads"]
    assert set(manifest["outputs"]) == set(outputs(built[0] / "nl"))


def test_the_overview_keeps_to_two_pages(projects):
    folder = projects[0] / "reports/homelessness/overview"
    assert [len(PdfReader(folder / language / "report.pdf").pages) for language in ("nl", "en")] == [2, 2]


@pytest.fixture
def quick_kernels():
    """Kernels that start with the libraries loaded, for this test only."""
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    if CAN_FORK:
        use_forked_kernels()
    yield
    factory.default_provisioner_name = before


@pytest.mark.usefixtures("quick_kernels")
def test_opened_in_jupyterlab_it_shows_the_same_and_writes_nothing(built, tmp_path, monkeypatch):
    monkeypatch.delenv("ANALYSIS_REPORT_FOLDER", raising=False)
    root, folder = built[0].parents[2], built[0] / "nl"
    monkeypatch.setenv("ANALYSIS_ROOT", str(root))
    stored = root / "notebooks" / f"{built[0].relative_to(root / 'reports')}.ipynb"
    before = set(root.rglob("*"))
    notebook = nbformat.read(stored, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert list(tmp_path.iterdir()) == []
    assert set(root.rglob("*")) == before
    assert blocks(notebook["cells"]) == blocks(read_notebook(folder / "notebook.ipynb")["cells"])


def blocks(cells):
    found = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [data[BLOCK_MIME] for data in found if BLOCK_MIME in data]
