"""What synthetic people wear and grow: glasses, hats, hair and beards where they belong."""

import numpy as np
import pytest

from kpnerf.core.camera import orbit_camera
from kpnerf.core.training import people
from kpnerf.core.training.appearance import Look
from kpnerf.core.training.bust import Bust
from kpnerf.core.training.fuzz import SCALP_POLE, Fuzz, beard_share, shells
from kpnerf.core.training.hairlines import Cut, Hairline
from kpnerf.core.training.headwear import HATS, Hat, wear_hat
from kpnerf.core.training.lighting import draw_lighting
from kpnerf.core.training.makehuman import MakeHuman
from kpnerf.core.training.people import Person, draw_person
from kpnerf.core.training.scenes import SceneRenderer
from kpnerf.core.training.spectacles import Glasses, draw_glasses, wear_glasses
from kpnerf.core.training.strands import COMBS, HairStyle, grow
from kpnerf.core.training.surfaces import SKULL_CENTRE, Surface

from .makehuman_data import FOLDER, needs_makehuman

pytestmark = needs_makehuman


@pytest.fixture(scope="module")
def data() -> MakeHuman:
    """MakeHuman's data, read once."""
    return MakeHuman(FOLDER)


@pytest.fixture(scope="module", params=[3, 8])
def person(data, request) -> Person:
    """Two people, bare-headed and without glasses."""
    patch = pytest.MonkeyPatch()
    for share in ("GLASSES", "HATS", "NECK_SCARVES"):
        patch.setattr(people, share, 0.0)
    drawn = draw_person(data, request.param)
    patch.undo()
    return drawn


@pytest.fixture(scope="module")
def bust(person) -> Bust:
    """Their skin."""
    skin = person.surfaces[0]
    return Bust.of(skin.positions.astype(float), skin.normals.astype(float), skin.triangles, person.landmarks)


def eyeballs(person: Person) -> np.ndarray:
    """Vertices of the eyes."""
    return person.surfaces[1].positions.astype(float)


@pytest.mark.parametrize("seed", range(6))
def test_glasses_sit_before_the_eyes_and_on_the_ears(person, bust, seed):
    """No eye comes through a lens, no lens is a hand away, and the temples reach behind the ears."""
    glasses = draw_glasses(np.random.default_rng(seed))
    frame, lenses = wear_glasses(bust, glasses, eyeballs(person))
    for eye in (33, 263), (133, 362):
        middle = person.landmarks[list(eye)]
        assert lenses.positions[:, 2].min() > middle[:, 2].min() - 0.035
    eyes = eyeballs(person)
    for side in (-1, 1):
        of_side = lenses.positions[side * lenses.positions[:, 0] > 0]
        ball = eyes[side * eyes[:, 0] > 0]
        assert (ball[:, 2].min() - of_side[:, 2].max()) > -0.012  # the wrapped outer rim may lie beside the eyeball
        near = np.abs(of_side[:, 0] - ball[:, 0].mean()) < 0.01
        assert of_side[near, 2].max() < ball[:, 2].min()
    assert frame.positions[:, 2].max() > person.landmarks[[234, 454], 2].min() + 0.02
    assert frame.transparent is False and lenses.transparent == (glasses.opacity < 1)


def test_one_sees_through_clear_lenses_and_not_through_dark_ones(person, bust):
    """The depth behind a clear lens is that of the eye; sunglasses hide it."""
    renderer = SceneRenderer(96)
    camera = orbit_camera(0, 0, 0.9, target_in_world=np.zeros(3), vertical_field_of_view=0.3, width=96, height=96)
    bare = [s for s in person.surfaces if s.look.strands is None]

    def seen(*worn: Surface) -> tuple[np.ndarray, np.ndarray]:
        renderer.load(Person(0, (*bare, *worn), person.landmarks), draw_lighting(np.random.default_rng(1)))
        picture = renderer.render(camera)
        return picture.depth, picture.rgba

    depth, _ = seen()
    clear = list(wear_glasses(bust, Glasses(rim=0.0, opacity=0.1), eyeballs(person)))
    dark = list(wear_glasses(bust, Glasses(rim=0.0, opacity=1.0, tint=(0.01, 0.01, 0.01)), eyeballs(person)))
    through, _ = seen(clear[1])
    hidden, rgba = seen(dark[1])
    rows, columns = np.nonzero(depth - hidden > 0.002)

    assert np.array_equal(through, depth)
    assert 60 < len(rows) and (hidden <= depth + 1e-6)[depth > 0].all()
    assert rgba[rows, columns, 3].min() == 255


@pytest.mark.parametrize("kind", HATS)
def test_hats_cover_the_scalp_and_leave_the_face(person, bust, kind):
    """From above no scalp is seen inside the rim, and no cloth hangs before eyes, nose or mouth."""
    hat = Hat(kind=kind, rim=-0.06)
    surfaces = wear_hat(bust, np.random.default_rng(0), hat, Look())
    cloth = surfaces[0]
    away = cloth.positions - SKULL_CENTRE
    shown = cloth.regions[:, 1] > 0
    radius = np.linalg.norm(away, axis=1)
    under = bust.positions[(bust.positions[:, 1] < -0.075) & (bust.positions[:, 2] > -0.03)]
    if kind in ("beanie", "cap"):
        for point in under[::7] - SKULL_CENTRE:
            towards = away @ point / (radius * np.linalg.norm(point))
            nearest = np.argmax(towards)
            assert radius[nearest] > np.linalg.norm(point) and shown[nearest]
    face = person.landmarks[[1, 33, 263, 61, 291, 168]]
    for surface in surfaces:
        kept = surface.positions[surface.regions[:, 1] > 0] if surface.look.strands else surface.positions
        for point in face:
            before = (np.abs(kept[:, :2] - point[:2]) < 0.006).all(axis=1) & (kept[:, 2] < point[2])
            assert not before.any()


@pytest.mark.parametrize("comb", COMBS)
def test_hair_grows_out_of_the_scalp_and_stays_out_of_the_head(bust, comb):
    """Roots lie on the scalp within the hairline, strands outside of the skin, within their length."""
    style = HairStyle(comb=comb, length=0.15, spread=0.0, curl=0.0, frizz=0.0, count=150)
    hairline = Hairline(height=0.02)
    hair = grow(bust, np.random.default_rng(2), style, Look(), hairline=hairline, cut=Cut())
    assert hair is not None
    along = hair.regions[:, 0]
    middle = hair.positions.reshape(-1, 2, 3).mean(axis=1).astype(float)
    roots = middle[along[::2] == 0]

    assert hairline.inside(roots, bust.landmarks).min() > -0.012
    assert bust.distance(roots).max() < 0.02  # the scalp's vertices are up to 3 cm apart
    depth = (bust.pushed_out(middle, 0.0) - middle) ** 2
    assert np.percentile(np.sqrt(depth.sum(axis=1)), 98) < 0.006
    if comb not in ("tied", "bun"):
        paths = middle.reshape(-1, 150, 3)
        lengths = np.linalg.norm(np.diff(paths, axis=0), axis=2).sum(axis=0)
        assert np.median(lengths) == pytest.approx(0.15, rel=0.25)


def test_a_cut_ends_hair_and_frees_the_face():
    """Inside is above the plane; before the face nothing hangs lower than the fringe, beside it it may."""
    cut = Cut(length_y=0.1, fringe_y=-0.04, open_half_width=0.05)
    places = np.array([[0.08, 0.05, 0.0], [0.08, 0.12, 0.0], [0.0, 0.0, -0.08], [0.0, -0.06, -0.08], [0.0, 0.0, 0.1]])

    assert (cut.inside(places) > 0).tolist() == [True, False, False, True, True]


def test_a_receding_hairline_bares_forehead_and_crown(bust):
    """The temples go first, the middle of the forehead later; a bald crown is round."""
    forehead, crown = np.array([[0.0, -0.1, -0.05], [0.042, -0.098, -0.04]]), np.array([[0.0, -0.1, 0.08]])
    full, receding = Hairline(), Hairline(temples=0.03, crown=0.04)
    lost = full.inside(forehead, bust.landmarks) - receding.inside(forehead, bust.landmarks)

    assert lost[1] > 0.015 > lost[0]
    assert full.inside(crown, bust.landmarks)[0] > 0 > receding.inside(crown, bust.landmarks)[0]


def test_shells_stand_on_the_skin_as_high_as_they_are_long(bust):
    """The outermost layer is a length away where hair is full, and nothing grows where there is no share."""
    share = (bust.positions[:, 1] < -0.06).astype(float)
    fuzz = Fuzz(length=0.02, lumps=0.0, comb=(0.0, 0.0, 0.0), shells=5)
    surface = shells("fuzz", bust, np.random.default_rng(0), fuzz, Look(), share, pole=SCALP_POLE)
    assert surface is not None
    layers = surface.positions.reshape(5, -1, 3)
    outermost = np.linalg.norm(layers[0] - layers[-1], axis=1)

    assert outermost.max() == pytest.approx(0.02 * 0.94, rel=1e-3)
    assert (layers[-1][:, 1] < -0.03).all()
    assert shells("fuzz", bust, np.random.default_rng(0), fuzz, Look(), 0 * share, pole=SCALP_POLE) is None


def test_beards_grow_where_they_are_named_for(person, bust):
    """A moustache is above the mouth, a goatee not on the cheeks, and none is larger than a full beard."""
    region = np.ones(len(bust.positions))
    mouth, chin = person.landmarks[[61, 291]].mean(axis=0), person.landmarks[152]
    low = bust.positions[:, 1] > mouth[1] + 0.015
    aside = np.abs(bust.positions[:, 0]) > 0.055

    assert beard_share("moustache", bust, region, 0.006)[low].max() == 0
    assert beard_share("goatee", bust, region, 0.006)[aside].max() == 0
    on_chin = np.linalg.norm(bust.positions - chin, axis=1) < 0.008
    assert beard_share("goatee", bust, region, 0.006)[on_chin].min() > 0.5
