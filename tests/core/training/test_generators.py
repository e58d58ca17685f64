"""Two generators of people that share no skin, hair or outfit, and folders that never mix them."""

import json

import numpy as np
import pytest

from kpnerf.core.errors import UserError
from kpnerf.core.training.captures import render_capture
from kpnerf.core.training.generators import (
    CHANGED,
    HELD_OUT_HAIR,
    HELD_OUT_OUTFITS,
    HELD_OUT_SKINS,
    USUAL,
    generator_of,
    mark_folder,
)
from kpnerf.core.training.lighting import draw_sky
from kpnerf.core.training.makehuman import MakeHuman
from kpnerf.core.training.people import Person, draw_person
from kpnerf.core.training.scenes import SceneRenderer
from kpnerf.core.training.synth import synthesise

from .makehuman_data import FOLDER, needs_makehuman


def used_by(person: Person) -> set[str]:
    """Names of the skins, hair and outfits of a person."""
    skin, *worn = person.surfaces
    skins = {path.stem for path in (skin.texture, skin.second_texture) if path is not None}
    return skins | {s.name.rpartition("/")[2] for s in worn if s.name.startswith(("hair/", "clothes/"))}


@needs_makehuman
def test_generators_share_nothing_that_is_held_out():
    """Lists are disjoint and complete, and so is what people drawn from them really wear."""
    data = MakeHuman(FOLDER)
    held_out = {*HELD_OUT_SKINS, *HELD_OUT_HAIR, *HELD_OUT_OUTFITS}
    for of in ("skins", "hair", "outfits"):
        usual, changed = (set(getattr(generator, of)(data)) for generator in (USUAL, CHANGED))
        assert usual and changed and not usual & changed
    assert len(CHANGED.skins(data)) == 3 and len(CHANGED.hair(data)) == 2 and len(CHANGED.outfits(data)) == 2
    for seed in range(40, 48):
        assert not used_by(draw_person(data, seed)) & held_out
        stranger = draw_person(data, seed, generator=CHANGED)
        assert used_by(stranger) <= held_out
        assert not {"grown hair", "fuzz", "beard"} & {s.name for s in stranger.surfaces}


@needs_makehuman
def test_a_capture_of_the_changed_generator_says_so(tmp_path):
    """Its folder names generator and version; the same seed gives the same pictures, another generator others."""
    data, renderer = MakeHuman(FOLDER), SceneRenderer(64)
    yaws = {"front": 0.0}
    for name, generator in (("one", CHANGED), ("two", CHANGED), ("usual", USUAL)):
        render_capture(data, 7, tmp_path / name, renderer=renderer, yaws=yaws, generator=generator)
    one, two, usual = (sorted((tmp_path / name).rglob("*.png"))[0] for name in ("one", "two", "usual"))

    assert generator_of(tmp_path / "one") == CHANGED.mark and generator_of(tmp_path / "usual") == USUAL.mark
    assert one.read_bytes() == two.read_bytes() != usual.read_bytes()


def test_a_folder_holds_people_of_one_generator(tmp_path):
    """Another generator, another version, or people of before are refused; the same may go on."""
    mark_folder(tmp_path / "new", USUAL, holds_data=False)
    mark_folder(tmp_path / "new", USUAL, holds_data=True)
    with pytest.raises(UserError, match="another generator"):
        mark_folder(tmp_path / "new", CHANGED, holds_data=True)
    (tmp_path / "new" / "generator.json").write_text(json.dumps({"generator": "usual-1"}))
    with pytest.raises(UserError, match="usual-1"):
        mark_folder(tmp_path / "new", USUAL, holds_data=True)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "generator.json").write_text("[]")
    with pytest.raises(UserError, match="does not say"):
        generator_of(tmp_path / "broken")
    assert generator_of(tmp_path) is None


@needs_makehuman
def test_people_of_before_are_not_mixed_with_new_ones(tmp_path):
    """A folder that was written before generators had names is refused, and left as it is."""
    (tmp_path / "person_00001.npz").write_bytes(b"earlier")
    with pytest.raises(UserError, match="earlier version"):
        synthesise(FOLDER, tmp_path, people=2)

    assert [path.name for path in tmp_path.iterdir()] == ["person_00001.npz"]


@pytest.mark.parametrize("seed", range(5))
def test_skies_are_light_everywhere_and_not_the_same(seed):
    """No direction sends negative light, and the brightest one has the lamp."""
    sky, other = draw_sky(np.random.default_rng(seed)), draw_sky(np.random.default_rng(seed + 100))
    front = sky.sky_directions[:, 2] < 0.5
    brightest = sky.sky_directions[front][sky.sky_colours[front].sum(axis=1).argmax()]

    assert (sky.sky_colours > 0).all() and (sky.lamp_colours >= 0).all()
    assert np.allclose(sky.lamp_directions[0], brightest)
    assert not np.allclose(sky.sky_colours, other.sky_colours, rtol=0.05)
    assert sky.shading == ("OREN_NAYAR", "FILM")
