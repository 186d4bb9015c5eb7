"""The nouns that cross rooms: frozen types of plain numbers and arrays, no torch, no Qt."""

from napari_latent_explain.domain.activity_map import ActivityMap
from napari_latent_explain.domain.controls import Alternative, DoseResponse, Faithfulness, LesionOverlap
from napari_latent_explain.domain.counterfactual import CounterfactualRecord, ModelIdentity
from napari_latent_explain.domain.direction import DirectionAtlas, DirectionId, StyleDirection
from napari_latent_explain.domain.direction_evidence import FEWEST_HELD_OUT, ExamplePair, OffTargetEffects, TargetSearch
from napari_latent_explain.domain.edit import Edit
from napari_latent_explain.domain.errors import (
    BundleError,
    Cancelled,
    DiscoveryError,
    ExplanationError,
    ExportError,
    LatentExplainError,
    NotAFundusError,
    PhotographError,
    ProjectError,
    StudyError,
    TrainingError,
    WrongUseError,
)
from napari_latent_explain.domain.field import Field
from napari_latent_explain.domain.laterality import Laterality, LateralityReading
from napari_latent_explain.domain.luminance import LUMINANCE
from napari_latent_explain.domain.mark import Mark
from napari_latent_explain.domain.mix import Mix
from napari_latent_explain.domain.naming import Naming
from napari_latent_explain.domain.percent import percent
from napari_latent_explain.domain.photograph import Photograph
from napari_latent_explain.domain.probabilities import Probabilities
from napari_latent_explain.domain.progress import Progress, portion, silent
from napari_latent_explain.domain.quality import QualityFlag, QualityReport
from napari_latent_explain.domain.refinement import REFINEMENT_STEPS
from napari_latent_explain.domain.region import Region
from napari_latent_explain.domain.saliency import SaliencyMap, SaliencyMethod
from napari_latent_explain.domain.validation import Validation

__all__ = [
    "FEWEST_HELD_OUT",
    "LUMINANCE",
    "REFINEMENT_STEPS",
    "ActivityMap",
    "Alternative",
    "BundleError",
    "Cancelled",
    "CounterfactualRecord",
    "DirectionAtlas",
    "DirectionId",
    "DiscoveryError",
    "DoseResponse",
    "Edit",
    "ExamplePair",
    "ExplanationError",
    "ExportError",
    "Faithfulness",
    "Field",
    "LatentExplainError",
    "Laterality",
    "LateralityReading",
    "LesionOverlap",
    "Mark",
    "Mix",
    "ModelIdentity",
    "Naming",
    "NotAFundusError",
    "OffTargetEffects",
    "Photograph",
    "PhotographError",
    "Probabilities",
    "Progress",
    "ProjectError",
    "QualityFlag",
    "QualityReport",
    "Region",
    "SaliencyMap",
    "SaliencyMethod",
    "StudyError",
    "StyleDirection",
    "TargetSearch",
    "TrainingError",
    "Validation",
    "WrongUseError",
    "percent",
    "portion",
    "silent",
]
