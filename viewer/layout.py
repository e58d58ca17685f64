"""Where everything is in the window, from its size alone."""

from dataclasses import dataclass

MENU, STATUS, GAP = 26.0, 28.0, 6.0
PANEL_WIDTH, NARROWEST_PANEL = 320.0, 240.0
TALLEST_POINTS = 414.0
ENLARGED_SHARE = 0.72
"""Height of the enlarged photo in the photos' column."""


@dataclass(frozen=True)
class Rect:
    """A rectangle of the window, screen pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def is_visible(self) -> bool:
        """Large enough to show anything."""
        return self.width >= 8 and self.height >= 8

    def contains(self, x: float, y: float) -> bool:
        """Whether a position lies inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True)
class Layout:
    """The regions of the window."""

    photos: tuple[Rect, ...]
    """One for each photo."""
    photo_area: Rect
    divider: Rect
    """Between photos and avatar, to be dragged."""
    avatar: Rect
    points: Rect
    """The list of points, top right."""
    tabs: Rect
    """Cameras, render, export, below it."""
    status: Rect


def arrange(
    width: float,
    height: float,
    *,
    scale: float = 1.0,
    photos: int = 0,
    chosen: int = 0,
    enlarged: bool = False,
    photo_share: float = 0.34,
) -> Layout:
    """Photos on the left, the avatar in the middle, panels on the right, the status line below.

    `photo_share` is the photos' part of the width that panels leave. Up to three photos share their column evenly;
    of more, or when `enlarged`, the chosen one is large and the others stand small below it. Regions for which
    there is no room have no size.
    """
    gap, top = GAP * scale, MENU * scale
    status_height = min(STATUS * scale, height)
    body = max(height - top - status_height - gap, 0.0)
    panel = PANEL_WIDTH * scale
    if width < 2.6 * panel:
        panel = NARROWEST_PANEL * scale if width >= 2.6 * NARROWEST_PANEL * scale else 0.0
    left = max(width - panel - (3 if panel else 2) * gap, 0.0)
    photo_width = round(left * photo_share) if photos else 0.0
    area = Rect(gap, top + gap, photo_width, max(body - gap, 0.0))
    divider = Rect(area.x + photo_width, area.y, gap if photos else 0.0, area.height)
    avatar_x = divider.x + divider.width
    avatar = Rect(avatar_x, area.y, max(gap + left - avatar_x, 0.0), area.height)
    panel_x = avatar.x + avatar.width + gap
    points_height = min(0.58 * area.height, TALLEST_POINTS * scale)
    return Layout(
        photos=_stack(area, photos, chosen, enlarged or photos > 3, gap),
        photo_area=area,
        divider=divider,
        avatar=avatar,
        points=Rect(panel_x, area.y, panel, points_height),
        tabs=Rect(panel_x, area.y + points_height + gap, panel, max(area.height - points_height - gap, 0.0)),
        status=Rect(0.0, max(height - status_height, 0.0), width, status_height),
    )


def _stack(area: Rect, photos: int, chosen: int, one_large: bool, gap: float) -> tuple[Rect, ...]:
    if photos == 0:
        return ()
    if not one_large or photos == 1:
        each = max((area.height - (photos - 1) * gap) / photos, 0.0)
        return tuple(Rect(area.x, area.y + index * (each + gap), area.width, each) for index in range(photos))
    large = Rect(area.x, area.y, area.width, ENLARGED_SHARE * area.height)
    columns = min(photos - 1, 4)
    rows = -(-(photos - 1) // columns)
    small_width = max((area.width - (columns - 1) * gap) / columns, 0.0)
    below = area.height - large.height - gap
    small_height = max((below - (rows - 1) * gap) / rows, 0.0)
    places, slot = [], 0
    for index in range(photos):
        if index == chosen:
            places.append(large)
            continue
        row, column = divmod(slot, columns)
        slot += 1
        x, y = area.x + column * (small_width + gap), large.y + large.height + gap + row * (small_height + gap)
        places.append(Rect(x, y, small_width, small_height))
    return tuple(places)
