"""Raters with known habits, who judge a study as they would: what a summary must find again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from napari_latent_explain.review import ReviewSession, Role
from napari_latent_explain.review.shown import pictures_of

TRUTH = {  # what each direction of the small study "is"
    "layer:0:+": ("known_sign", "hard exudates", "hard_exudates", (0.3, 0.4)),
    "layer:1:+": ("artefact", "strange smear", "other", (0.8, 0.8)),
    "layer:2:+": ("confounder", "darker edge of the field", "field_edge", (0.5, 0.95)),
    "layer:3:+": ("plausible_novel", "vessels get thinner", "vessels", (0.6, 0.5)),
    "layer:4:+": ("known_sign", "optic disc paler", "optic_disc", (0.7, 0.5)),
}
VERDICTS = ("known_sign", "plausible_novel", "confounder", "artefact", "cannot_tell")


@dataclass
class Rater:
    """Careful by default; `chance` answers at random, `always` always the same, `tires` gets worse towards the end."""

    name: str
    chance: float = 0.0
    always: str = ""
    tires: bool = False
    sees: float = 1.0

    def rng(self, session: ReviewSession) -> random.Random:
        return random.Random(f"{self.name}:{session.trial.number}")

    def _guesses(self, session: ReviewSession, rng: random.Random) -> bool:
        share = session.trial.number / len(session.trials) if self.tires else 1.0
        return rng.random() < (self.chance if not self.tires else 0.9 * share)

    def steps(self, session: ReviewSession) -> list[tuple[str, object]]:
        """(question, answer) of the trial on show."""
        rng, trial = self.rng(session), session.trial
        if session.study.protocol.forced_choice:
            on_left = pictures_of(session.study, trial)[0].role is Role.ORIGINAL
            right = (
                ("left" if on_left else "right") if not self._guesses(session, rng) else rng.choice(["left", "right"])
            )
            return [("photograph", self.always or right), ("confidence", 3)]
        if trial.kind == "catch" and not self._guesses(session, rng) and not self.always:
            return [("changed", "no"), ("confidence", 5)]
        verdict, words, finding, (x, y) = TRUTH[session.study.item(trial.item).direction]
        if self._guesses(session, rng):
            verdict, words = rng.choice(VERDICTS), rng.choice(["dots", "colour", "blur", "lines", "spots"])
        verdict = self.always or verdict
        mark = [{"x": x + rng.uniform(-0.02, 0.02), "y": y + rng.uniform(-0.02, 0.02)}]
        return [
            ("changed", "yes"), ("what", words), ("findings", [finding]), ("plausibility", rng.choice([4, 5])),
            ("verdict", verdict), ("where", mark), ("confidence", rng.choice([3, 4, 5])),
        ]  # fmt: skip

    def review(self, study, folder, clock, most: int = 10**6) -> None:
        session = ReviewSession.open(study, folder, self.name, now=clock)
        for _ in range(most):
            for question, answer in self.steps(session):
                session.answer(answer, question)
            session.lock()
            if not session.next():
                break
        session.close()
