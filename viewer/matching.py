"""Finding a command by a few letters of its title."""

from collections.abc import Sequence


def matches(query: str, titles: Sequence[str]) -> list[int]:
    """Indices of the titles that hold every word of the query, the best first; if none does, its letters in order.

    Beginnings of words count more than what is inside them, earlier more than later, shorter titles more than longer.
    """
    words = query.casefold().split()
    texts = [title.casefold() for title in titles]
    if not words:
        return list(range(len(texts)))
    for score in (_score_of_words, _score_of_letters):
        scored = [(value, index) for index, text in enumerate(texts) if (value := score(words, text)) is not None]
        if scored:
            return [index for value, index in sorted(scored)]
    return []


def _score_of_words(words: Sequence[str], text: str) -> tuple[int, int, int] | None:
    """The smaller, the better; None: it does not match."""
    places = [place for word in words if (place := _place(word, text)) is not None]
    if len(places) < len(words):
        return None
    return sum(place > 0 and text[place - 1].isalnum() for place in places), sum(places), len(text)


def _score_of_letters(words: Sequence[str], text: str) -> tuple[int, int] | None:
    """The smaller, the better; None: it does not match."""
    at = 0
    for letter in "".join(words):
        at = text.find(letter, at) + 1
        if at == 0:
            return None
    return at, len(text)


def _place(word: str, text: str) -> int | None:
    """Where a word stands in a text, at the beginning of one of its words if it can; None: nowhere."""
    starts = [at for at in range(len(text)) if text.startswith(word, at)]
    if not starts:
        return None
    return next((at for at in starts if at == 0 or not text[at - 1].isalnum()), starts[0])
