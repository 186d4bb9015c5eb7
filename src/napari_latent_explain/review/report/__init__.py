"""The report of a study: methods, results, limits and reporting checklists on A4, as a PDF whose text can be searched."""

from napari_latent_explain.review.report.write import write_study_report

__all__ = ["write_study_report"]
