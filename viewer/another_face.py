"""Of several faces in a photo, another one."""

from ..core.another_face import next_face, with_face_at
from ..core.document import Document
from ..core.steps import Operation, number_word
from .session import Session
from .task_lane import Task, TaskControl
from .tasks import solve

TITLE = "Looking for another face"


def take_next_face(session: Session) -> None:
    """Take another face of the chosen photo, the next one to the right, and find the cameras again."""
    if not session.document.views:
        return
    session.editor.commit()
    document, editor, index = session.document, session.editor, session.editor.view
    view = document.views[index]

    def work(control: TaskControl) -> tuple[Document, Operation]:
        control.report(TITLE)
        place = next_face(view)
        return with_face_at(document, index, place), ("face", view.name, *map(number_word, place))

    def done(found: tuple[Document, Operation]) -> None:
        changed, operation = found
        if session.document is not document:
            session.note("Nothing was changed, for the points were moved meanwhile. Take the next face again.")
        elif editor.apply(f"Take another face in {view.name}", lambda _: changed, (operation,)):
            solve(session)

    session.task_lane.submit(Task(TITLE, work, done))
