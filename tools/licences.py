"""The licences of everything that this package needs, as the installed packages state them.

The base is what `pip install napari-latent-explain` brings; each extra is listed with what it brings beyond the base.

    python tools/licences.py                    # Markdown tables; --json for programs
    python tools/licences.py --check            # fails where the base has a GPL or AGPL licence, or one that can't be read
    python tools/licences.py --write docs/supply-chain.md

Only what is stated counts: a library that somebody packed into a wheel without saying so in a form that can be read is not
found. This needs `packaging` and the standard library alone, so that it runs wherever the package is installed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from importlib.metadata import Distribution
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = "napari-latent-explain"
BEGIN, END = "<!-- licences: begin -->", "<!-- licences: end -->"

Finder = Callable[[str], Distribution | None]

# Packages of the base whose licence their own metadata doesn't say, or that are kept in spite of what it says; with the reason.
EXCEPTIONS: dict[str, str] = {}

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
}
WORDS = {  # what the free field License says, in small letters and without "license" at the end, where it is sure
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "osi approved :: apache software": "Apache-2.0",
    "2-clause bsd": "BSD-2-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "isc": "ISC",
    "mit": "MIT",
    "the mit": "MIT",
    "lgpl v3": "LGPL-3.0-only",
    "mpl 2.0": "MPL-2.0",
}
NOTHING = {
    "license",  # the name of a file
    "licence",
    "",
    "unknown",
    "none",
    "osi approved",
    "dfsg approved",
    "other/proprietary license",
    "proprietary",
    "bsd",
    "bsd license",
}


class Copyleft(IntEnum):
    """What a licence asks of those who pass the work on; a larger number asks more."""

    NONE = 0
    WEAK = (
        1  # of changes to the work itself, or that it can be exchanged: LGPL, MPL, a GPL with an exception for linking
    )
    STRONG = 2  # of everything that is passed on with it: GPL, AGPL


@dataclass(frozen=True)
class Entry:
    """A package that is needed, with its licence.

    Attributes
    ----------
    licence
        An SPDX expression where that is sure; else the package's own words; empty where nothing can be read.
    packed_in
        The licences that its licence files list beside (Debian's form, "License: ..."): of libraries in its wheel, of single
        files.
    copyleft
        The name of a `Copyleft`: the strongest of `licence` and `packed_in`.
    needed_by
        The package through which it came first.
    """

    name: str
    version: str
    licence: str
    packed_in: tuple[str, ...]
    copyleft: str
    needed_by: str


def copyleft_of(licence: str) -> Copyleft:
    """What `licence` asks for: the least of alternatives (OR), the most of what applies together (AND)."""
    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return _copyleft_of_name(licence)
    return _Alternatives(licence).read()


def _copyleft_of_name(name: str) -> Copyleft:
    words = name.lower()
    if re.search(r"agpl|affero", words):
        return Copyleft.STRONG
    if re.search(r"lgpl|lesser|library general public|\bmpl|mozilla|\bepl|eclipse public|cddl|eupl", words):
        return Copyleft.WEAK
    if re.search(r"gpl|general public licen[cs]e", words):
        return Copyleft.WEAK if re.search(r" with |exception", words) else Copyleft.STRONG
    return Copyleft.NONE


class _Alternatives:
    """Reads an SPDX expression: OR binds less than AND, AND less than WITH; brackets."""

    def __init__(self, expression: str) -> None:
        self._left = re.findall(r"[()]|[^\s()]+", expression)[::-1]

    def read(self) -> Copyleft:
        strongest = self._together()
        while self._next_is("or"):
            self._left.pop()
            strongest = min(strongest, self._together())
        return strongest

    def _together(self) -> Copyleft:
        strongest = self._one()
        while self._next_is("and"):
            self._left.pop()
            strongest = max(strongest, self._one())
        return strongest

    def _one(self) -> Copyleft:
        name = self._left.pop()
        if name == "(":
            inner = self.read()
            self._left.pop()
            return inner
        if self._next_is("with"):
            self._left.pop()
            name += f" with {self._left.pop()}"
        return _copyleft_of_name(name)

    def _next_is(self, word: str) -> bool:
        return bool(self._left) and self._left[-1].lower() == word


def licence_of(distribution: Distribution) -> str:
    """Return the licence of an installed package: License-Expression, else what License and the classifiers say together.

    Several classifiers may mean alternatives or that all apply; they don't say, so all are taken to apply. Where the field
    License names one that asks for less than the classifiers do, both are taken to apply.
    """
    metadata = distribution.metadata
    if expression := (metadata.get("License-Expression") or "").strip():
        return _spdx(expression) or expression
    classifiers = [
        line.split(" :: ")[-1] for line in metadata.get_all("Classifier") or () if line.startswith("License ::")
    ]
    field = _from_field((metadata.get("License") or "").strip())
    stated = [CLASSIFIERS.get(name, name) for name in classifiers if name.lower() not in NOTHING]
    text = "" if field or stated else _from_text(next(_licence_texts(distribution), ""))
    if field and (not stated or copyleft_of(field) >= max(map(copyleft_of, stated))):
        return field
    together = list(dict.fromkeys([field, *stated] if field else stated))
    unsure = next((name for name in classifiers if name.startswith("BSD")), "")
    return _join(together) or text or unsure


def _from_field(words: str) -> str:
    short = re.sub(r"\s+licen[cs]e$", "", words.lower())
    if words.lower() in NOTHING or short in NOTHING:
        return ""
    if len(words) > 80 or "\n" in words:
        return _from_text(words)
    return WORDS.get(short) or _spdx(words) or words


def _from_text(text: str) -> str:
    """Return the licence whose own words `text` begins with."""
    if whole := re.match(r"Files: \*\n(?:.*\n)*?\s*License: (.+)", text):  # Debian's form
        return _spdx(whole[1])
    words = " ".join(text[:4000].split()).lower()
    if "redistribution and use in source and binary forms" in words:
        return (
            "BSD-3-Clause" if re.search(r"neither the names? of|may not be used to endorse", words) else "BSD-2-Clause"
        )
    if "permission is hereby granted, free of charge, to any person obtaining a copy" in words:
        return "MIT"
    if words.startswith("apache license version 2.0"):
        return "Apache-2.0"
    gnu = re.match(r"(?:the )?gnu (affero |lesser |library )?general public license", words)
    return gnu[0].upper() if gnu else ""


def packed_in(distribution: Distribution) -> tuple[str, ...]:
    """Return the licences that the package's own licence texts list in lines "License: ..." (Debian's form)."""
    texts = [distribution.metadata.get("License") or "", *_licence_texts(distribution)]
    named = re.findall(r"^[ \t]*License:[ \t]*(\S.{0,79})$", "\n".join(texts), re.MULTILINE)
    return tuple(dict.fromkeys(spdx for spdx in map(_spdx, named) if spdx))


def _licence_texts(distribution: Distribution) -> Iterator[str]:
    for file in distribution.files or ():
        if ".dist-info" in str(file) and re.match(r"licen[cs]e|copying", file.name.lower()):
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                yield path.read_text("utf-8", errors="replace")


def _spdx(words: str) -> str:
    try:
        return str(canonicalize_license_expression(words))
    except InvalidLicenseExpression:
        return ""


def _join(licences: list[str]) -> str:
    return " AND ".join(f"({one})" if " OR " in one and len(licences) > 1 else one for one in licences)


def installed(name: str) -> Distribution | None:
    """Return the installed package called `name`."""
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def needed(root: str, extras: Iterable[str] = (), find: Finder = installed) -> dict[str, str]:
    """Walk what `root` with `extras` needs here (markers evaluated); name of each package and of the one that needs it first.

    Raises
    ------
    LookupError
        If `root` isn't installed.
    """
    if find(root) is None:
        raise LookupError(f"{root} is not installed here: install it first, then ask for its licences")
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(root), frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop(0)
        distribution = find(name)
        for line in (distribution.requires or ()) if distribution else ():
            requirement = Requirement(line)
            active = [extra for extra in ("", *sorted(wanted)) if (name, extra) not in seen]
            marker = requirement.marker
            if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in active):
                continue
            needs = canonicalize_name(requirement.name)
            if needs != canonicalize_name(root):
                found.setdefault(needs, name)
            waiting.append((needs, frozenset(requirement.extras)))
        seen.update((name, extra) for extra in ("", *wanted))
        waiting = [item for item in waiting if not {(item[0], extra) for extra in ("", *item[1])} <= seen]
    return found


def entries(packages: Mapping[str, str], find: Finder = installed) -> list[Entry]:
    """Return an entry for each of `packages` (what `needed` returns), by name; no version where it isn't installed."""
    out = []
    for name, needed_by in sorted(packages.items()):
        distribution = find(name)
        licence = licence_of(distribution) if distribution else ""
        version = distribution.version if distribution else ""
        beside = tuple(one for one in packed_in(distribution) if one != licence) if distribution else ()
        strongest = max(map(copyleft_of, (licence, *beside)))
        out.append(Entry(name, version, licence, beside, strongest.name.lower(), needed_by))
    return out


def listing(root: str = ROOT, find: Finder = installed) -> dict[str, list[Entry]]:
    """Return the entries of the base and, for each extra, what it brings beyond the base."""
    base = needed(root, (), find)
    groups = {"base": entries(base, find)}
    distribution = find(root)
    extras = (distribution.metadata.get_all("Provides-Extra") or ()) if distribution else ()
    for extra in sorted(extras, key=lambda extra: (extra == "all", extra)):
        more = {name: by for name, by in needed(root, (extra,), find).items() if name not in base}
        groups[extra] = entries(more, find)
    return groups


def problems(base: Iterable[Entry], exceptions: Mapping[str, str] = EXCEPTIONS) -> list[str]:
    """Return what is wrong with the licences of the base, a sentence each."""
    out = []
    for entry in base:
        if entry.name in exceptions:
            if not exceptions[entry.name].strip():
                out.append(f"{entry.name} is excepted without a reason")
        elif not entry.version:
            out.append(
                f"{entry.name} (needed by {entry.needed_by}) is not installed, so that its licence can't be read"
            )
        elif not entry.licence:
            out.append(f"{entry.name} {entry.version} (needed by {entry.needed_by}) has no licence that can be read")
        elif entry.copyleft == "strong":
            out.append(f"{entry.name} {entry.version} (needed by {entry.needed_by}) is under {_words(entry)}")
    return out


def _words(entry: Entry) -> str:
    words = entry.licence or "none that can be read"
    return words + (f"; in it: {', '.join(entry.packed_in)}" if entry.packed_in else "")


def markdown(groups: Mapping[str, list[Entry]]) -> str:
    """Return tables of all groups; in an extra that holds others, only what they don't have."""
    out, listed = [], set()
    for group, packages in groups.items():
        new = [entry for entry in packages if group == "base" or entry.name not in listed]
        listed.update(entry.name for entry in new if group != "base")
        title = f"Base: {len(packages)} packages" if group == "base" else f"Extra `{group}`: {len(packages)} more"
        if len(new) < len(packages):
            title += f", {len(packages) - len(new)} of them above"
        out += [f"### {title}", ""]
        if new:
            out += ["| package | version | licence | needed by |", "|---|---|---|---|"]
        for entry in new:
            licence = _words(entry).replace("|", "/")
            mark = {"strong": f"**{licence}**", "weak": f"*{licence}*"}.get(entry.copyleft, licence)
            out.append(f"| {entry.name} | {entry.version or 'not installed here'} | {mark} | {entry.needed_by} |")
        out += [""] if new else []
    return "\n".join(out).rstrip() + "\n"


def write_into(page: Path, tables: str) -> None:
    """Put `tables` between the two marks in the file `page`.

    Raises
    ------
    ValueError
        If the page lacks the marks.
    """
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {BEGIN} and {END}, between which the tables go")
    page.write_text(f"{before}{begin}\n\n{tables}\n{end}{after}", "utf-8")


def main() -> int:
    """List the licences, or check those of the base."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="only check the base; exit status 1 if something is wrong")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this Markdown file")
    arguments = parser.parse_args()

    groups = listing()
    if arguments.check:
        wrong = problems(groups["base"])
        for sentence in wrong:
            print(sentence, file=sys.stderr)
        weak = ", ".join(f"{entry.name} ({_words(entry)})" for entry in groups["base"] if entry.copyleft == "weak")
        excepted = ", ".join(entry.name for entry in groups["base"] if entry.name in EXCEPTIONS)
        print(f"base: {len(groups['base'])} packages; weak copyleft: {weak or 'none'}; excepted: {excepted or 'none'}")
        return 1 if wrong else 0
    if arguments.json:
        print(
            json.dumps({group: [asdict(entry) for entry in packages] for group, packages in groups.items()}, indent=1)
        )
    elif arguments.write:
        write_into(arguments.write, markdown(groups))
    else:
        print(markdown(groups), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
