"""A little added to a network's weights, the rest of it shared."""

import pytest
import torch

from kpnerf.core.model.additions import fingerprint, head_parameters, own_heads, with_additions
from kpnerf.core.model.keypoint_nerf import KeypointNeRF, ModelConfig


@pytest.fixture(scope="module")
def model():
    """A network as chance made it."""
    torch.manual_seed(0)
    return KeypointNeRF(ModelConfig.head())


def test_what_is_added_is_added_and_the_given_network_stays(model):
    """Only where it was added; the encoder is the very same, and nothing of it is copied."""
    before, name = fingerprint(model), "colour_head.out.0.weight"
    addition = torch.full_like(model.get_parameter(name), 0.25)
    twin = with_additions(model, {name: addition})

    assert fingerprint(model) == before != fingerprint(twin)
    assert twin.geometry_encoder is model.geometry_encoder
    for key, values in head_parameters(twin).items():
        expected = model.get_parameter(key) + (0.25 if key == name else 0)
        assert torch.equal(values, expected), key


def test_heads_of_its_own_may_be_changed(model):
    """As an optimiser does, in place; the network they were made of notices nothing."""
    before, twin = fingerprint(model), own_heads(model)
    with torch.no_grad():
        for values in head_parameters(twin).values():
            values.zero_()

    assert fingerprint(model) == before
    assert fingerprint(own_heads(model)) == before


def test_additions_for_another_network_are_refused(model):
    """A parameter that is not there, or is of another shape."""
    with pytest.raises(KeyError):
        with_additions(model, {"colour_head.nothing": torch.zeros(3)})
    with pytest.raises(RuntimeError):
        with_additions(model, {"colour_head.out.0.weight": torch.zeros(3, 5)})
