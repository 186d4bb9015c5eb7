"""What a study will be, in plain words: its protocol, its size, the time it takes. No Qt."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from napari_latent_explain.review import Role, trials_of

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError

    from napari_latent_explain._qt.model_shelf import ModelChoice
    from napari_latent_explain.cohort.study_plan import StudyPlan
    from napari_latent_explain.review import Protocol, Question, Study

__all__ = [
    "said_left", "said_model", "said_plan", "said_protocol", "said_refusal", "said_shares", "said_study", "said_time",
]  # fmt: skip

SECONDS_A_PHOTOGRAPH = 30
"""On a main processor, roughly; it is only said before anything was measured."""

_ROLES = {
    Role.ORIGINAL: "the photograph",
    Role.COUNTERFACTUAL: "the photograph with all changes that make the classifier decide otherwise",
    Role.MORE: "more of a direction",
    Role.LESS: "less of a direction",
    Role.DIFFERENCE: "a map of what differs",
}
_FIELDS = {
    "catch_share": "Catch trials", "repeat_share": "Repeats", "washout_days": "Washout",
}  # fmt: skip
_BOUNDS = {"less_than_equal": ("le", "at most"), "greater_than_equal": ("ge", "at least")}


def _answers(question: Question) -> str:
    if question.kind == "text":
        return "own words"
    if question.kind == "marks":
        return "marks in the pictures"
    if question.kind == "scale":
        return f"{question.low} {question.low_label} ... {question.high} {question.high_label}"
    return ", ".join(option.label for option in question.keys)


def _condition(question: Question, protocol: Protocol) -> str:
    if question.only_if is None:
        return ""
    labels = {option.code: option.label for option in protocol.question(question.only_if.question).keys}
    return "; only after " + " or ".join(f"'{labels.get(code, code)}'" for code in question.only_if.answers)


def said_shares(protocol: Protocol) -> str:
    """Say what raters see besides every item once."""
    said = ["Every rater sees every item once, in an order of their own."]
    if protocol.catch_share:
        said.append(
            f"Catch trials, in which nothing was changed, are added: {100 * protocol.catch_share:g} for every 100 items."
        )
    else:
        said.append("There are no catch trials.")
    if not protocol.repeat_share:
        said.append("Nothing is shown twice.")
        return " ".join(said)
    when = (
        f"in a second series, {_count(protocol.washout_days, 'day')} after the first at the earliest"
        if protocol.washout_days
        else "towards the end"
    )
    said.append(f"{100 * protocol.repeat_share:g} of every 100 items are shown again {when}.")
    return " ".join(said)


def said_protocol(protocol: Protocol) -> str:
    """Say how a study is done, as HTML: what raters read, what they see and what they are asked."""
    shown = ", ".join(_ROLES[role] for role in protocol.shows)
    named = (
        "are called what they are" if protocol.labelled else "are called A, B, C; which end is left is drawn each time"
    )
    asked = "".join(
        f"<li>{escape(question.text)} <i>({escape(_answers(question))}{'' if question.required else '; may be left out'}"
        f"{escape(_condition(question, protocol))})</i></li>"
        for question in protocol.questions
    )
    after = "can be changed later" if protocol.may_change else "can't be changed once a trial is locked"
    shows = "are shown after the lock" if protocol.reveals else "are never shown to raters"
    return (
        f"<p><b>Raters read:</b> {escape(protocol.instructions)}</p>"
        f"<p><b>Each trial shows:</b> {shown}. The pictures {named}.</p>"
        f"<p><b>Raters are asked:</b></p><ol>{asked}</ol>"
        f"<p><b>Order:</b> {said_shares(protocol)}</p>"
        f"<p><b>Answers</b> {after}. The direction and the classifier's scores {shows}.</p>"
    )


def said_refusal(error: ValidationError) -> str:
    """Say in a sentence why a protocol can't be changed in this way."""
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    named = _FIELDS.get(field, field) or "The protocol"
    if first["type"] in _BOUNDS:
        key, bound = _BOUNDS[first["type"]]
        limit = first["ctx"][key]
        amount = f"{100 * limit:g} % of the items" if field.endswith("share") else f"{limit:g} days"
        return f"{named}: {bound} {amount}."
    return f"{named}: {first['msg'].removeprefix('Value error, ')}."


def said_plan(plan: StudyPlan, photographs: int) -> str:
    """Say how much a study asks of its raters, and of whoever waits for it to be made."""
    items, catches, repeats = plan.trials(photographs)
    if plan.protocol.items == "directions":
        size = f"{_count(photographs, 'photograph')} x {_count(plan.items_a_photograph, 'direction')} = {_count(items, 'item')}, "
        size += "fewer if the model has fewer directions."
    else:
        size = f"{_count(photographs, 'photograph')} = {_count(items, 'item')}."
    titled = f"'{plan.title}', with the protocol " if plan.title != plan.protocol.title else "Protocol "
    trials = f"{_count(items + catches + repeats, 'trial')} a rater"
    if catches or repeats:
        more = [_count(catches, "catch trial")] * bool(catches) + [_count(repeats, "repeat")] * bool(repeats)
        trials += f" ({' and '.join(more)} among them)"
    raters = ", ".join(plan.raters) if plan.raters else "anyone who has the folder"
    whole = said_time(SECONDS_A_PHOTOGRAPH * photographs)
    return (
        f"{titled}'{plan.protocol.title}'.\n\n{size} {trials}.\n"
        f"Raters: {raters}.\n"
        f"Time: roughly {SECONDS_A_PHOTOGRAPH} s a photograph on a main processor with nothing else to do, {whole} in all; "
        "less on a graphics processor. The window can be used meanwhile."
    )


def said_model(choice: ModelChoice) -> str:
    """Say which model explains the photographs, with which directions."""
    model = choice.bundle.name if choice.bundle is not None else "the default one"
    directions = f"those of {choice.directions}" if choice.directions is not None else "the model's own"
    return f"Model: {model}, device {choice.device}. Directions: {directions}"


def said_study(study: Study, folder: Path, left_out: int) -> str:
    """Say what was made."""
    trials = len(trials_of(study, study.raters[0] if study.raters else "anyone"))
    cases = len({item.photograph for item in study.items})
    said = (
        f"The study is made: {_count(len(study.items), 'item')} of {_count(cases, 'photograph')}, "
        f"{_count(trials, 'trial')} a rater.\nIt lies in {folder}"
    )
    return said + (f"\n\n{_count(left_out, 'photograph')} left out:" if left_out else "")


def said_time(seconds: float) -> str:
    """Say a length of time as roughly as it is known."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def said_left(elapsed: float, done: float) -> str:
    """Say how long it will still take; empty while that can't be told."""
    if elapsed < 3 or not 0.01 < done < 1:
        return ""
    return f"{said_time(elapsed * (1 - done) / done)} left"


def _count(number: int, of: str) -> str:
    return f"{number} {of}" + ("" if number == 1 else "s")
