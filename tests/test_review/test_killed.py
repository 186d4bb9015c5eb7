"""Fifty kills at random moments of a review: no locked answer is lost, and it goes on each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_latent_explain.review import rater_file, read_chain
from napari_latent_explain.review.standing import standing

KILLS = 50

# One program that has everything loaded: it starts reviews by forking, and kills them.
_KILLER = """
import json, os, random, signal, sys, time
from importlib import util
from pathlib import Path

from napari_latent_explain.review import ReviewSession, Study

spec = util.spec_from_file_location("raters", sys.argv[2])
raters = util.module_from_spec(spec)
sys.modules["raters"] = raters
spec.loader.exec_module(raters)
folder, rng = Path(sys.argv[1]), random.Random(7)
study = Study.open(folder)
said = {}

def review(name, pipe):
    session = ReviewSession.open(study, folder, name)
    os.write(pipe, b"ready\\n")
    rater = raters.Rater(name)
    while not session.finished:
        for question, answer in rater.steps(session):
            session.answer(answer, question)
        session.lock()
        os.write(pipe, f"{session.trial.id}\\n".encode())
        session.next()

rounds, number = 0, 0
while rounds < int(sys.argv[3]):
    name = f"r{number}"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            review(name, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        if rounds % 5:  # after so many trials; else somewhere in the opening
            heard = [pipe.readline().strip() for _ in range(rng.randint(1, 3))]
        else:
            heard = []
        time.sleep(rng.uniform(0.0, 0.12))
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        heard += [line.strip() for line in pipe]
    said.setdefault(name, []).extend(line for line in heard if line not in ("", "ready"))
    rounds, number = (rounds + 1, number) if ended == 0 else (rounds, number + 1)
print(json.dumps(said))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_locked_answer_is_lost_in_fifty_kills(make, tmp_path):
    folder = tmp_path / "study"
    study = make(folder, photographs=12, directions=5)
    raters = Path(__file__).with_name("raters.py")
    done = subprocess.run(
        [sys.executable, "-c", _KILLER, str(folder), str(raters), str(KILLS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert sum(map(len, said.values())) >= KILLS // 2  # it got somewhere between the kills
    for rater, locked in said.items():
        (records,) = read_chain(rater_file(folder, rater), study.sha256)
        stands = standing(records, study.protocol)
        assert set(locked) <= set(stands.locked)
        for trial in locked:
            assert {"changed", "confidence"} <= set(stands.of(trial))
