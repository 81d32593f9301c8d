"""Scaling studies: what is run, kept, compared and drawn; here, on hosts, and as jobs of a Slurm that is ours.

A failure accuses python/quelea/scaling, or python/quelea/predicting, which goes on from what studies have counted.
"""

import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import job_processes

from quelea.predicting.command import main as predict
from quelea.predicting.evidence import evidence_of
from quelea.predicting.model import Model
from quelea.predicting.networks import Network
from quelea.scaling import sizes
from quelea.scaling.command import main
from quelea.scaling.study import Study

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
HOSTS = str(ROOT / "cluster" / "hosts")
STRONG = ("--ranks", "1,2,4", "--repeats", "1", "--warm", "0", "--out", "study")
JACOBI = (str(EXAMPLES / "jacobi.py"), "--n", "{n}", "--steps", "20")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    import quelea

    package = os.path.dirname(os.path.dirname(quelea.__file__))
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def rows(folder: str = "study", table: str = "runs.csv") -> list[dict[str, str]]:
    with open(Path(folder) / table, newline="") as file:
        return list(csv.DictReader(file))


def scripted(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def test_sizes_are_arithmetic_and_nothing_else() -> None:
    assert sizes.value("1000*sqrt(ranks) + n//2 - 1", {"ranks": 4, "n": 7}) == 2002
    assert sizes.value("100*cbrt(ranks)", {"ranks": 27}) == 300
    assert sizes.filled(["--n={n}", "{n}x{m}", "{}"], {"n": 3.0, "m": 0.5}) == [
        "--n=3",
        "3x0.5",
        "{}",
    ]
    for text in (
        "__import__('os')",
        "ranks.real",
        "[1]",
        "1/0",
        "ranks if 1 else 2",
        "ranks +",
        "n",
        "'a'*3",
    ):
        with pytest.raises(ValueError):
            sizes.value(text, {"ranks": 4})


def test_words_that_cannot_be_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    script = scripted("a.py", "")
    for words, said in {
        ("no.py",): "there is no script",
        (script, "--n", "{n}"): "--size n=1000",
        ("--size", "n=4", script): "--n {n}",
        ("--ranks", "1,3", "--nodes", "2", script): "multiple",
        ("--ranks", "2", "--per-node", "2", script): "one of them",
        ("--write-only", script): "add --slurm",
        ("--weak", "n=ranks*m", script, "{n}"): "m is not known",
        ("--hosts", "nowhere", script): "nowhere",
        ("--report",): "which study",
        (): "which script",
    }.items():  # fmt: skip
        assert main(words) == 2
        assert said in capsys.readouterr().err, words
    assert not Path("scale-a").exists()


def test_a_study_that_was_killed_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    words = (*STRONG, "--size", "n=64", *JACOBI)
    mark = f"STUDY_{uuid.uuid4().hex}"
    study = subprocess.Popen(
        [sys.executable, "-m", "quelea", "scale", *words],
        env={**os.environ, mark: "1"},
        stdout=subprocess.DEVNULL,
    )
    while not Path("study/runs.csv").exists() or len(rows()) < 2:
        assert study.poll() is None
        time.sleep(0.02)
    study.kill()
    study.wait()
    before = rows()
    end = time.monotonic() + 60
    while job_processes(mark) and time.monotonic() < end:
        time.sleep(0.05)
    assert job_processes(mark) == []
    with open("study/runs.csv", "a") as file:
        file.write("a row that was being wri")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert f"3 run(s), {len(before)} of them done before" in out
    assert rows()[: len(before)] == before
    assert [row["ranks"] for row in rows()] == ["1", "2", "4"]
    assert len({row["answer"] for row in rows()}) == 1
    assert {row["answer_by"] for row in rows()} == {"1 number(s)"}
    assert [(row["ranks"], row["runs"]) for row in rows(table="table.csv")] == [
        ("1", "1"),
        ("2", "1"),
        ("4", "1"),
    ]
    for row in rows():
        parts = ("compute", "communication", "wait", "compile", "python", "other")
        assert sum(float(row[part]) for part in parts) == pytest.approx(
            float(row["seconds"]), abs=1e-5
        )
    # nothing is left to do; other repeats and ranks go on, other arguments are another study
    assert main(words) == 0
    assert len(rows()) == 3
    more = ("--ranks", "1", "--repeats", "2", *words[4:])
    assert main(more) == 0
    assert [row["ranks"] for row in rows()] == ["1", "2", "4", "1"]
    assert main(("--ranks", "1", *words[2:-1], "21")) == 0
    assert "the earlier study is in" in capsys.readouterr().out
    assert len(rows()) == 1 and len(rows("study/before-1")) == 4


def test_weak_studies_have_sizes_of_the_ranks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--ranks", "1,2", "--nodes", "1,2", "--repeats", "1", "--warm", "0", "--out", "study")
    weak = ("--weak", "n=64*sqrt(ranks)", "--work", "n*n")
    words = (*where, *weak, str(EXAMPLES / "gray_scott.py"), "--n", "{n}", "--steps", "4")
    assert main(words) == 0
    assert [row["arguments"] for row in rows()] == ["--n 64 --steps 4", *["--n 91 --steps 4"] * 2]
    assert [row["nodes"] for row in rows()] == ["1", "1", "2"]
    assert float(rows()[2]["communication"]) > 0
    assert rows()[1]["answer"] == rows()[2]["answer"] != rows()[0]["answer"]
    first, second, _ = rows(table="table.csv")
    ratio = float(first["seconds"]) / float(second["seconds"]) * (91 / 64) ** 2
    assert float(second["speedup"]) == pytest.approx(ratio, rel=1e-3)
    assert float(second["efficiency"]) == pytest.approx(ratio / 2, rel=1e-3)
    pictures = [
        f"{name}.{kind}"
        for name in ("speedup", "efficiency", "breakdown")
        for kind in ("png", "svg")
    ]
    drawn = capsys.readouterr().out
    if pytest.importorskip("matplotlib"):
        assert all(
            picture in drawn and Path("study", picture).stat().st_size > 1000
            for picture in pictures
        )
        assert Path("study/speedup.png").read_bytes().startswith(b"\x89PNG")
        assert "gray_scott.py" in "".join(Path("study/table.txt").read_text())
    for module in list(sys.modules):
        if module.split(".")[0] == "matplotlib":
            monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(("--out", "study", "--report")) == 0
    assert "no pictures" in (said := capsys.readouterr().out) and "pip install" in said
    table = Path("study/table.csv").read_bytes()
    monkeypatch.setattr(Study, "key", lambda study: "another")  # the script has been changed
    assert main(("--out", "study", "--report")) == 0
    assert Path("study/table.csv").read_bytes() == table


def test_what_is_predicted_of_messages_is_what_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretended = ("--nodes", "1,2,8", "--per-node", "1", "--repeats", "1", "--warm", "0")
    words = (*JACOBI[:2], "560", "--steps", "400")
    assert main((*pretended, "--out", "study", *words)) == 0
    key = json.loads(Path("study/study.json").read_text())["key"]
    asked = ("study", "--shape", "560,560", "--steps", "400", "--out", "predicted")
    network = ("--latency", "2", "--bandwidth", "10")
    assert predict((*asked, *network, "--ranks", "1,2,8,16384")) == 0
    found = {row["ranks"]: row for row in rows("predicted", "prediction.csv")}
    assert found["16384"]["cells"] == "256x64"
    [alone] = rows("predicted", "prediction-study.csv")
    assert float(alone["predicted"]) == pytest.approx(float(alone["measured"]), rel=1e-3)
    out = capsys.readouterr().out
    assert "assumptions" in out and "no point on several nodes was measured over wires" in out
    # of 8 nodes from what 2 have counted, and of 2 from 8: parts have other shapes, neighbours and depths
    evidence = evidence_of(Path("study"))
    for known, nodes in ((2, 8), (8, 2)):
        seen = [one for one in evidence.seen if one.point.nodes in (1, known)]
        model = Model(
            dataclasses.replace(evidence, seen=seen),
            Network(2e-6, 1e10, 5e-7, 65536, 2e-6),
            "560,560",
        )
        [one] = model.of([nodes], 1)
        geometry, pattern = one.case.geometry, one.case.pattern
        said = json.loads(Path(f"study/runs/{key}/{nodes}x{nodes}-run1.json").read_text())
        counted = said["together"]
        brought = pattern.exchanges * geometry.all_ghosts(pattern.depth)
        assert counted["halo_bytes"] == pytest.approx(8 * brought, rel=0.1)
        assert said["counters"]["agreements"] == pytest.approx(pattern.agreements, rel=0.05)
        if nodes == 8:  # what few nodes have seen says when thin parts exchange more often
            messages = pattern.exchanges * geometry.all_neighbours
            assert counted["halo_messages"] == pytest.approx(messages, rel=0.1)
            more = counted["points"] / (pattern.points * geometry.elements) - 1
            assert one.terms["beyond"] / one.terms["kernels"] == pytest.approx(more, rel=0.4)
    # what says too little is refused
    for more_words, text in {
        (*asked, "--ranks", "1"): "which network",
        (*asked, *network, "--per-node", "2"): "--memory",
        (*asked, *network, "--per-node", "3", "--ranks", "8"): "3 on each",
        ("nowhere", *asked[1:], *network): "no study",
        ("study", "--shape", "n,n", *network): "n is not known",
    }.items():
        assert predict(more_words) == 2
        assert text in capsys.readouterr().err, more_words


WRONG = """
import sys
import quelea as np
u = np.full(5000, 2.0)
if np.size == 3:
    raise RuntimeError("three are too many")
u += np.size == 2
print(f"of {np.size} ranks: {np.digest(u)}, took 0.5 s")
"""


def test_what_fails_and_what_differs_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "--ranks",
        "1,2,3,4",
        "--repeats",
        "1",
        "--warm",
        "0",
        "--out",
        "study",
        scripted("wrong.py", WRONG),
    )
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "the answer on 2 rank(s) on 1 node(s) DIFFERS from 1 rank(s) on 1" in out
    assert "FAILED: status 1" in out and "RuntimeError: three are too many" in out
    assert [row["status"] for row in rows()] == ["ok", "ok", "status 1", "ok"]
    assert rows()[0]["answer"] == rows()[3]["answer"] != rows()[1]["answer"]
    assert {row["answer_by"] for row in rows() if row["status"] == "ok"} == {"digest"}
    assert [line["runs"] for line in rows(table="table.csv")] == ["1", "1", "0", "1"]
    # what failed is run again, and nothing else; what is printed may be the answer, and the time
    assert main(words) == 1
    assert [row["ranks"] for row in rows()] == ["1", "2", "3", "4", "3"]
    printed = ("--ranks", "1", "--repeats", "1", "--warm", "0", "--out", "printed")
    patterns = ("--seconds", r"took ([0-9.]+) s", "--answer", r"of \d+ ranks: (\w+)")
    assert main((*printed, *patterns, "wrong.py")) == 0
    assert (rows("printed")[0]["seconds"], rows("printed")[0]["answer_by"]) == (
        "0.500000",
        "output",
    )


# ---- Slurm ----

SBATCH = """#!/bin/bash
bash "${@: -1}" && echo ended >>%(log)s
echo $(( $(grep -c . %(log)s) + 100 ))
"""


def test_jobs_are_written_submitted_and_collected(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = ("--sbatch=--partition=long --time=10", "--launch", "mpirun --oversubscribe -n {ranks}")
    words = (*slurm, "--nodes", "1", "--per-node", "1,2", "--repeats", "1", "--warm", "1", "--out", "a study",
             "--size", "n=64", *JACOBI)  # fmt: skip
    monkeypatch.setenv("QUELEA_REPLICATE", "-1")
    assert main(("--write-only", *words)) == 0
    script = Path("a study/jobs/n=64-2x1.sh").read_text()
    for line in ("#!/bin/bash", "#SBATCH --nodes=1", "#SBATCH --ntasks=2", "#SBATCH --ntasks-per-node=2",
                 "#SBATCH --partition=long", "#SBATCH --time=10", "export QUELEA_REPLICATE=-1",
                 "export QUELEA_THREADS=1"):  # fmt: skip
        assert line in script.splitlines()
    assert "n=64-2x1-run1 mpirun --oversubscribe -n 2" in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert rows("a study") == []
    assert "EPOCHREALTIME" not in script  # bash 4 has none
    # some by hand, which the report finds
    subprocess.run(["bash", "a study/jobs/n=64-1x1.sh"], check=True)
    assert main(("--out", "a study", "--report")) == 1
    assert [row["ranks"] for row in rows("a study")] == ["1", "1"]
    # the rest by what answers as sbatch and squeue do
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
    Path("bin").mkdir()
    log = folder / "log"
    log.write_text("")
    for name, text in {"sbatch": SBATCH % {"log": log}, "squeue": "#!/bin/sh\n"}.items():
        Path("bin", name).write_text(text)
        Path("bin", name).chmod(0o755)
    assert main(words) == 0
    assert log.read_text() == "ended\n"  # one job: the other point was there
    assert len(rows("a study")) == 4
    assert len({row["answer"] for row in rows("a study")}) == 1
    assert "jobs 101" in capsys.readouterr().out
    # a job that ends before its runs do is an error, and is submitted again the next time
    Path("bin/sbatch").write_text("#!/bin/sh\necho 777\n")
    more = [*words]
    more[more.index("--repeats") + 1] = "2"
    assert main(more) == 1
    assert "its job ended before it did" in capsys.readouterr().out
    # a job of an earlier submission, still in the queue, whose script has fewer runs: the rest has a job of its own
    with open("a study/jobs/submitted", "a") as file:
        file.write("n=64-1x1 55\nn=64-2x1 56\n")
    Path("bin/sbatch").write_text(SBATCH % {"log": log})
    Path("bin/squeue").write_text(
        "#!/bin/sh\n[ -e seen ] || printf '%s R None\\n' 55 56\n: >seen\n"
    )
    assert main(more) == 0
    assert log.read_text() == 3 * "ended\n"
    assert {row["status"] for row in rows("a study")[-2:]} == {"ok"}


# ---- hosts ----


@pytest.fixture
def lab(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    done = subprocess.run([HOSTS, "check"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cluster/hosts: {done.stdout.strip() or done.stderr.strip()}")
    monkeypatch.setenv("QUELEA_LAB", str(tmp_path_factory.mktemp("lab") / "state"))
    keeper = subprocess.Popen(
        [HOSTS, "up", "2", "--hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline().startswith(b"ready")
    yield
    keeper.communicate(timeout=30)


def test_on_hosts(lab: None) -> None:
    words = (
        "--hosts",
        HOSTS,
        "--nodes",
        "1,2",
        "--per-node",
        "1",
        "--repeats",
        "1",
        "--warm",
        "0",
        "--out",
        "study",
    )
    assert main((*words, "--size", "n=64", *JACOBI)) == 0
    assert [row["hosts"] for row in rows()] == ["h0", "h0 h1"]
    assert len({row["answer"] for row in rows()}) == 1
