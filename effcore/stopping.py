"""Early stopping: a training ends where the validation accuracy does not rise any more, and hands on its best weights."""

from __future__ import annotations

from typing import Any

from torch import nn

from effcore.catalogue.training import EarlyStopping


def watch(state: dict[str, Any], model: nn.Module, accuracy: float, *, epoch: int, last: bool, config: EarlyStopping) -> None:
    """Looks at an epoch that has just ended; where the training ends with it, gives the model the weights of the best one.

    Args:
        state: Empty at first; plain data and tensors that go with the state of the optimizer. `ended` says that no epoch is to follow,
            `best` which epoch's weights the model has then and `accuracy` what they reached.
        model: Changed only where the training ends.
        accuracy: On the validation images, after this epoch.
        epoch: From 1.
        last: Whether the phase has no further epoch.
        config: Its patience is above 0.

    Source: Prechelt 1998, https://doi.org/10.1007/3-540-49430-8_3, the criterion UP with a patience.
    """
    if not state or accuracy > state["accuracy"]:
        weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        state |= {"accuracy": accuracy, "best": epoch, "weights": weights}
    if "risen_to" not in state or accuracy > state["risen_to"] + config.min_delta:
        state |= {"risen_to": accuracy, "risen": epoch}
    state["ended"] = last or epoch - state["risen"] >= config.patience
    if state["ended"]:
        model.load_state_dict(state.pop("weights"))
