"""Photos as the network takes them, what it knows of them, and how they see samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from .stacks import Chosen


@dataclass(frozen=True, eq=False)
class SourceViews:
    """Square pictures of one subject with their cameras; all tensors on one device, float32."""

    images: Float[Tensor, "*b v 3 h w"]
    """RGB in [0, 1], black outside the mask."""
    masks: Float[Tensor, "*b v 1 h w"]
    intrinsics: Float[Tensor, "*b v 3 3"]
    """For these pictures; pixel centres at integers."""
    camera_from_world: Float[Tensor, "*b v 4 4"]
    near_far: Float[Tensor, "*b v 2"]
    """Depths between which the subject lies, metres."""
    bounds: Float[Tensor, "*b v 4"]
    """Pixel centres x0, y0, x1, y1 of the part that the photo really covers."""

    def to(self, device: torch.device) -> "SourceViews":
        """The same on another device."""
        return SourceViews(**{name: value.to(device) for name, value in vars(self).items()})

    def picked(self, views: Sequence[int] | Int[Tensor, "g"]) -> "SourceViews":
        """Some of them, in that order."""
        return SourceViews(*map(_rows(views), vars(self).values()))

    @staticmethod
    def joined(sets: Sequence["SourceViews"]) -> "SourceViews":
        """All photos of several subjects."""
        return SourceViews(*(torch.cat(each) for each in zip(*(vars(views).values() for views in sets), strict=True)))


@dataclass(frozen=True, eq=False)
class Choice:
    """Which of several depths were chosen at the pixels of the photos: for training only."""

    share: Float[Tensor, "*b v d h w"]
    """Logarithm of the share of each depth; the shares of a pixel sum to one."""
    depths: Float[Tensor, "*b d"]
    """What was tried, relative to `around`, metres, ascending; the same of every subject."""
    around: Float[Tensor, "*b v 1 h w"]
    """Relative to the world's origin, metres."""

    def divided(self, sizes: Sequence[int]) -> list["Choice"]:
        """Those of the first so many photos, of the next so many, and so on."""
        parts = zip(self.share.split(sizes), self.around.split(sizes), strict=True)
        return [Choice(share, self.depths, around) for share, around in parts]


@dataclass(frozen=True, eq=False)
class PhotoMaps:
    """What the network makes of photos: the maps that samples read.

    As `KeypointNeRF.look` gives them, nothing of one photo depends on another.
    """

    colours: Float[Tensor, "*b v 3 h w"]
    """What samples take their colour from; RGB in [0, 1]."""
    low: Float[Tensor, "*b v cl hl wl"]
    high: Float[Tensor, "*b v ch hh wh"]
    texture: Float[Tensor, "*b v ct ht wt"]
    depth: Float[Tensor, "*b v 1 hd wd"] | None
    """Predicted depth of the first surface behind each pixel, relative to the world's origin, metres."""

    @property
    def maps(self) -> tuple[Any, ...]:
        """All of them, in the order of the fields."""
        return self.colours, self.low, self.high, self.texture, self.depth

    def each(self, change: Callable[[Tensor], Tensor]) -> tuple[Any, ...]:
        """All of them, changed; a depth that is not predicted stays None."""
        return tuple(None if maps is None else change(maps) for maps in self.maps)

    def picked(self, views: Sequence[int] | Int[Tensor, "g"]) -> "PhotoMaps":
        """Some of them, in that order."""
        return PhotoMaps(*self.each(_rows(views)))

    def divided(self, sizes: Sequence[int]) -> tuple["PhotoMaps", ...]:
        """The first so many, the next so many, and so on."""
        parts = ([None] * len(sizes) if maps is None else maps.split(sizes) for maps in self.maps)
        return tuple(PhotoMaps(*each) for each in zip(*parts, strict=True))

    def joined(self, others: "PhotoMaps") -> "PhotoMaps":
        """These and, after them, those."""
        pairs = zip(self.maps, others.maps, strict=True)
        maps: list[Any] = [None if a is None or b is None else torch.cat([a, b]) for a, b in pairs]
        return PhotoMaps(*maps)


@dataclass(frozen=True, eq=False)
class EncodedViews(PhotoMaps):
    """What the network knows of the photos together: the seam between encoding and rendering."""

    source: SourceViews
    guesses: tuple[Float[Tensor, "*b v 1 hd wd"], ...] = ()
    """Depths predicted on the way to the last, each photo alone and after the first sweep: for training only."""
    choices: tuple[Choice, ...] = ()
    """What every sweep chose from."""
    expression: int | None = None
    """Of these views, whose expression the face has (see `expression.worn`), in the head frame; None: all of theirs."""

    def to(self, device: torch.device) -> "EncodedViews":
        """The same on another device."""
        maps = self.each(lambda maps: maps.to(device))
        return EncodedViews(*maps, source=self.source.to(device), expression=self.expression)

    def picked(self, views: Sequence[int] | Int[Tensor, "g"]) -> "EncodedViews":
        """Some of them, in that order, with what they were told by all."""
        return EncodedViews(*self.each(_rows(views)), source=self.source.picked(views))

    def divided(self, sizes: Sequence[int]) -> tuple["EncodedViews", ...]:
        """The first so many, the next so many, and so on."""
        sources = (
            SourceViews(*e) for e in zip(*(each.split(sizes) for each in vars(self.source).values()), strict=True)
        )
        guesses = [guess.split(sizes) for guess in self.guesses]
        choices = [choice.divided(sizes) for choice in self.choices]
        return tuple(
            EncodedViews(
                *alone.maps,
                source=source,
                guesses=tuple(guess[index] for guess in guesses),
                choices=tuple(choice[index] for choice in choices),
            )
            for index, (alone, source) in enumerate(zip(super().divided(sizes), sources, strict=True))
        )


@dataclass(frozen=True, eq=False)
class Sighting:
    """Samples as the views see them; shared by geometry and colour."""

    uv: Float[Tensor, "*b v n 2"]
    depth: Float[Tensor, "*b v n"]
    say: Float[Tensor, "*b v n"]
    """How much of one the photo has about the sample, because it contains it or stands in (see `stand_in`): the largest
    is one, and zero none."""
    weights: Float[Tensor, "*b v n"]
    """Confidence of each view from where the sample lies in it; zero where it has no say."""

    def of(self, samples: Chosen) -> "Sighting":
        """Of some of the samples of several subjects."""

        def some(values: Shaped[Tensor, "b v n *c"]) -> Shaped[Tensor, "b v m *c"]:
            return samples.of(values.transpose(1, 2)).transpose(1, 2)

        return Sighting(*map(some, vars(self).values()))


def _rows(views: Sequence[int] | Int[Tensor, "g"]) -> Callable[[Tensor], Tensor]:
    return lambda maps: maps[torch.as_tensor(views, device=maps.device)]
