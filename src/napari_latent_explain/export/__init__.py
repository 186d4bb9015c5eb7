"""Results out: panels, pictures and records. No torch: a record is plain arrays and numbers."""

from napari_latent_explain.export.case_label import case_folder, case_label
from napari_latent_explain.export.exhibit import Exhibit, RaterFindings
from napari_latent_explain.export.kept_record import read_record
from napari_latent_explain.export.panel import write_panel
from napari_latent_explain.export.provenance import read_provenance, record_json
from napari_latent_explain.export.record import write_record

__all__ = [
    "Exhibit",
    "RaterFindings",
    "case_folder",
    "case_label",
    "read_provenance",
    "read_record",
    "record_json",
    "write_panel",
    "write_record",
]
