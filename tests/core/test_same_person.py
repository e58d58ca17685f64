"""Photos of one person, one of them with others in it: whose face is taken, and what is said about it."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kpnerf.core.another_face import next_face, with_face_at
from kpnerf.core.document import Document
from kpnerf.core.edits import add_views
from kpnerf.core.errors import UserError
from kpnerf.core.operations import perform
from kpnerf.core.photo import load_photo
from kpnerf.core.replay import operations_between
from kpnerf.core.same_person import same_person, unrolled
from kpnerf.core.source import read_source, view_of, with_same_person

ASSETS = Path(str(resources.files("kpnerf.assets")))
SAMPLE = ASSETS / "samples" / "person"
TALL, WIDE = 900, 1800


def somebody(number: int) -> Image.Image:
    """Another person than the sample's, who was rendered for the report: its pictures begin with the photo."""
    picture = next((ASSETS / "report" / "pictures").glob(f"person_{number}_*.jpg"))
    return Image.open(picture).crop((0, 0, 256, 256))


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two people in a photo; the one on the right is smaller."""
    photo = Image.new("RGB", (WIDE, TALL), "grey")
    for picture, height, x in ((left, TALL, 0), (right, TALL * 7 // 10, TALL)):
        width = round(picture.width * height / picture.height)
        photo.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, TALL - height))
    return photo


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> dict[str, Path]:
    """A party at which the sample's person stands behind another, one where it stands before, and portraits."""
    folder = tmp_path_factory.mktemp("photos")
    sample = Image.open(SAMPLE / "front.jpg")
    made = {
        "behind.png": side_by_side(somebody(100002), sample),
        "before.png": side_by_side(sample, somebody(100002)),
        "third.png": somebody(100000).resize((768, 768), Image.Resampling.LANCZOS),
    }
    for name, picture in made.items():
        picture.save(folder / name)
    return {name: folder / name for name in made} | {"right.jpg": SAMPLE / "right.jpg"}


def is_on_the_right(document: Document, view: int) -> bool:
    """Whether the face that was taken is the smaller one's."""
    return bool(document.views[view].landmarks_px[:, 0].mean() > WIDE / 2)


def test_the_face_of_the_other_photos_is_taken(photos):
    """Though it is not the largest; its outline goes with it, and a sentence says so."""
    document = read_source([photos["behind.png"], photos["right.jpg"]])
    outline = document.views[0].mask

    assert is_on_the_right(document, 0)
    assert outline[:, TALL:].sum() > 5 * outline[:, :TALL].sum()
    assert document.doubts == ("behind.png shows 2 faces; the one most like right.jpg was taken.",)


def test_the_largest_stays_silently_where_it_is_the_one(photos):
    """Nobody has to be told of what is as it should be."""
    document = read_source([photos["before.png"], photos["right.jpg"]])

    assert not is_on_the_right(document, 0)
    assert document.doubts == ()


@pytest.mark.parametrize("beside", [[], ["third.png"], ["before.png"]])
def test_the_largest_stays_where_nothing_says_whose_face_it_is(photos, beside):
    """Alone, beside somebody whom the photo does not show, or beside another photo of several: a sentence says so."""
    document = read_source([photos[name] for name in ["behind.png", *beside]])

    assert not is_on_the_right(document, 0)
    assert document.doubts[0] == (
        "behind.png shows 2 faces; the largest was taken. “Take the next face of the photo” takes another."
    )
    assert len(document.doubts) == 1 + (beside == ["before.png"])


def test_nothing_is_said_once_a_person_has_chosen(photos):
    """Whichever face it is."""
    document = read_source([photos["behind.png"]])
    other = with_face_at(document, 0, next_face(document.views[0]))

    assert is_on_the_right(other, 0) and other.doubts == ()


def test_photos_of_one_face_each_stay_the_very_same(photos):
    """And nothing is looked at again."""
    views = read_source([photos["right.jpg"], photos["third.png"]]).views

    assert [view.faces for view in views] == [None, None]
    assert all(after is before for after, before in zip(with_same_person(views), views, strict=True))
    assert same_person(views[0], []) is None


def test_a_photo_that_is_added_shows_the_same_person(photos):
    """A shell finds the face as well, and the history names it, so that it is the same however it is repeated."""
    before = read_source([photos["right.jpg"]])
    added = with_same_person([view_of(load_photo(photos["behind.png"]))], before.views)
    after = add_views(before, added)
    operations = operations_between(before, after)

    assert [operation[:2] for operation in operations] == [
        ("add", str(photos["behind.png"])),
        ("face", "behind.png"),
    ]
    told = perform(before, operations[0])
    assert told.doubts == after.doubts != ()
    for repeated in (told, perform(told, operations[1])):
        np.testing.assert_array_equal(repeated.views[1].landmarks_px, after.views[1].landmarks_px)
        np.testing.assert_array_equal(repeated.views[1].mask, after.views[1].mask)
    with pytest.raises(UserError):
        perform(before, ("add", "nobody.png"))


def test_what_lies_outside_a_photo_is_no_skin():
    """Half a face at the edge: the other half is not seen, whatever the edge's pixels look like."""
    view = view_of(load_photo(SAMPLE / "front.jpg"))
    middle = int(view.landmarks_px[:, 0].mean())
    whole, half = (unrolled(rgb, view.landmarks_px) for rgb in (view.photo.rgb, view.photo.rgb[:, :middle]))
    columns = half.facing.shape[1]

    assert (half.facing[:, int(0.6 * columns) :] <= 0).all() or (half.facing[:, : int(0.4 * columns)] <= 0).all()
    assert np.count_nonzero(half.facing > 0) < 0.7 * np.count_nonzero(whole.facing > 0)
