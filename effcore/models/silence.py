"""Messages of other packages that no user of effcore can act on, each silenced where it is made and nowhere else."""

from __future__ import annotations

import logging
import warnings

MESSAGES: dict[str, tuple[str, ...]] = {
    # Extensions for graphics processors, which the CPU build of torch can't load and nothing here needs.
    "torchao": ("Failed to load",),
    # torchao registers its enums in a way that torch has just made needless.
    "torch.utils._pytree": ("%s is an Enum subclass and is now natively supported",),
    # Operators for object detection.
    "torch.onnx._internal.exporter._registration": ("torchvision is not installed. Skipping",),
}
"""Beginnings of log messages, before their arguments are filled in, by the logger that makes them."""

WARNINGS: tuple[tuple[str, type[Warning]], ...] = (
    # copy.deepcopy of an exported program, inside torch itself.
    (r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning),
)
"""Beginnings of warnings, as regular expressions, and their class."""


class _Known(logging.Filter):
    """Lets through what does not begin like a known message."""

    def __init__(self, beginnings: tuple[str, ...]) -> None:
        super().__init__()
        self.beginnings = beginnings

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(self.beginnings)


def silence() -> None:
    """Silences the known messages in this process; to call it again changes nothing."""
    for name, beginnings in MESSAGES.items():
        logger = logging.getLogger(name)
        if not any(isinstance(present, _Known) for present in logger.filters):
            logger.addFilter(_Known(beginnings))
    for message, category in WARNINGS:
        warnings.filterwarnings("ignore", message=message, category=category)
