"""Results out: panels, pictures and records. No torch: a record is plain arrays and numbers."""

from napari_latent_explain.export.panel import write_panel
from napari_latent_explain.export.provenance import read_provenance, record_json
from napari_latent_explain.export.record import write_record

__all__ = ["read_provenance", "record_json", "write_panel", "write_record"]
