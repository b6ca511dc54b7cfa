"""What runs the deployed file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from effcore.catalogue.record import Card, Parameters, Technique, parameter


class Runtime(Parameters):
    """The runtime that the file is made for."""

    name: Literal["onnxruntime", "torch"] = parameter("onnxruntime", help="Runtime, see `effcore describe`.")


RUNTIME = Technique(
    name="runtime",
    title="Runtime",
    category="deployment",
    role="runtime",
    parameters=Runtime,
    summary="The program that runs the network where it is deployed, and the format of its file. "
    "The same network differs several times in speed and memory between runtimes.",
    formula="latency = sum over operators (start + max(products / rate, bytes / bandwidth))",
    cost="An export of some seconds, and the package of the runtime where the file is deployed.",
    unhelpful="Where most of the time is spent before or after the network. A runtime changes speed and memory, not what the network says.",
    figure="GPT-2 on a processor with AVX512-VNNI: 58 ms in PyTorch, 45 ms in ONNX Runtime, 20 ms with 8-bit integers (Hugging Face and Microsoft "
    "2020)",
    source="ONNX Runtime; PyTorch export; the formula: Williams et al. 2009, Roofline",
    link="https://onnxruntime.ai",
    label=lambda config: config.name,
    shorthand="name",
)


@dataclass(frozen=True, kw_only=True)
class RuntimeRecord(Card):
    """A runtime.

    Attributes:
        package: Python package whose version belongs to the result.
        suffix: Ending of its file.
        refuses: Names of techniques that it cannot run, each with the reason.
    """

    package: str
    suffix: str
    refuses: dict[str, str]


_TIME = "latency = sum over operators (start + max(products / rate, bytes / bandwidth))"
"""The larger of computing and of moving memory, operator by operator."""
_COMPARED = "GPT-2 on a processor with AVX512-VNNI, one text of 128 tokens"

RUNTIMES: dict[str, RuntimeRecord] = {
    r.name: r
    for r in (
        RuntimeRecord(
            name="onnxruntime",
            package="onnxruntime",
            suffix=".onnx",
            summary="ONNX Runtime on the processor. Fuses layers and has real 8-bit kernels; the default.",
            formula=_TIME + ", fewer operators after fusing",
            cost="Export to ONNX once, and fusing each time a file is loaded. In return operators start fast, and PyTorch need not be there.",
            unhelpful="Where an operator has no kernel for its type and is computed in float: half floats, codebooks, 4-bit convolutions.",
            figure=f"{_COMPARED}: 58 ms in PyTorch, 45 ms in ONNX Runtime, 20 ms there with 8-bit integers",
            source="ONNX Runtime; Hugging Face and Microsoft 2020, Faster and smaller quantized NLP with Hugging Face and ONNX Runtime",
            link="https://onnxruntime.ai",
            refuses={},
        ),
        RuntimeRecord(
            name="torch",
            package="torch",
            suffix=".pt2",
            summary="PyTorch's own exported program. Needs PyTorch where it is deployed, and pays its dispatcher for every operator.",
            formula=_TIME + ", the start of an operator through the dispatcher",
            cost="Hardly an export, since operators stay PyTorch's own. All of PyTorch is loaded, in time and memory, and nothing is fused.",
            unhelpful="For small networks, where starting operators takes longer than computing them; and for integers, which it simulates.",
            figure=f"{_COMPARED}: 58 ms in PyTorch, 45 ms in ONNX Runtime",
            source="PyTorch, torch.export; the figure: Hugging Face and Microsoft 2020",
            link="https://docs.pytorch.org/docs/stable/export.html",
            refuses={
                "quantization": "int8 in a PyTorch exported program is simulated with float kernels and about three times slower; "
                "its numbers would not be those of a thing to ship; 16 and 4 bits and codebooks are made of ONNX operators. "
                "Use the runtime onnxruntime."
            },
        ),
    )
}
