"""The index of known publishers: is this name one of them, or does it only look like one?"""

from verifier.publishers.index import ModelMatch, Publisher, PublisherIndex, PublisherMatch

__all__ = ["ModelMatch", "Publisher", "PublisherIndex", "PublisherMatch"]
