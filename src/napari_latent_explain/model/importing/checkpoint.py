"""From the file of a checkpoint to a generator, without running anything in it."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from napari_latent_explain.domain import BundleError, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.plain_file import plain_file
from napari_latent_explain.model.importing.budget import LARGEST_FILE, Budget
from napari_latent_explain.model.importing.generator_plan import read_plan
from napari_latent_explain.model.importing.generator_weights import find_generator
from napari_latent_explain.model.importing.nvlabs_names import is_nvlabs, plan_nvlabs
from napari_latent_explain.model.importing.refusal import Checkpoint, shown
from napari_latent_explain.model.importing.rosinality_names import is_rosinality, plan_rosinality
from napari_latent_explain.model.importing.torch_files import read_checkpoint
from napari_latent_explain.model.published_generator import PublishedGenerator

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import Progress

__all__ = ["ImportedGenerator", "ImportedSource", "NoiseChoice", "import_generator"]

NoiseChoice = Literal["const", "none"]
_DREAMS = 4096  # vectors of Z whose mean in W stands in for a running average that the file lacks


class ImportedSource(FrozenModel):
    """Where an imported generator came from: a file, its hash and length, whose format it has, and where in it it was."""

    file: str
    sha256: str
    bytes: int
    family: str
    key: str = ""
    class_name: str = ""


@dataclass(frozen=True, eq=False)
class ImportedGenerator:
    """A generator in evaluation mode, its weights frozen, and where it came from."""

    generator: PublishedGenerator
    source: ImportedSource


def _content(path: Path) -> bytes:
    try:
        return plain_file(path, LARGEST_FILE)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise Checkpoint(path.name).too_large(f"over {LARGEST_FILE} bytes") from error
        msg = f"The checkpoint {path} can't be read ({error.strerror or error}); name an existing file."
        raise BundleError(msg) from error


def import_generator(path: Path, *, noise: NoiseChoice = "const", progress: Progress = silent) -> ImportedGenerator:
    """Read the generator of a checkpoint that another program saved.

    Parameters
    ----------
    path : pathlib.Path
        A ``.pkl`` of stylegan2-ada-pytorch (or of StyleGAN2 in the StyleGAN3 repository), or a ``.pt`` of rosinality's
        stylegan2-pytorch. The content decides, not the name.
    noise : {"const", "none"}
        Whether the noise maps in the file are added. With "const" the generator draws what its own program draws with
        constant noise: the pictures that it was trained to draw, and the same noise before and after an edit. "none" leaves
        the grain out.
    progress : Progress
        Told a few times; may raise `Cancelled`.

    Raises
    ------
    BundleError
        In one sentence, if the file asks for anything but tensors and plain data (nothing in it is ever run), is damaged, or
        holds another architecture.
    """
    progress("Reading the file", 0.0)
    content = _content(path)
    progress("Hashing it", 0.2)
    digest = hashlib.sha256(content).hexdigest()
    progress("Looking through it", 0.4)
    budget = Budget(Checkpoint(shown(path.name)))
    weights = find_generator(read_checkpoint(content, budget), budget)
    if is_nvlabs(weights):
        plan = plan_nvlabs(weights)
    elif is_rosinality(weights):
        plan = plan_rosinality(weights)
    else:
        raise budget.checkpoint.unsupported(
            f"names its weights as no program that is known here ({shown(min(weights.tensors))}, ...); stylegan2-ada-pytorch "
            f"and rosinality's stylegan2-pytorch can be imported."
        )
    progress("Reading the weights", 0.6)
    config, state = read_plan(weights, plan, noise=noise == "const")
    with torch.random.fork_rng(devices=[]):
        generator = PublishedGenerator(config)
    state.setdefault("average", torch.zeros(config.w_dim))
    generator.load_state_dict(state)
    generator.eval().requires_grad_(False)
    if plan.average not in weights.tensors:
        with torch.no_grad():
            z = torch.randn(_DREAMS, config.z_dim, generator=torch.Generator().manual_seed(0))
            generator.average.copy_(generator.map(z).mean(dim=0))
    progress("Read", 1.0)
    source = ImportedSource(
        file=path.name, sha256=digest, bytes=len(content), family=plan.family, key=weights.key,
        class_name=shown(weights.class_name),
    )  # fmt: skip
    return ImportedGenerator(generator, source)
