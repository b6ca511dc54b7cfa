"""Which layer makes the logits, and what goes into it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from effcore.catalogue import FAMILIES, TASKS
from effcore.catalogue.architecture import Architecture
from effcore.errors import EffcoreError
from effcore.models import build
from effcore.models.classifier import classifier, penultimate


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_classifier_makes_the_logits_of_its_features(family: str) -> None:
    model = build(Architecture(family=family, width=0.5), TASKS["digits"], seed=0).eval()  # type: ignore[arg-type]
    images, seen = torch.randint(0, 17, (6, *TASKS["digits"].shape), dtype=torch.uint8), list[Tensor]()
    with torch.no_grad(), penultimate(model, seen.append):
        logits = model(images)
        assert torch.equal(classifier(model)(seen[0]), logits)
    model(images)
    assert len(seen) == 2 and seen[0].shape == (6, classifier(model).in_features)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_hook_is_removed_where_the_network_fails() -> None:
    model = nn.Sequential(nn.Linear(4, 2))
    with pytest.raises(RuntimeError), penultimate(model, lambda features: None):
        model(torch.zeros(1, 3))
    assert not classifier(model)._forward_pre_hooks


def test_a_network_without_a_linear_layer_is_refused() -> None:
    with pytest.raises(EffcoreError, match="must have a linear layer.* Got none in Sequential. Leave distillation.features at 0"):
        classifier(nn.Sequential(nn.ReLU()))
