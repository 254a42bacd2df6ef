"""The executed notebook keeps nothing of the machine or the moment it ran on."""

import copy

from analysis.reporting.normalise import normalise, notebook_text, plain_text


def executed(root, *, moment="1", count=1):
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": [f"{root}/x.py:3: UserWarning\n"]},
        {"output_type": "stream", "name": "stdout", "text": [f"<object at 0x7f{moment * 10}> in {root}/data\n"]},
        {
            "output_type": "execute_result",
            "execution_count": count,
            "metadata": {},
            "data": {"text/plain": [str(root)], "image/png": f"{root}/"},
        },
    ]
    papermill = {"duration": float(moment), "status": "completed"}
    marker = {"tags": ["papermill-error-cell-tag"], "papermill": papermill}
    return {
        "cells": [
            {"cell_type": "markdown", "id": "m", "metadata": marker, "source": "An Exception was encountered"},
            {"cell_type": "markdown", "id": "kept", "metadata": {"papermill": papermill}, "source": "# Title"},
            {
                "cell_type": "code",
                "id": f"random-{moment}",
                "metadata": {"tags": ["injected-parameters"], "execution": {"iopub": moment}},
                "execution_count": count,
                "outputs": outputs,
                "source": "level = 0.9",
            },
            {"cell_type": "code", "id": "x", "metadata": {}, "execution_count": None, "outputs": [], "source": "1"},
        ],
        "metadata": {"papermill": papermill, "language_info": {"version": moment}, "kernelspec": {"name": moment}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_two_runs_give_the_same_text(tmp_path):
    texts = {
        notebook_text(normalise(executed(tmp_path, moment=moment, count=count), tmp_path, frozenset(["kept"])))
        for moment, count in (("1", 1), ("2", 9))
    }
    assert len(texts) == 1
    (text,) = texts
    assert text.endswith("}\n")
    assert "papermill" not in text


def test_ids_are_those_of_the_stored_notebook_or_the_place_of_the_cell(tmp_path):
    notebook = normalise(executed(tmp_path), tmp_path, frozenset(["kept"]))
    assert [cell["id"] for cell in notebook["cells"]] == ["kept", "injected-parameters", "cell-003"]
    assert [cell.get("execution_count") for cell in notebook["cells"]] == [None, 1, None]


def test_warnings_paths_and_addresses_go_and_pictures_stay(tmp_path):
    cell = normalise(executed(tmp_path), tmp_path)["cells"][1]
    printed, result = cell["outputs"]
    assert printed["text"] == ["<object at 0x…> in data\n"]
    assert result["data"] == {"text/plain": ["."], "image/png": f"{tmp_path}/"}


def test_order_of_keys_does_not_matter(tmp_path):
    notebook = executed(tmp_path)
    turned = {key: copy.deepcopy(notebook[key]) for key in reversed(notebook)}
    assert notebook_text(normalise(notebook, tmp_path)) == notebook_text(normalise(turned, tmp_path))


def test_control_codes_and_cell_files_are_taken_out(tmp_path):
    text = f"\x1b[31mError\x1b[0m in {tmp_path}/src/a.py and /var/tmp/ipykernel_12/345.py line 3"
    assert plain_text(text, tmp_path) == "Error in src/a.py and <cell> line 3"
