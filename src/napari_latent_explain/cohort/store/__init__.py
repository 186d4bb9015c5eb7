"""Cohorts: many photographs through a model on many processes, kept in shards that any number of restarts complete."""

# Neither torch nor Dask is imported here: they come with `store.cohort_run` and `store.workers`.

from napari_latent_explain.cohort.store.store import CohortStore
from napari_latent_explain.cohort.store.store_state import StoreState

__all__ = ["CohortStore", "StoreState"]
