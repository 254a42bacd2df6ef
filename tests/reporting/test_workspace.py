"""Reports are made apart and moved into place whole, also when builds are killed or meet."""

import pytest

from analysis.reporting.workspace import HAS_LOCKS, Workspace


def made(workspace, text):
    folder = workspace.new_folder()
    (folder / "report.html").write_text(text)
    return folder


def test_a_finished_folder_takes_the_place_of_the_old_one(tmp_path):
    final = tmp_path / "reports/study/topic/nl"
    with Workspace(tmp_path) as workspace:
        for text in ("old", "new"):
            workspace.place(made(workspace, text), final)
    assert (final / "report.html").read_text() == "new"
    assert not list((tmp_path / "reports/.building").iterdir())


def test_nothing_is_left_after_an_error(tmp_path):
    def fail_half_way():
        with Workspace(tmp_path) as workspace:
            made(workspace, "half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert not list((tmp_path / "reports/.building").iterdir())


@pytest.mark.skipif(not HAS_LOCKS, reason="file locks are not known on this system")
def test_leftovers_of_the_dead_go_and_the_living_keep_theirs(tmp_path):
    with Workspace(tmp_path) as living:
        kept = made(living, "in the making")
        leftover = living.building / "123-dead"
        leftover.mkdir()
        (leftover / "report.html").write_text("half")
        (living.building / "123-dead.lock").touch()
        with Workspace(tmp_path) as other:
            assert other.folder != living.folder
            assert not leftover.exists()
            assert (kept / "report.html").exists()


def test_two_builds_can_put_the_same_report_in_place(tmp_path):
    final = tmp_path / "reports/study/topic/nl"
    with Workspace(tmp_path) as one, Workspace(tmp_path) as other:
        first, second = made(one, "first"), made(other, "second")
        one.place(first, final)
        other.place(second, final)
    assert (final / "report.html").read_text() == "second"
