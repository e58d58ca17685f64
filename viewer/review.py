"""Which points to look at next, worst first, and what cannot be right about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.calibration import Calibration
from ..core.document import Document
from ..core.point_doubts import PointDoubt, doubt_cameras, doubt_points
from ..core.ranking import Suspect, rank


@dataclass(frozen=True, eq=False)
class Findings:
    """What can be said about the points of one document."""

    ranking: tuple[Suspect, ...] = ()
    """Every placement, the one that hurts most first."""
    doubts: tuple[PointDoubt, ...] = ()
    cameras: tuple[str, ...] = ()
    """Sentences about photos whose camera is wrong rather than their points."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Place of each keypoint in the order of its worst placement, from 1; empty before anything is solved."""

    def doubt_about(self, name: str | None, view: int | None = None) -> PointDoubt | None:
        """The first doubt about a keypoint, in one photo or in any."""
        about = (doubt for doubt in self.doubts if doubt.name == name and view in (None, doubt.view))
        return next(about, None)

    def sentence(self, name: str | None = None) -> str:
        """The one thing a person should know: about a keypoint, or else what is worst; empty when all is well."""
        about = self.doubt_about(name)
        if about is not None:
            return about.text
        crossed = [doubt.text for doubt in self.doubts if doubt.reason == "crossed"]
        others = [doubt.text for doubt in self.doubts if doubt.reason != "crossed"]
        # Crossed points make a right camera look wrong, and a wrong camera makes right points look wrong.
        sentences = list(dict.fromkeys([*crossed, *self.cameras, *others]))
        if not sentences:
            return ""
        alone = len(sentences) == 1 or sentences[0] in self.cameras
        return sentences[0] if alone else f"{sentences[0]} (+{len(sentences) - 1})"


@dataclass(frozen=True, eq=False)
class Attention:
    """A keypoint that every photo is to show; another object each time, also for the same point."""

    name: str = ""


class Review:
    """Findings about the newest document, and where in their order a person is."""

    def __init__(self) -> None:
        self._calibration: Calibration | None = None
        self._findings = Findings()
        self._reached = -1

    def findings(self, document: Document, *, moving: bool = False) -> Findings:
        """About a document; computed once for it, which takes a good part of a frame.

        moving: the hand is at a point, and its document will not be the newest for long: what was found before stays.
        """
        # Every edit of points or cameras makes a new calibration.
        if document.calibration is not self._calibration and not moving:
            self._calibration = document.calibration
            self._findings, self._reached = _found(document), -1
        return self._findings

    def step(self, document: Document, step: int) -> tuple[int, Suspect] | None:
        """The next placement in the order, or the one before, and its number from 0; the worst after every edit."""
        ranking = self.findings(document).ranking
        if not ranking:
            return None
        if self._reached < 0 and step < 0:  # back from before the first is the last
            self._reached = 0
        self._reached = (self._reached + step) % len(ranking)
        return self._reached, ranking[self._reached]


def words_about(document: Document, suspect: Suspect) -> str:
    """What speaks against a placement, in figures."""
    return (
        f"{suspect.name} in {document.views[suspect.view].name}, {suspect.away_px:.1f} px from where everything else "
        f"has it; its point is off by {suspect.before_px:.1f} px, without it by {suspect.after_px:.1f} px"
    )


def _found(document: Document) -> Findings:
    calibration = document.calibration
    if calibration is None:
        return Findings()
    views, cameras, world_from_head = document.observations(), calibration.cameras, calibration.world_from_head
    ranking = rank(views, cameras, world_from_head)
    ranks: dict[str, int] = {}
    for suspect in ranking.points:
        ranks.setdefault(suspect.name, len(ranks) + 1)
    return Findings(
        ranking=ranking.points,
        doubts=doubt_points(views, cameras, calibration.keypoints, world_from_head, ranking.points),
        cameras=doubt_cameras(views, ranking.views),
        ranks=ranks,
    )
