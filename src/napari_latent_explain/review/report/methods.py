"""Methods, written from the protocol and the study."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from napari_latent_explain.review.protocol import Role
from napari_latent_explain.review.report.setting import bullets, heading, text
from napari_latent_explain.review.report.wording import counted
from napari_latent_explain.review.sequence import trials_of

if TYPE_CHECKING:
    from napari_latent_explain.review.protocol import Protocol, ValidationRule
    from napari_latent_explain.review.question import Question
    from napari_latent_explain.review.study import Study
    from napari_latent_explain.review.summary import StudySummary

__all__ = ["methods", "rule_in_words"]

_CALLED = {
    Role.ORIGINAL: "the photograph",
    Role.COUNTERFACTUAL: "its counterfactual",
    Role.MORE: "more of the direction",
    Role.LESS: "less of it",
    Role.DIFFERENCE: "the difference",
}


def methods(study: Study, summary: StudySummary) -> list[Any]:
    """Lay out how the study was done."""
    protocol = study.protocol
    return [
        heading("Methods"),
        heading("What was judged", "part"),
        text(_what(study)),
        text(_pictures(study)),
        heading("Order and blinding", "part"),
        text(_order(study)),
        text(_controls(study)),
        text(_hidden(protocol)),
        text(_changes(protocol)),
        heading("What raters read and were asked", "part"),
        text(f"Instructions, word for word: {protocol.instructions}"),
        heading("Questions, word for word, in their order", "small part", room=90),
        *(part for number, one in enumerate(protocol.questions, start=1) for part in _question(number, one, protocol)),
        heading("Rule of validation", "part"),
        text(rule_in_words(protocol)),
        heading("Statistics", "part"),
        *_statistics(summary),
    ]


def _what(study: Study) -> str:
    cases = len({item.case for item in study.items})
    if study.protocol.items == "directions":
        directions = len({item.direction for item in study.items})
        what = f"An item is one direction in one photograph; there are {counted(directions, 'direction')}"
    else:
        what = "An item is a photograph and its whole counterfactual"
    eyes = Counter(item.laterality.value for item in {i.case: i for i in study.items}.values() if item.laterality)
    known = ", ".join(f"{number} {eye}" for eye, number in sorted(eyes.items()))
    shows = [_CALLED[role] for role in study.protocol.shows]
    return (
        f"The study has {counted(len(study.items), 'item')} of {counted(cases, 'photograph')}"
        f"{f' ({known})' if known else ''}. {what}. A trial shows, side by side, {', '.join(shows[:-1])} and {shows[-1]}."
    )


def _pictures(study: Study) -> str:
    simulated = sum(item.simulated for item in study.items)
    drawn = f" The photographs of {simulated} of {len(study.items)} items were drawn by a program." if simulated else ""
    return (
        "Altered pictures were made ahead of the study by a generator that was trained to explain the classifier (StylEx; Lang "
        "et al. 2021). A direction moves one style coordinate, or a few, of the photograph's code s to s'. What raters see "
        "is the composite x + (G(s') - G(s)): the photograph x itself, plus the difference that the move makes to the "
        f"generator's picture G. So what the generator can't draw of a photograph is not lost from it.{drawn}"
    )


def _order(study: Study) -> str:
    turned = (
        "the pictures on the two sides change places in about half of the trials, and the photograph stays in the middle"
        if len(study.protocol.shows) == 3
        else "the two pictures change places in about half of the trials"
    )
    return (
        "Each rater is shown all items in an order of his or her own, drawn from the study's SHA-256, the seed "
        f"{study.seed} and the rater's pseudonym, so that it can be drawn again. In the same way {turned}."
    )


def _controls(study: Study) -> str:
    kinds = Counter(trial.kind for trial in trials_of(study, "rater"))
    trials = sum(kinds.values())
    said = [f"For each rater there {'is' if trials == 1 else 'are'} {counted(trials, 'trial')}: "]
    said.append(counted(kinds["first"], "first judgement"))
    said.append(
        f", {counted(kinds['catch'], 'catch trial')} in which every picture is a photograph and nothing was changed"
        if kinds["catch"]
        else ", no catch trials"
    )
    days = study.protocol.washout_days
    said.append(
        f", and {counted(kinds['repeat'], 'repeat')} of items judged before. Repeats "
        + (
            f"began {counted(days, 'day')} or more after the last first judgement."
            if days
            else "stood in the last third."
        )
        if kinds["repeat"]
        else ", and no repeats."
    )
    return "".join(said)


def _hidden(protocol: Protocol) -> str:
    called = (
        "what they are"
        if protocol.labelled
        else "letters alone" + (", and the photograph in the middle by its name" if len(protocol.shows) == 3 else "")
    )
    until = (
        "until the trial, and every repeat of its item, was locked; then they were shown"
        if protocol.reveals
        else "throughout: they were never shown to raters"
    )
    return (
        f"Pictures were called by {called}. Which direction was moved, towards which class, what the classifier says of each "
        f"picture, and whether a trial was a catch trial or a repeat, was hidden {until}. Raters did not see one "
        "another's answers."
    )


def _changes(protocol: Protocol) -> str:
    if protocol.may_change:
        return "Raters could open locked trials again and change their answers. Every change is kept in the records."
    return (
        "Raters could change an answer until they locked its trial, and not after; nobody else could. What was taken back "
        "is kept in the records."
    )


def _question(number: int, question: Question, protocol: Protocol) -> list[Any]:
    """The question, and what could be answered."""
    if question.kind == "scale":
        answers = f"Answer: {question.low} ({question.low_label}) to {question.high} ({question.high_label})."
    elif question.kind == "marks":
        answers = f"Answer: points and boxes in the pictures, {question.most} at most."
    elif question.kind == "text":
        answers = f"Answer: free text, {question.longest} characters at most."
    else:
        options = (o.label + (f" ({o.hint})" if o.hint else "") for o in question.keys)
        answers = f"Answer: {'any' if question.kind == 'findings' else 'one'} of " + "; ".join(options) + "."
    if question.only_if is not None:
        earlier = protocol.question(question.only_if.question)
        labels = {option.code: option.label for option in earlier.keys}
        wanted = " or ".join(f"'{labels.get(code, code)}'" for code in question.only_if.answers)
        answers += f" Asked only where '{earlier.text}' was answered with {wanted}."
    if not question.required:
        answers += " It could be left open."
    hint = f" ({question.hint})" if question.hint else ""
    return [heading(f"{number}. {question.text}{hint}", "small part"), text(answers)]


def rule_in_words(protocol: Protocol) -> str:
    """Say when a direction counts as validated."""
    rule = protocol.rule
    if rule is None:
        return "The protocol has no rule: no direction is called validated."
    if protocol.items != "directions":
        return "The protocol has a rule, but it is for single directions; this study judges whole counterfactuals."
    return f"A direction counts as validated if {_conditions(rule, protocol)} Catch trials and repeats do not count."


def _conditions(rule: ValidationRule, protocol: Protocol) -> str:
    question = protocol.question(rule.question)
    labels = {option.code: option.label for option in question.keys}
    accepted = ", ".join(f"'{labels.get(code, code)}'" for code in rule.accepted)
    said = (
        f"{counted(rule.least_raters, 'rater')} or more judged it, {counted(rule.least_ratings, 'time')} or more in all, and at "
        f"least {100 * rule.least_share:g} % of these judgements answer '{question.text}' with one and the same of these: "
        f"{accepted}"
    )
    if rule.plausibility is not None and rule.least_plausibility is not None:
        scale = protocol.question(rule.plausibility).text
        said += f"; and the mean answer to '{scale}' is {rule.least_plausibility:g} or more"
    return said + ". A trial in which that question was not asked counts as a judgement that does not agree."


def _statistics(summary: StudySummary) -> list[Any]:
    found = [one for question in summary.agreement for one in question.coefficients]
    draws = next((f" ({one.draws} resamples)" for one in found if one.draws), "")
    return [
        text("Agreement is measured on first judgements alone, of items that two raters or more answered:"),
        bullets(
            (
                "percent agreement: the mean over items of the share of pairs of raters that agree (P of Fleiss 1971);",
                "Krippendorff's alpha (Krippendorff 2011), nominal for names, ordinal for scales;",
                "Fleiss' kappa (Fleiss 1971), which takes all answers as names;",
                (
                    "Cohen's kappa between two raters (Cohen 1960), for scales with quadratic weights (Cohen 1968). It also "
                    "measures how far a rater repeats his or her own answers."
                ),
            )
        ),
        text(
            f"Brackets hold 95 % intervals. Those of coefficients and means are percentile intervals of a bootstrap{draws} that "
            "draws cases, with all that was said of a case (Efron 1979; Davison & Hinkley 1997); with fewer than 10 cases there "
            "is none. Those of shares are exact binomial intervals (Clopper & Pearson 1934), which take answers as independent; "
            "answers of several raters to one picture are not, so these intervals are too narrow where raters are put together. "
            "A coefficient is undefined where nothing varies or nothing can be compared; it is then called so, and is not 0."
        ),
    ]
