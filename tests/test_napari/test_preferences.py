"""The Preferences page: the manifest's defaults are the program's, and what a person chose is used."""

from __future__ import annotations

from dataclasses import asdict
from importlib import resources
from pathlib import Path

import pytest
from npe2 import PluginManifest

from napari_latent_explain._napari.preferences import PLUGIN, Preferences, read_preferences


@pytest.fixture
def page(plugin_settings, npe2pm):
    manifest = PluginManifest.from_file(Path(str(resources.files("napari_latent_explain") / "napari.yaml")))
    npe2pm.register(manifest)
    from napari.settings import get_plugin_settings

    return get_plugin_settings(PLUGIN).general


def test_the_manifest_has_the_programs_defaults(page):
    assert read_preferences() == Preferences()
    assert set(asdict(Preferences())) == set(type(page).model_fields)


def test_what_was_chosen_is_read_and_nonsense_is_refused(page, tmp_path):
    page.project_folder = str(tmp_path)
    page.display_size = 512
    page.rater = "r7"
    chosen = read_preferences()
    assert (chosen.project, chosen.display_size, chosen.rater) == (tmp_path, 512, "r7")
    with pytest.raises(ValueError, match="not one of the allowed"):
        page.device = "abacus"
    with pytest.raises(ValueError, match="greater than or equal to 256"):
        page.display_size = 3


def test_without_the_plugin_the_defaults_count(plugin_settings):
    assert read_preferences() == Preferences()
    assert read_preferences().project.name == "project"
