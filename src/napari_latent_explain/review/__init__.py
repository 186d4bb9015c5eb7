"""Reading studies: who judges what in which order, what they said, and what it amounts to. No torch, no Qt."""

from napari_latent_explain.review.protocol import Protocol, Role, ValidationRule, load_protocol, ready_protocols
from napari_latent_explain.review.question import Answer, Question
from napari_latent_explain.review.record import Record
from napari_latent_explain.review.sequence import Trial, trials_of
from napari_latent_explain.review.session import ReviewSession
from napari_latent_explain.review.store import RatingStore, rater_file, read_chain
from napari_latent_explain.review.study import Picture, Study, StudyItem, atlas_hash, read_picture

__all__ = [
    "Answer",
    "Picture",
    "Protocol",
    "Question",
    "RatingStore",
    "Record",
    "ReviewSession",
    "Role",
    "Study",
    "StudyItem",
    "Trial",
    "ValidationRule",
    "atlas_hash",
    "load_protocol",
    "rater_file",
    "read_chain",
    "read_picture",
    "ready_protocols",
    "trials_of",
]
