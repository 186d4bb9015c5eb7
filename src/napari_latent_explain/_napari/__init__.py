"""What napari asks of a plugin, without Qt: reader and sample data."""
