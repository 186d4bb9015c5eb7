"""Results out: panels, pictures and records. No torch: a record is plain arrays and numbers."""

from napari_latent_explain.export.case_label import case_folder, case_label
from napari_latent_explain.export.dicom_files import write_report, write_secondary_capture
from napari_latent_explain.export.dicom_identity import DicomContext
from napari_latent_explain.export.exhibit import Exhibit, RaterFindings
from napari_latent_explain.export.findings_file import read_findings
from napari_latent_explain.export.kept_record import read_record
from napari_latent_explain.export.moving import write_strip
from napari_latent_explain.export.panel import STYLES, compose_panel, write_exhibits, write_panel
from napari_latent_explain.export.provenance import read_provenance, record_json
from napari_latent_explain.export.record import write_record
from napari_latent_explain.export.signing import sign_panel
from napari_latent_explain.export.strip import Strip, read_strip

__all__ = [
    "STYLES",
    "DicomContext",
    "Exhibit",
    "RaterFindings",
    "Strip",
    "case_folder",
    "case_label",
    "compose_panel",
    "read_findings",
    "read_provenance",
    "read_record",
    "read_strip",
    "record_json",
    "sign_panel",
    "write_exhibits",
    "write_panel",
    "write_record",
    "write_report",
    "write_secondary_capture",
    "write_strip",
]
