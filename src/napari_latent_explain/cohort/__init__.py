"""Many photographs: a project that keeps them with their explanations, and explaining all that wait."""

# Torch is not imported here: it comes with `cohort.explaining`.

from napari_latent_explain.cohort.case import Case, CaseState
from napari_latent_explain.cohort.project import Project, View, photographs_in

__all__ = ["Case", "CaseState", "Project", "View", "photographs_in"]
