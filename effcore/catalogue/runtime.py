"""What runs the deployed file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from effcore.catalogue.record import Parameters, Technique, parameter


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
    formula="",
    source="ONNX Runtime; PyTorch export",
    link="https://onnxruntime.ai",
    label=lambda config: config.name,
    shorthand="name",
)


@dataclass(frozen=True, kw_only=True)
class RuntimeRecord:
    """A runtime.

    Attributes:
        name: As it stands in a spec.
        package: Python package whose version belongs to the result.
        suffix: Ending of its file.
        summary: One or two sentences.
        refuses: Names of techniques that it cannot run, each with the reason.
    """

    name: str
    package: str
    suffix: str
    summary: str
    refuses: dict[str, str]


RUNTIMES: dict[str, RuntimeRecord] = {
    r.name: r
    for r in (
        RuntimeRecord(
            name="onnxruntime",
            package="onnxruntime",
            suffix=".onnx",
            summary="ONNX Runtime on the processor. Fuses layers and has real 8-bit kernels; the default.",
            refuses={},
        ),
        RuntimeRecord(
            name="torch",
            package="torch",
            suffix=".pt2",
            summary="PyTorch's own exported program. Needs PyTorch where it is deployed, and pays its dispatcher for every operator.",
            refuses={
                "quantization": "int8 in a PyTorch exported program is simulated with float kernels and about three times slower; "
                "its numbers would not be those of a thing to ship; 16 and 4 bits and codebooks are made of ONNX operators. "
                "Use the runtime onnxruntime."
            },
        ),
    )
}
