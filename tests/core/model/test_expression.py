"""Shares of photos in a face that is to have one expression."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kpnerf.core.canonical import canonical_face
from kpnerf.core.model.expression import STRENGTH, led, worn

FRONT = (33, 133, 263, 362, 105, 334, 61, 291, 13, 14, 17, 1, 152)
"""Landmarks: corners of eyes and mouth, brows, lips, nose, chin."""
ELSEWHERE = [[0.07, 0.0, 0.0], [0.0, -0.12, -0.02], [0.0, 0.0, 0.09], [-0.06, 0.07, 0.0]]
"""An ear, the crown, the back of the head, a jaw; metres in the head frame."""
BELOW = [[0.0, 0.15, -0.05], [-0.15, 0.2, -0.02], [0.0, 0.2, 0.1]]
"""The throat, a shoulder, the upper back."""


def tensor(values: object) -> torch.Tensor:
    """In float32."""
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)


def test_one_photo_leads_where_expressions_are_and_below_the_head():
    """Of the mean face: eyes, brows and mouth, and shoulders, wholly; an ear, the crown and a jaw not at all."""
    assert (led(tensor(canonical_face().points[list(FRONT)])) > 0.95).all()
    assert (led(tensor(BELOW)) == 1).all()
    assert (led(tensor(ELSEWHERE)) == 0).all()


@given(x=st.floats(-0.2, 0.2), y=st.floats(-0.2, 0.2), z=st.floats(-0.2, 0.2), step=st.floats(-1e-4, 1e-4))
def test_where_it_leads_is_symmetric_and_has_no_edge(x, y, z, step):
    """A tenth of a millimetre changes next to nothing, but near the axis of the head, which nothing visible is."""
    here, other, beside = led(tensor([[x, y, z], [-x, y, z], [x, y + step, z]]))

    assert 0 <= here <= 1 and other == here
    assert abs(beside - here) < 0.01


@settings(deadline=None)
@given(
    raw=st.lists(st.floats(0, 1), min_size=4, max_size=4),
    view=st.integers(0, 2),
    at=st.sampled_from([*canonical_face().points[list(FRONT)].tolist(), *ELSEWHERE, *BELOW, [0.06, 0.0, -0.04]]),
)
def test_one_photo_counts_more_and_nothing_else_changes(raw, view, at):
    """The others keep their proportions and all together their sum, so that the network's own colour keeps its part."""
    whole = sum(raw) or 1.0
    before = tensor(np.array(raw[:3])[:, None] / whole)
    point = tensor([at])
    after = worn(before, point, view)
    others = [other for other in range(3) if other != view]
    more = 1 + (STRENGTH - 1) * float(led(point))

    torch.testing.assert_close(after.sum(dim=0), before.sum(dim=0))
    assert after[view] >= before[view] - 1e-6
    for other in others:
        left, right = after[view] * before[other], more * after[other] * before[view]
        torch.testing.assert_close(left, right, atol=1e-6, rtol=1e-4)


def test_a_photo_that_sees_nothing_of_a_place_is_not_asked_about_it():
    """Whatever it counts: the far cheek stays that of the photo that shows it."""
    shares = tensor([[1e-4], [0.9]])

    torch.testing.assert_close(worn(shares, tensor([[0.0, 0.0, -0.08]]), 0), shares, atol=0.01, rtol=0)


@pytest.mark.parametrize("view", [0, 1])
def test_gradients_flow_through_shares(view):
    """By finite differences."""
    shares = torch.rand(2, 5, dtype=torch.float64, requires_grad=True)
    points = torch.rand(5, 3, dtype=torch.float64) * 0.1 - 0.05

    assert torch.autograd.gradcheck(lambda values: worn(values, points, view), shares)
