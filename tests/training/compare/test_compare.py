"""Runs beside each other, from the files that they leave."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from toolkit.cli.main import main
from toolkit.errors import Refused
from toolkit.training.compare.columns import over_seeds
from toolkit.training.compare.compare import compare
from toolkit.training.compare.contrast import groups, ordered, varied
from toolkit.training.compare.records import find

ROOT = Path(__file__).resolve().parents[3]


def rows(text):
    """Return the rows of the first table by the run's name."""
    lines = [line.split() for line in text.partition("Over seeds")[0].splitlines() if line.strip()]
    first = next(i for i, line in enumerate(lines) if set("".join(line)) == {"─"})
    return {line[-1]: line[:-1] for line in lines[first + 1 :] if len(line) > 3}


@pytest.fixture
def sweep(run):
    """Two rates and two seeds."""
    for rate, best in ((0.001, 120.0), (0.01, 110.0)):
        for seed in (1, 2):
            course = [200.0, best + seed, best + seed + 3]
            run(f"s/rate={rate},seed={seed}", rate=rate, seed=seed, perplexities=course)
    return "runs/s"


def test_the_table_has_what_differs_and_the_best_first(sweep, capsys):
    compare(runs=[sweep], plots=False)
    out = capsys.readouterr().out
    assert list(rows(out)) == [
        "rate=0.01,seed=1", "rate=0.01,seed=2", "rate=0.001,seed=1", "rate=0.001,seed=2"
    ]  # fmt: skip
    assert rows(out)["rate=0.01,seed=2"] == [
        "0.01", "2", "2", "112.00", "107.00", "4.4000", "1:01", "finished"
    ]  # fmt: skip
    head = re.sub(r"\s+", " ", out)
    assert (
        "learning_rate seed best epoch perplexity perplexity test/loss training time state run"
        in head
    )
    assert "batch_size" not in out and "unigram" not in out
    assert not Path(sweep, "compare").exists()


def test_seeds_are_summed_up_over_finished_runs(sweep, run, capsys):
    run("s/rate=0.01,seed=3", rate=0.01, seed=3, perplexities=[300.0], finished=False)
    compare(runs=[sweep], plots=False)
    title = "Over seeds: mean ± deviation; median (range)"
    _, _, over = capsys.readouterr().out.partition(title)
    valid = r"111\.50 ± 0\.7071; 111\.50 \(111\.00 to 112\.00\)"
    assert re.search(rf"0\.01\s+2 of 3\s+{valid}\s+106\.50 ± 0\.7071; ", over)
    assert re.search(r"0\.001\s+2\s+121\.50 ± 0\.7071; ", over)
    assert over_seeds([1.0, 5.0, 2.0, 3.0, 100.0]).endswith("; 3.0000 (1.0000 to 100.00)")
    assert (over_seeds([2.0]), over_seeds([])) == ("2.0000", "")


def test_knobs_count_and_what_follows_from_them_does_not(run):
    run("a", units=8, perplexities=[100.0])
    run("b", units=16, perplexities=[90.0])
    run("c", name="lstm", units=16, forget_bias=1, perplexities=[95.0])
    records = find(["runs"])
    assert varied(records) == ["model.name", "model.units"]
    assert [record.folder.name for record in ordered(records)] == ["b", "c", "a"]


def test_blocks_that_no_knob_tells_of_count(run):
    folders = [run(name, perplexities=[100.0]) for name in ("a", "b")]
    text = (folders[0] / "config.yaml").read_text()
    (folders[1] / "config.yaml").write_text(text.replace("cell: gru", "cell: rnn"))
    assert varied(find(["runs"])) == ["model.body"]


def test_runs_that_are_not_finished_are_shown_as_they_are(run, capsys):
    run("done", perplexities=[100.0, 90.0])
    run("stopped", perplexities=[100.0, 95.0], finished=False)
    run("unbegun", perplexities=[], finished=False)
    going = run("going", perplexities=[150.0], finished=False)
    with FileLock(going / ".lock"):
        records = compare(runs=["runs"], plots=False)
    assert {record.folder.name: record.state for record in records} == {
        "done": "finished",
        "stopped": "unfinished, epoch 2 of 4",
        "going": "running, epoch 1 of 4",
        "unbegun": "unfinished, epoch 0 of 4",
    }
    assert [record.folder.name for record in records][-1] == "unbegun"
    assert rows(capsys.readouterr().out)["stopped"][:2] == ["2", "95.00"]


def test_damaged_files_are_named_and_the_rest_is_told(run, capsys):
    good = run("good", perplexities=[100.0, 90.0, 80.0])
    bad = run("bad", perplexities=[100.0])
    lines = (good / "metrics.csv").read_text().splitlines()
    (good / "metrics.csv").write_text("\n".join([*lines[:2], "2,18,3,5,", *lines[3:]]))
    (bad / "config.yaml").write_text("model: [")
    (bad / "results.json").write_text("{")
    records = compare(runs=["runs"], plots=False)
    out = capsys.readouterr().out
    assert f"{good}/metrics.csv:3: not a line of figures; left out." in out
    assert f"{bad}/config.yaml cannot be read" in out
    assert f"{bad}/results.json cannot be read." in out
    assert [len(record.epochs) for record in records if record.folder == good] == [2]
    assert [record.state for record in records if record.folder == bad] == ["damaged"]


def test_pictures_and_a_page_that_needs_nothing_else(sweep, capsys):
    compare(runs=[sweep])
    folder = Path(sweep, "compare")
    assert sorted(path.name for path in folder.iterdir()) == [
        "curve-loss.png", "curve-perplexity.png", "index.html",
        "values-test-perplexity-optimizer.learning_rate.png",
    ]  # fmt: skip
    text = (folder / "index.html").read_text()
    assert "rate=0.01,seed=1" in text and "111.50 ± 0.7071" in text
    assert not re.search(r"""(src|href)=["'](?!data:)|url\(|@import""", text)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert [base64.b64decode(data) for data in pictures] == [
        (folder / name).read_bytes()
        for name in ("curve-loss.png", "curve-perplexity.png",
                     "values-test-perplexity-optimizer.learning_rate.png")
    ]  # fmt: skip
    with Image.open(folder / "curve-perplexity.png") as picture:
        colours = picture.convert("RGB").getcolors(1 << 20)
    assert len(colours) > 20, "something is drawn"
    assert compare(runs=[sweep]), "a page of ours is written again"


def test_two_varied_keys_make_a_grid(run, tmp_path):
    for units in (8, 16):
        for rate in (0.001, 0.01):
            run(f"{units}-{rate}", units=units, rate=rate, perplexities=[100.0 + units])
    compare(output="out")
    assert Path("out/grid-test-perplexity.png").exists()


def test_runs_that_differ_in_much_are_told_apart_by_their_folders(run, tmp_path):
    run("a", perplexities=[120.0], units=8, dropout=0.1, layers=1, rate=0.1)
    run("b", perplexities=[110.0], units=9, dropout=0.2, layers=2, rate=0.2)
    compare(runs=["runs"], output=str(tmp_path / "out"))
    made = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert made == ["curve-loss.png", "curve-perplexity.png"], "no value alone explains a score"
    records = find(["runs"])
    assert [group.name for group in groups(records, varied(records))] == ["b", "a"]


def test_names_are_no_html(run):
    run("a", perplexities=[100.0])
    run("<b>&", perplexities=[100.0])
    compare(runs=["runs"], output="out")
    assert "&lt;b&gt;&amp;" in Path("out/index.html").read_text()


def test_one_run_alone(run, capsys):
    run("only", perplexities=[100.0, 90.0])
    assert main(["compare", "runs/only"]) == 0
    assert "only" in rows(capsys.readouterr().out)
    assert Path("compare/index.html").exists()


def test_what_is_not_there_is_refused(run, capsys):
    run("sweeps/gru-ptb/seed=1", perplexities=[100.0])
    Path("empty").mkdir()
    Path("file").touch()
    Path("mine").mkdir()
    Path("mine/index.html").write_text("my page")
    for words, told in (
        (["runs/sweeps/gru-pbt"], "runs: no folder runs/sweeps/gru-pbt. Did you mean runs/sweeps/"),
        (["empty"], "runs: no run in empty."),
        (["runs", "output=file"], "file is a file; give another output=FOLDER."),
        (["runs", "output=mine"], "output: mine/index.html is no comparison; give another"),
        (["runs=[runs]", "plot=false"], "plot: unknown option of compare. Did you mean plots?"),
    ):
        assert main(["compare", *words]) == 2
        assert told in capsys.readouterr().err


def test_other_programs_configurations_are_no_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("defaults: [a]\n")
    with pytest.raises(Refused, match="no run in"):
        find(["."])


def test_groups_are_the_best_on_average_first(sweep):
    records = find([sweep])
    assert [group.name for group in groups(records, varied(records))] == ["0.01", "0.001"]


def test_it_starts_without_heavy_libraries(sweep):
    code = (
        "import sys\nfrom toolkit.cli.main import main\n"
        f"code = main(['compare', '{sweep}', 'plots=false'])\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "print('heavy:', *heavy)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy:"
