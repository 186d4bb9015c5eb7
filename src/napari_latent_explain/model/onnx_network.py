"""An ONNX file as a torch network without gradients."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn

from napari_latent_explain.domain import BundleError

__all__ = ["OnnxNetwork"]

_LARGEST = 2 * 2**30


class OnnxNetwork(nn.Module):
    """The first input and the first output of an ONNX graph, run by ONNX Runtime on the CPU; `sha256` is that of its file.

    Parameters
    ----------
    content : bytes
        The file, at most 2 GiB; graphs with weights in further files are refused by ONNX Runtime.

    Raises
    ------
    BundleError
        If ONNX Runtime is not installed, or can't read the graph, or it does not take one batch of pictures.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        try:
            import onnxruntime
        except ImportError as error:
            msg = "ONNX classifiers need ONNX Runtime: pip install 'napari-latent-explain[onnx]'."
            raise BundleError(msg) from error
        if len(content) > _LARGEST:
            msg = "The ONNX file is larger than any classifier; it is refused."
            raise BundleError(msg)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = max(1, torch.get_num_threads())
        try:
            self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            msg = f"ONNX Runtime can't read the classifier: {str(error).splitlines()[0]}"
            raise BundleError(msg) from error
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            msg = "The ONNX classifier must take one batch of float32 pictures (N, 3, H, W)."
            raise BundleError(msg)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.input_name, self.output_name = inputs[0].name, self.session.get_outputs()[0].name
        self.one_by_one = inputs[0].shape[0] == 1

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N, 3, S, S) to the graph's first output (N, ...), on the device of the pictures."""
        parts = x.split(1) if self.one_by_one else (x,)
        found = []
        for part in parts:
            pixels = part.detach().cpu().contiguous().numpy()
            found.append(torch.from_numpy(self.session.run([self.output_name], {self.input_name: pixels})[0]))
        return torch.cat(found).to(x.device)
