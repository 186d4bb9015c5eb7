"""Agreement in reading studies: coefficients with intervals over cases, and what is undefined said so."""

from napari_latent_explain.review.agreement.alpha import krippendorff_alpha
from napari_latent_explain.review.agreement.case_bootstrap import DRAWS, FEWEST_CASES
from napari_latent_explain.review.agreement.coefficient import Coefficient
from napari_latent_explain.review.agreement.cohen import cohen_kappa
from napari_latent_explain.review.agreement.difference import (
    Difference,
    IntervalDifference,
    NominalDifference,
    OrdinalDifference,
    RatioDifference,
)
from napari_latent_explain.review.agreement.fleiss import fleiss_kappa
from napari_latent_explain.review.agreement.forced_choice import ForcedChoice, forced_choice
from napari_latent_explain.review.agreement.intra_rater import IntraRaterAgreement, intra_rater_agreement
from napari_latent_explain.review.agreement.kappa_weights import KappaWeights, QuadraticWeights, Unweighted
from napari_latent_explain.review.agreement.percent import percent_agreement
from napari_latent_explain.review.agreement.proportion import Proportion, exact_proportion
from napari_latent_explain.review.agreement.ratings_table import RatingsTable

__all__ = [
    "DRAWS",
    "FEWEST_CASES",
    "Coefficient",
    "Difference",
    "ForcedChoice",
    "IntervalDifference",
    "IntraRaterAgreement",
    "KappaWeights",
    "NominalDifference",
    "OrdinalDifference",
    "Proportion",
    "QuadraticWeights",
    "RatingsTable",
    "RatioDifference",
    "Unweighted",
    "cohen_kappa",
    "exact_proportion",
    "fleiss_kappa",
    "forced_choice",
    "intra_rater_agreement",
    "krippendorff_alpha",
    "percent_agreement",
]
