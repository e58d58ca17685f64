"""The one exception whose text a person reads."""


class UserError(Exception):
    """Something a person can put right: what happened, and what to do about it.

    Both parts are plain sentences. The window shows them in a dialog, the command line prints them and
    exits with code 2; neither shows a traceback.
    """

    def __init__(self, what_happened: str, what_to_do: str = "") -> None:
        super().__init__(f"{what_happened} {what_to_do}".strip())
        self.what_happened = what_happened
        self.what_to_do = what_to_do
