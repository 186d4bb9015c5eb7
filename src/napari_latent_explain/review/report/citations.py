"""The papers that the report refers to."""

from typing import Final

__all__ = ["CLAIM", "PAPERS", "TRIPOD_AI"]

CLAIM: Final = (
    "Tejani AS, Klontzas ME, Gatti AA, et al. Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 "
    "update. Radiology: Artificial Intelligence 2024; 6(4): e240300."
)
TRIPOD_AI: Final = (
    "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for reporting clinical prediction models "
    "that use regression or machine learning methods. BMJ 2024; 385: e078378."
)
PAPERS: Final = (
    (
        "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial. Biometrika "
        "1934; 26: 404-413."
    ),
    "Cohen J. A coefficient of agreement for nominal scales. Educational and Psychological Measurement 1960; 20: 37-46.",
    (
        "Cohen J. Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial credit. "
        "Psychological Bulletin 1968; 70: 213-220."
    ),
    TRIPOD_AI,
    "Davison AC, Hinkley DV. Bootstrap Methods and their Application. Cambridge University Press 1997; section 3.8.",
    "Efron B. Bootstrap methods: another look at the jackknife. The Annals of Statistics 1979; 7: 1-26.",
    "Fleiss JL. Measuring nominal scale agreement among many raters. Psychological Bulletin 1971; 76: 378-382.",
    "Krippendorff K. Computing Krippendorff's alpha-reliability. University of Pennsylvania 2011.",
    (
        "Lang O, Gandelsman Y, Yarom M, et al. Explaining in Style: training a GAN to explain a classifier in StyleSpace. "
        "IEEE/CVF International Conference on Computer Vision (ICCV) 2021; 693-702."
    ),
    CLAIM,
)
"""In the order of their authors' names."""
