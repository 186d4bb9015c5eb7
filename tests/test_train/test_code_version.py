from __future__ import annotations

import subprocess
from pathlib import Path

from napari_latent_explain.train.code_version import code_commit


def test_the_commit_is_that_of_the_checkout(tmp_path: Path) -> None:
    assert code_commit(tmp_path) is None

    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    assert code_commit(tmp_path) is None
    (tmp_path / "a.py").write_text("1\n")
    git("add", "a.py")
    git("commit", "-qm", "one")
    head = git("rev-parse", "HEAD")
    assert code_commit(tmp_path) == head
    (tmp_path / "b.txt").write_text("not tracked\n")
    assert code_commit(tmp_path) == head
    (tmp_path / "a.py").write_text("2\n")
    assert code_commit(tmp_path) == head + "+"
    (tmp_path / "env").mkdir()
    assert code_commit(tmp_path / "env") is None
