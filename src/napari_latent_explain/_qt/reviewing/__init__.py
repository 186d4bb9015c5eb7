"""The window of a reading study: pictures, questions, keys. What counts is up to `review.ReviewSession`."""

from napari_latent_explain._qt.reviewing.review_widget import ReviewWidget

__all__ = ["ReviewWidget"]
