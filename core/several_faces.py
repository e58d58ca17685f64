"""Which of several faces in a photo was taken, and why."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SeveralFaces:
    """What is known about a photo that shows several people, until a person says whose avatar it is."""

    count: int
    """How many faces it shows."""
    like: str | None = None
    """Name of the photo that shows the same person as the face that was taken; None: the largest was taken."""

    def told(self, name: str) -> str:
        """For the person, in a sentence or two, about the photo of that name."""
        if self.like is not None:
            return f"{name} shows {self.count} faces; the one most like {self.like} was taken."
        return (
            f"{name} shows {self.count} faces; the largest was taken. “Take the next face of the photo” takes another."
        )
