"""What there is: techniques, tasks, blocks, families and runtimes, with parameters, bounds and sources.

Imports neither torch nor mlflow, so that a page and `effcore check` start fast.
"""

from __future__ import annotations

from effcore.catalogue.architecture import ARCHITECTURE
from effcore.catalogue.augmentation import AUGMENTATION
from effcore.catalogue.averaging import AVERAGING
from effcore.catalogue.blocks import BLOCKS, Block
from effcore.catalogue.conflicts import conflicts
from effcore.catalogue.distillation import DISTILLATION
from effcore.catalogue.factorization import FACTORIZATION
from effcore.catalogue.families import FAMILIES, Family
from effcore.catalogue.orders import order_problems
from effcore.catalogue.pruning import PRUNING
from effcore.catalogue.quantization import QUANTIZATION
from effcore.catalogue.record import Card, Category, Parameters, Role, Technique
from effcore.catalogue.runtime import RUNTIME, RUNTIMES, RuntimeRecord
from effcore.catalogue.subnetwork import SUBNETWORK
from effcore.catalogue.tasks import TASKS, Task
from effcore.catalogue.training import TRAINING
from effcore.catalogue.ways import allowances, block_allowances, family_problems, ways
from effcore.catalogue.weight_sharing import WEIGHT_SHARING

TECHNIQUES: dict[str, Technique] = {
    t.name: t
    for t in (
        ARCHITECTURE, TRAINING, AUGMENTATION, AVERAGING, DISTILLATION, WEIGHT_SHARING, SUBNETWORK, FACTORIZATION, PRUNING, QUANTIZATION, RUNTIME,
    )
}

__all__ = [
    "BLOCKS",
    "FAMILIES",
    "RUNTIMES",
    "TASKS",
    "TECHNIQUES",
    "Block",
    "Card",
    "Category",
    "Family",
    "Parameters",
    "Role",
    "RuntimeRecord",
    "Task",
    "Technique",
    "allowances",
    "block_allowances",
    "conflicts",
    "family_problems",
    "order_problems",
    "ways",
]
