"""The licences of dependencies are read and judged rightly, on packages made up for it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BSD3 = "Redistribution and use in source and binary forms ... Neither the name of the author nor ..."


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", ROOT / "tools" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module's names
    spec.loader.exec_module(module)
    return module


class Shelf:
    """A folder of installed packages that consist of their metadata."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, *lines: str, needs: tuple[str, ...] = (), text: str = "") -> None:
        info = self.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        header = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines]
        (info / "METADATA").write_text("\n".join([*header, *(f"Requires-Dist: {need}" for need in needs), ""]))
        record = [f"{info.name}/METADATA,,"]
        if text:
            (info / "LICENSE.txt").write_text(text)
            record.append(f"{info.name}/LICENSE.txt,,")
        (info / "RECORD").write_text("\n".join(record))

    def find(self, name: str) -> Distribution | None:
        return next(iter(distributions(name=name, path=[str(self.folder)])), None)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.mark.parametrize(
    ("licence", "strength"),
    [
        ("MIT", "NONE"),
        ("BSD-3-Clause AND MPL-2.0", "WEAK"),
        ("LGPL-3.0-only", "WEAK"),
        ("GPL-3.0-only", "STRONG"),
        ("AGPL-3.0-or-later", "STRONG"),
        ("MIT OR GPL-2.0-only", "NONE"),
        ("MIT AND GPL-2.0-only", "STRONG"),
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", "WEAK"),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", "NONE"),  # AND binds closer
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", "STRONG"),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", "WEAK"),
        ("GNU General Public License v2", "STRONG"),
        ("GNU Lesser General Public License", "WEAK"),
        ("GNU Affero General Public License", "STRONG"),
        ("NVIDIA Proprietary Software", "NONE"),
        ("", "NONE"),
    ],
)
def test_what_a_licence_asks_for(licences: ModuleType, licence: str, strength: str) -> None:
    assert licences.copyleft_of(licence).name == strength


@pytest.mark.parametrize(
    ("lines", "text", "licence"),
    [
        (["License-Expression: Apache-2.0 OR MIT", "License: GPL"], "", "Apache-2.0 OR MIT"),
        (["License: BSD 3-Clause License"], "", "BSD-3-Clause"),
        (["License: mit"], "", "MIT"),
        (["License: BSD", "Classifier: License :: OSI Approved :: BSD License"], BSD3, "BSD-3-Clause"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"], "", "MIT"),
        (["Classifier: License :: OSI Approved :: BSD License"], "", "BSD License"),  # of how many clauses isn't sure
        (["License: Own Licence 1.2"], "", "Own Licence 1.2"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved"], "", ""),
        ([], "", ""),
        (  # a field that says less than the classifier
            ["License: MIT", "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"],
            "",
            "MIT AND GPL-3.0-only",
        ),
        (
            [
                "Classifier: License :: OSI Approved :: MIT License",
                "Classifier: License :: OSI Approved :: Apache Software License",
            ],
            "",
            "MIT AND Apache-2.0",
        ),
        ([], "GNU GENERAL PUBLIC LICENSE\nVersion 3", "GNU GENERAL PUBLIC LICENSE"),
    ],
)
def test_reading_a_licence(licences: ModuleType, shelf: Shelf, lines: list[str], text: str, licence: str) -> None:
    shelf.add("some-package", *lines, text=text)
    assert licences.licence_of(shelf.find("some-package")) == licence


def test_gpl_in_the_base_is_caught_with_what_needs_it_and_in_an_extra_it_is_only_listed(
    licences: ModuleType, shelf: Shelf
) -> None:
    shelf.add(
        "root",
        "License-Expression: MIT",
        "Provides-Extra: window",
        "Provides-Extra: all",
        needs=(
            "Viewer[fast]>=1",
            'qt-gpl; extra == "window"',
            'root[window]; extra == "all"',
            'old; python_version < "3"',
        ),
    )
    shelf.add(
        "viewer", "License-Expression: MIT", "Provides-Extra: fast", needs=('deep.one; extra == "fast"', "dual", "root")
    )
    shelf.add(
        "deep-one", "License: MIT", "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"
    )
    shelf.add("dual", "License-Expression: LGPL-3.0-only OR GPL-3.0-only")
    shelf.add("qt-gpl", "License-Expression: GPL-3.0-only")

    groups = licences.listing("root", shelf.find)

    assert [entry.name for entry in groups["base"]] == ["deep-one", "dual", "viewer"]
    assert [entry.name for entry in groups["window"]] == [entry.name for entry in groups["all"]] == ["qt-gpl"]
    assert licences.problems(groups["base"], {}) == ["deep-one 1.0 (needed by viewer) is under MIT AND GPL-3.0-only"]
    assert licences.problems(groups["base"], {"deep-one": "only its tests are GPL"}) == []
    assert licences.problems(groups["base"], {"deep-one": " "}) == ["deep-one is excepted without a reason"]
    tables = licences.markdown(groups)
    assert "| dual | 1.0 | *LGPL-3.0-only OR GPL-3.0-only* | viewer |" in tables
    assert "| qt-gpl | 1.0 | **GPL-3.0-only** | root |" in tables
    assert tables.count("qt-gpl") == 1


def test_what_a_licence_text_lists_beside_counts(licences: ModuleType, shelf: Shelf) -> None:
    shelf.add("root", "License-Expression: MIT", needs=("arrays", "codecs"))
    beside = "Name: GCC runtime library\nFiles: arrays.libs/*\nLicense: {}\n  License text\n"
    shelf.add(
        "arrays", "License-Expression: BSD-3-Clause", text=beside.format("GPL-3.0-or-later WITH GCC-exception-3.1")
    )
    shelf.add("codecs", "License-Expression: BSD-3-Clause", text=beside.format("GPL-2.0-or-later"))
    arrays, codecs = licences.listing("root", shelf.find)["base"]
    assert (arrays.packed_in, arrays.copyleft) == (("GPL-3.0-or-later WITH GCC-exception-3.1",), "weak")
    assert codecs.copyleft == "strong"
    assert licences.problems([arrays, codecs]) == [
        "codecs 1.0 (needed by root) is under BSD-3-Clause; in it: GPL-2.0-or-later"
    ]


def test_a_licence_that_cannot_be_read_fails(licences: ModuleType, shelf: Shelf) -> None:
    shelf.add("root", "License-Expression: MIT", needs=("silent", "absent"))
    shelf.add("silent", "License: UNKNOWN")
    base = licences.listing("root", shelf.find)["base"]
    assert licences.problems(base) == [
        "absent (needed by root) is not installed, so that its licence can't be read",
        "silent 1.0 (needed by root) has no licence that can be read",
    ]
    with pytest.raises(LookupError, match="not installed"):
        licences.listing("nothing", shelf.find)


def test_tables_go_between_the_marks_of_a_page(licences: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{licences.BEGIN}\nold\n{licences.END}\nafter\n")
    licences.write_into(page, "new\n")
    assert page.read_text() == f"before\n{licences.BEGIN}\n\nnew\n\n{licences.END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="lacks the lines"):
        licences.write_into(page, "new\n")


def test_the_base_installed_here_has_no_gpl() -> None:
    tool = str(ROOT / "tools" / "licences.py")
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = json.loads(
        subprocess.run([sys.executable, tool, "--json"], capture_output=True, text=True, check=True).stdout
    )
    names = {entry["name"] for entry in listed["base"]}
    assert {"napari", "monai", "torch", "vispy"} <= names  # what is needed by what is needed, too
    assert not names & {"pyqt6", "pyqt5"}
