"""Lists of names, written as running text so that many of them can be read at a glance."""


def words(text: str) -> frozenset[str]:
    """Give the words of a text."""
    return frozenset(text.split())
