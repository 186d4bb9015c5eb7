"""Where photographs come from: files, folders, DICOMDIR media, zip archives, and tables of paths and labels."""

from napari_latent_explain.fundus.sources.dicomdir import dicomdir_files
from napari_latent_explain.fundus.sources.gathering import every_frame, photograph_sources
from napari_latent_explain.fundus.sources.source import FileSource, PhotographSource, file_of_frame, name_of_frame
from napari_latent_explain.fundus.sources.table import TableRow, read_table
from napari_latent_explain.fundus.sources.zip_archive import ZipArchive, ZipSource

__all__ = [
    "FileSource",
    "PhotographSource",
    "TableRow",
    "ZipArchive",
    "ZipSource",
    "dicomdir_files",
    "every_frame",
    "file_of_frame",
    "name_of_frame",
    "photograph_sources",
    "read_table",
]
