"""Whole builds with real kernels: success, failure, cache, an interrupted build, a full disk, and equal bytes."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from analysis.reporting import runner, worker
from analysis.reporting.job import Job
from analysis.reporting.plan import make_plan
from analysis.reporting.progress import Silent
from analysis.reporting.provenance import read_inputs
from analysis.reporting.verify import verify_reports

pytestmark = pytest.mark.slow
FORMATS = ("html",)


def build(root, *targets, **options):
    specs = make_plan(root, targets, languages=options.pop("languages", ["nl"]), formats=FORMATS)
    return runner.build_reports(root, specs, Silent(), jobs=2, **options)


def write_page(notebook, folder, context):
    (folder / "report.html").write_text(f"{context.language} {context.epoch}")


def job(root, folder):
    folder.mkdir()
    return Job(make_plan(root, languages=["nl"], formats=FORMATS)[0], root, folder, "key", read_inputs(root))


def test_a_report_is_built_whole_and_the_second_time_taken_from_the_cache(project):
    (result,) = build(project)
    folder = project / "reports/homelessness/cohort_mortality/nl"
    assert result.status == "ok", result.failure
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "notebook.ipynb", "report.html", "tables"]
    facts = json.loads((folder / "manifest.json").read_text())
    assert facts["answer"] == "Twee."
    assert facts["verdicts"][0]["verdict"] == "corrected"
    assert facts["parameters"]["level"] == 0.95
    assert set(facts["outputs"]) == {"notebook.ipynb", "report.html", "tables/rates.csv"}
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert [r.status for r in build(project)] == ["cached"]
    assert (folder / "manifest.json").stat().st_mtime_ns == before
    assert "eerder berekend" in (project / "reports/index.html").read_text()
    (folder / "report.html").unlink()
    assert [r.status for r in build(project)] == ["ok"]
    assert [r.status for r in build(project, force=True)] == ["ok"]
    assert "vers" in (project / "reports/index.html").read_text()
    assert [c.identical for c in verify_reports(project, [], Silent())] == [True]
    (folder / "tables/rates.csv").write_text("year\n")
    assert [c.differing for c in verify_reports(project, [], Silent())] == [("tables/rates.csv",)]


def test_a_failing_notebook_gets_its_page_and_the_others_are_built(project, write_notebook):
    boom = 'print("so far")\nraise ValueError(f"no data in \\x1b[31m{__import__(\'os\').getcwd()}/data")'
    write_notebook(project / "notebooks/homelessness/broken.ipynb", ["1 + 1", boom, "never = 1"])
    statuses = {result.spec.folder: result for result in build(project, languages=["nl", "en"])}
    assert statuses["homelessness/cohort_mortality/nl"].status == "ok"
    failed = statuses["homelessness/broken/nl"]
    assert (failed.status, failed.failure.error, failed.failure.message) == ("failed", "ValueError", "no data in data")
    folder = project / "reports/homelessness/broken/nl"
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "notebook.ipynb", "report.html"]
    page = (folder / "report.html").read_text()
    assert "De berekening stopte in codecel 4" in page
    assert "analysis --debug report homelessness/broken --language nl" in page
    assert str(project) not in page
    assert "\x1b" not in page
    assert "The calculation stopped" in (project / "reports/homelessness/broken/en/report.html").read_text()
    assert json.loads((folder / "manifest.json").read_text())["status"] == "failed"
    assert "so far" in (folder / "notebook.ipynb").read_text()
    assert "ValueError: no data in data" in (project / "reports/index.html").read_text()
    (again,) = (r for r in build(project, languages=["nl"]) if r.status != "cached")
    assert again.spec.folder == "homelessness/broken/nl"


def test_a_dying_kernel_and_a_dying_worker_each_take_one_report_only(project, write_notebook):
    write_notebook(project / "notebooks/homelessness/kernel.ipynb", ["import os\nos._exit(3)"])
    kill = "import multiprocessing, os\nworker = multiprocessing.parent_process()\n"
    kill += "os.kill(worker.pid if worker else os.getppid(), 9)\ninput"
    write_notebook(project / "notebooks/homelessness/worker.ipynb", [kill])
    results = {r.spec.topic.name: r for r in build(project)}
    assert {name: r.status for name, r in results.items()} == {
        "cohort_mortality": "ok",
        "kernel": "failed",
        "worker": "failed",
    }
    assert results["kernel"].failure.stage == "kernel"
    assert results["worker"].failure.stage == "worker"
    assert "geheugen" in (project / "reports/homelessness/worker/nl/report.html").read_text()


def test_parameters_language_and_folders_reach_the_notebook(project, write_notebook):
    show = (
        "import os\nprint(level, language, os.environ['PYTHONHASHSEED'], os.environ['OPENBLAS_NUM_THREADS'],"
        " 'MPLBACKEND' in os.environ, os.path.samefile(os.getcwd(), os.environ['ANALYSIS_ROOT']))"
    )
    write_notebook(project / "notebooks/homelessness/cohort_mortality.ipynb", [show])
    specs = make_plan(project, settings=["level=0.9"], languages=["en"], formats=FORMATS)
    (result,) = runner.build_reports(project, specs, Silent())
    notebook = project / "reports/homelessness/cohort_mortality--level-0.9/en/notebook.ipynb"
    assert result.status == "ok", result.failure
    assert "0.9 en 0 1 True True" in notebook.read_text() or "0.9 en 0 1 False True" in notebook.read_text()


def test_two_runs_leave_the_same_bytes(project, tmp_path):
    one, two = job(project, tmp_path / "one"), job(project, tmp_path / "two")
    for each in (one, two):
        assert worker.build_report(each, write_page) is None
    for name in ("notebook.ipynb", "report.html", "tables/rates.csv"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()


def test_a_forked_kernel_leaves_the_same_bytes_as_a_fresh_one(project, tmp_path):
    (result,) = build(project)
    assert result.status == "ok", result.failure
    fresh = job(project, tmp_path / "fresh")
    assert worker.build_report(fresh) is None
    forked = project / "reports/homelessness/cohort_mortality/nl"
    for name in ("notebook.ipynb", "report.html", "tables/rates.csv"):
        assert (fresh.folder / name).read_bytes() == (forked / name).read_bytes()


def test_an_export_that_fails_keeps_the_notebook_and_says_so(project, tmp_path):
    def no_alternative_text(notebook, folder, context):
        raise RuntimeError("Figure 1 has no alternative text.")

    failure = worker.build_report(job(project, tmp_path / "one"), no_alternative_text)
    assert (failure.stage, failure.message) == ("export", "Figure 1 has no alternative text.")
    assert "geen document" in (tmp_path / "one/report.html").read_text()
    assert not (tmp_path / "one/tables").exists()


def test_a_full_disk_leaves_the_old_report_and_one_readable_line(project, monkeypatch):
    build(project)
    page = project / "reports/homelessness/cohort_mortality/nl/report.html"
    before = page.read_bytes()

    def full(self, made, final):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner.Workspace, "place", full)
    (result,) = build(project, force=True)
    assert result.status == "failed"
    assert result.failure.reason == f"OSError: {runner.FULL_DISK}"
    assert page.read_bytes() == before


def test_a_full_disk_in_the_worker_is_raised_and_not_dressed_up(project, tmp_path):
    def full(notebook, folder, context):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        worker.build_report(job(project, tmp_path / "one"), full)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_build_leaves_no_half_report_and_no_kernel(project, write_notebook, tmp_path, how):
    note = tmp_path / "kernel"
    slow = f"import os, pathlib, time\npathlib.Path({str(note)!r}).write_text(str(os.getpid()))\ntime.sleep(120)"
    write_notebook(project / "notebooks/homelessness/cohort_mortality.ipynb", [slow])
    command = [sys.executable, "-m", "analysis.cli", "report", "--language", "nl"]
    build_process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=_listen_to_interrupts
    )
    kernel = _wait_for(lambda: note.exists() and note.read_text())
    build_process.send_signal(how)
    _, err = build_process.communicate(timeout=60)
    _wait_for(lambda: not _alive(int(kernel)))
    assert not list((project / "reports").glob("homelessness/*/*"))
    if how == signal.SIGINT:
        assert err.count("\n") == 1
        assert "Stopped" in err
        assert build_process.returncode == 130
    write_notebook(project / "notebooks/homelessness/cohort_mortality.ipynb", ["pass"])
    (result,) = build(project)
    assert result.status == "ok", result.failure
    assert not list((project / "reports/.building").iterdir())


def _listen_to_interrupts():
    """A job in the background of a shell is started deaf to Ctrl-C, and so are its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_for(condition):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def _alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = f"/proc/{process}/stat"
    return not (os.path.exists(status) and open(status).read().rpartition(")")[2].split()[0] == "Z")
