"""What other photos say about the depth predicted for one: plane sweeps (Collins, 1996) with learnt features.

A photo alone tells how far a face is, but hardly how far before or behind it a shoulder. So along the rays of its
pixels depths round the predicted one are tried: the other photos are asked what they see there, and a few layers that
have all depths of a neighbourhood before them choose (as in MVSNet: Yao et al., 2018). A second sweep, twice as fine,
tries depths round what the first has chosen (as in CasMVSNet: Gu et al., 2020).

What the sweeps have gathered also goes into the features of the photos: a place is not only known by how it looks, but
by whether the other photos see it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from .pyramid import ResidualBlock, doubled
from .rays import points_along
from .spatial import inside, normalised, project, read_maps
from .stacks import Chosen
from .views import Choice, SourceViews


@dataclass(frozen=True)
class Tried:
    """Which depths a sweep tries round a prediction."""

    count: int
    reach: float
    """How far from the prediction the outermost are, metres."""
    bend: float
    """The power by which they spread: at 1 they are equally far apart, above it closer next to the prediction."""

    def depths(self) -> Float[Tensor, "d"]:
        """Relative to the prediction, metres, ascending."""
        t = torch.linspace(-1, 1, self.count)
        return self.reach * t.sign() * t.abs() ** self.bend


COARSE, FINE = Tried(24, 0.16, 1.6), Tried(12, 0.04, 1.4)
"""Next to the prediction both try depths 2 to 3 mm apart; the outermost are 2 cm apart in the first, 5 mm in the
second."""
MOST_OTHERS = 3
"""So many photos are asked about one, those from nearest its own direction: more would cost, and see other sides."""
LEARNT, GROUP = 16, 4
"""Features that photos are compared by, from each of two resolutions; so many of them are compared as one."""
CONTRAST, FLAT = 9, 0.03
"""Window in which the picture's own contrast is taken, pixels; and below which contrast (of 1) it is left small."""
HEARD, JUDGED = 8, 24
"""What is kept of the evidence for a depth, and the width of what judges it."""
WIDE, NARROW = 64, 32
"""Channels of the two sweeps."""
DILATIONS, FINE_DILATIONS = (1, 1, 2, 4, 1, 2, 1), (1, 1, 2, 1)
"""Of the blocks of both: a plain shirt tells its depth only by its collar, its seams and its outline."""
ON_MASK = 0.02
"""Where there is less mask than that there is no surface to look for."""


def evidence_channels(features: int) -> int:
    """What a photo says about a point: in groups of features how alike they are (product) and how unlike (difference),
    its mask, how far the point lies behind its own predicted surface on two scales, and that it contains it at all."""
    return 2 * features // GROUP + 4


class Asked(NamedTuple):
    """Photos, and for each the others that are asked about it: equally many."""

    views: Int[Tensor, "g"]
    others: Int[Tensor, "g o"]

    def each(self) -> list["Asked"]:
        """One photo at a time."""
        return [Asked(*one) for one in zip(self.views.split(1), self.others.split(1), strict=True)]


class Swept(NamedTuple):
    """What the photos know once they have been compared."""

    depth: Float[Tensor, "v 1 hf wf"]
    """Better depths, relative to the world's origin, metres."""
    coarse: Float[Tensor, "v 1 hf wf"]
    """Those of the first sweep alone: for training."""
    choices: tuple[Choice, Choice]
    """Of both sweeps."""
    low: Float[Tensor, "v cl h w"]
    """To be added to the features of the photos."""
    fine: Float[Tensor, "v ct hf wf"]
    """To be added to the first of their fine ones."""


class Sweep(nn.Module):
    """One sweep, at the resolution of the features that it is given.

    Every depth is judged by the same few layers, from the evidence at the pixel and in two windows round it (cost
    aggregation; Scharstein and Szeliski, 2002); what is seen all over the picture then has a say for every depth.
    """

    def __init__(
        self, tried: Tried, features: int, width: int, *, windows: tuple[int, int], dilations: tuple[int, ...]
    ) -> None:
        """`windows`: sides of those round a pixel, an odd number and a part of the resolution."""
        super().__init__()
        self.tried, self.windows = tried, windows
        self.compare = nn.Linear(2 * evidence_channels(features), HEARD)
        self.judge = nn.Sequential(nn.Linear(3 * HEARD, JUDGED), nn.ReLU(), nn.Linear(JUDGED, 1))
        self.survey = nn.Conv2d(HEARD * tried.count, width, 1)
        self.blocks = nn.Sequential(*(ResidualBlock(width, dilation) for dilation in dilations))
        self.choice = silent(nn.Conv2d(width, tried.count, 1))

    def forward(
        self,
        source: SourceViews,
        features: Float[Tensor, "v f h w"],
        context: Float[Tensor, "v c h w"],
        masks: Float[Tensor, "v 1 hf wf"],
        depth: Float[Tensor, "v 1 hd wd"],
        asked: Sequence[Asked],
    ) -> tuple[Float[Tensor, "v c+1 h w"], Float[Tensor, "v 1 h w"], Choice]:
        """What it has gathered, how unsure it is included; what is to be added to the depths, metres; and from what
        that was chosen.

        `context`: as wide as the sweep; `asked`: who is asked about every photo.
        """
        views, _, height, width = features.shape
        around = resampled(depth.detach(), (height, width))
        told = torch.cat([features.float(), resampled(masks, (height, width)), around], dim=1)
        tried = self.tried.depths().to(depth)
        answers = (evidence_of(photos, source, told, tried) for photos in asked)
        heard_at = [(places, pixels.without_repetitions(self.compare(said))) for places, pixels, said in answers]
        places, said = map(torch.cat, zip(*heard_at, strict=True))
        heard = said.new_zeros(views * height * width, len(tried), HEARD).index_copy(0, places, said)
        # Channels last: what lies together in memory are the depths of a pixel.
        volume = heard.view(views, height, width, -1).permute(0, 3, 1, 2)
        on = told[:, -2:-1] > ON_MASK
        places, known = on.flatten().nonzero()[:, 0], on.to(volume.dtype)
        rounded = ((round_each(volume, side), round_each(known, side)) for side in self.windows)
        windows = [_at(mean, places) / _at(share, places) for mean, share in rounded]
        gathered = [part.unflatten(-1, (len(tried), HEARD)) for part in (_at(volume, places), *windows)]
        judged = self.judge(torch.cat(gathered, dim=-1))[..., 0].float()
        scores = judged.new_zeros(views * height * width, len(tried)).index_copy(0, places, judged)
        x = F.relu(self.blocks(self.survey(volume) + context))
        scores = self.choice(x).float() + scores.view(views, height, width, -1).permute(0, 3, 1, 2)
        logarithm = scores.log_softmax(dim=1)
        share = logarithm.exp()
        depths = tried[:, None, None]
        chosen = (share * depths).sum(dim=1, keepdim=True)
        unsure = (share * (depths - chosen).abs()).sum(dim=1, keepdim=True) / self.tried.reach
        return torch.cat([x, unsure.to(x.dtype)], dim=1), chosen, Choice(logarithm, tried, around)


def round_each(x: Float[Tensor, "v c h w"], side: int) -> Float[Tensor, "v c h w"]:
    """Means over windows round every pixel; over large ones, of an even side, at the cost of small ones."""
    if side % 2 == 1:
        channels = x.shape[1]
        window = x.new_full((channels, 1, side, side), 1 / side**2)
        # A convolution: twice as fast as pooling, five times backwards. Differences of near colours need float32.
        with torch.autocast(x.device.type, enabled=False):
            return F.conv2d(x, window, padding=side // 2, groups=channels)
    return F.interpolate(F.avg_pool2d(x, side), size=x.shape[-2:], mode="bilinear", align_corners=False)


def contrast_of(pictures: Float[Tensor, "v 3 h w"]) -> Float[Tensor, "v 4 h w"]:
    """Colours, and their mean, against those round them: the mean product of two such maps over a window is their
    normalised correlation, which neither exposure nor shade changes."""
    colours = torch.cat([pictures, pictures.mean(dim=1, keepdim=True)], dim=1)
    away = colours - round_each(colours, CONTRAST)
    spread = round_each(away.square(), CONTRAST).mean(dim=1, keepdim=True)
    return away / (spread + FLAT**2).sqrt()


def _at(maps: Float[Tensor, "v c h w"], places: Int[Tensor, "n"]) -> Float[Tensor, "n c"]:
    return maps.permute(0, 2, 3, 1).flatten(0, 2).index_select(0, places)


class DepthSweep(nn.Module):
    """Corrects the depths predicted for photos by one another, and tells each what the others see."""

    def __init__(self, low: int, fine: int, told_fine: int) -> None:
        """`low`, `fine`: channels of the maps that it works from; `told_fine` of the fine ones learn what was found."""
        super().__init__()
        self.low_features, self.fine_features = nn.Conv2d(low, LEARNT, 1), nn.Conv2d(fine, LEARNT, 3, padding=1)
        compared = LEARNT + 4
        self.low_context, self.fine_context = nn.Conv2d(low, WIDE, 1), nn.Conv2d(WIDE + 1, NARROW, 1)
        self.coarse = Sweep(COARSE, LEARNT + compared, WIDE, windows=(3, 4), dilations=DILATIONS)
        self.fine = Sweep(FINE, compared, NARROW, windows=(5, 8), dilations=FINE_DILATIONS)
        self.detail, self.fine_detail = nn.Conv2d(WIDE + 1, LEARNT, 1), nn.Conv2d(NARROW + 1, LEARNT, 1)
        self.edges = nn.Conv2d(fine + 2, LEARNT, 3, padding=1)
        self.rest = silent(nn.Conv2d(LEARNT, 1, 1))
        self.tell_low, self.tell_fine = silent(nn.Conv2d(WIDE + 1, low, 1)), silent(nn.Conv2d(NARROW + 1, told_fine, 1))

    def forward(
        self,
        source: SourceViews,
        masks: Float[Tensor, "v 1 hf wf"],
        low: Float[Tensor, "v cl h w"],
        fine: Float[Tensor, "v cf hf wf"],
        depth: Float[Tensor, "v 1 hf wf"],
        sizes: Sequence[int] | None = None,
    ) -> Swept:
        """Of two photos at least; the first `sizes[0]` of one subject, the next of another, each with two at least."""
        asked = nearest(source, sizes or [len(depth)])
        if depth.device.type == "cpu":
            # Small steps do not occupy a GPU; a processor's caches hold what one photo needs.
            asked = [one for together in asked for one in together.each()]
        # Half and a quarter of the resolution, corner on corner, as every map is read.
        height, width = low.shape[-2:]
        pictures = resampled(source.images, (2 * height, 2 * width))
        half = torch.cat(
            [resampled(self.fine_features(fine).float(), (2 * height, 2 * width)), contrast_of(pictures)], dim=1
        )
        features = torch.cat([self.low_features(low).float(), resampled(half, (height, width))], dim=1)
        x, chosen, first = self.coarse(source, features, self.low_context(low), masks, depth, asked)
        coarse = depth + doubled(doubled(chosen))
        y, closer, second = self.fine(source, half, doubled(self.fine_context(x)), masks, coarse, asked)
        correction = coarse - depth + doubled(closer)
        near = torch.cat([fine, depth, correction], dim=1).to(low.dtype)
        detail = doubled(doubled(self.detail(x)) + self.fine_detail(y))
        rest = self.rest(F.relu(self.edges(near) + detail))
        return Swept(
            depth=depth + correction + 0.1 * rest.float(),
            coarse=coarse,
            choices=(first, second),
            low=self.tell_low(x).float(),
            fine=doubled(self.tell_fine(y)).float(),
        )


def silent(layer: nn.Conv2d) -> nn.Conv2d:
    """The same layer, which begins by saying nothing."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def nearest(source: SourceViews, sizes: Sequence[int]) -> list[Asked]:
    """Who is asked about every photo: of those of its subject the nearest by the angle between the directions that
    they look in; `sizes`: photos of each subject. Photos that ask equally many come together.
    """
    asked: dict[int, list[Asked]] = {}
    first = 0
    for ahead in source.camera_from_world[:, 2, :3].split(list(sizes)):
        alike = (ahead[:, None] * ahead).sum(dim=-1)
        alike.fill_diagonal_(-torch.inf)
        count = min(MOST_OTHERS, len(ahead) - 1)
        views = torch.arange(first, first + len(ahead), device=ahead.device)
        asked.setdefault(count, []).append(Asked(views, first + alike.topk(count, dim=1).indices))
        first += len(ahead)
    return [Asked(*map(torch.cat, zip(*same, strict=True))) for same in asked.values()]


def evidence_of(
    asked: Asked, source: SourceViews, told: Float[Tensor, "v f h w"], tried: Float[Tensor, "d"]
) -> tuple[Int[Tensor, "n"], Chosen, Float[Tensor, "g m d e"]]:
    """What other photos say about the depths tried at the pixels of some that lie on their masks: the mean of those
    that contain a point, and the maximum. Before it where these pixels lie in maps of all photos, and in those of
    these.

    `told`: features, mask and predicted depth.
    """
    views, others = asked
    mine = told[views].flatten(2).transpose(1, 2)
    pixels = Chosen.where(mine[..., -2] > ON_MASK)
    own = pixels.of(mine)
    places = views[pixels.places // mine.shape[1]] * mine.shape[1] + pixels.places % mine.shape[1]
    points = points_along(source.picked(views), pixels.columns, own[..., -1:] + tried, (told.shape[-2], told.shape[-1]))
    pose = source.camera_from_world[others]
    seen, depth = project(source.intrinsics[others], pose, points.flatten(1, 2))
    size = source.images.shape[-1]
    shape = (*others.shape, *points.shape[1:3])
    contained = inside(seen, source.bounds[others], slack=0.0) & (depth > 1e-3)
    read = read_maps(told[others], normalised(seen, size, size)).unflatten(2, shape[2:])
    theirs, mine = read[..., :-2], own[:, None, :, None, :-2]
    alike, unlike = _by_groups(theirs * mine), -_by_groups((theirs - mine).abs())
    behind = (depth - pose[..., 2, 3, None]).view(shape) - read[..., -1]
    close = torch.tanh(torch.stack([behind / 0.01, behind / 0.04], dim=-1))
    known = contained.view(*shape, 1).to(read)
    said = torch.cat([alike, unlike, read[..., -2:-1], close, torch.ones_like(known)], dim=-1) * known
    return places, pixels, torch.cat([said.sum(dim=1) / known.sum(dim=1).clamp_min(1), said.amax(dim=1)], dim=-1)


def _by_groups(x: Float[Tensor, "*n f"]) -> Float[Tensor, "*n g"]:
    return x.unflatten(-1, (-1, GROUP)).mean(dim=-1)


def resampled(maps: Float[Tensor, "v c h w"], size: tuple[int, int]) -> Float[Tensor, "v c {size[0]} {size[1]}"]:
    """At another resolution, corner on corner."""
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=True)
