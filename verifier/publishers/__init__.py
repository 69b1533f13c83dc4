"""The index of known publishers: is this name one of them, or does it only look like one?"""

from verifier.publishers.data import MODELS, PUBLISHERS, Publisher
from verifier.publishers.index import ModelMatch, PublisherIndex, PublisherMatch

__all__ = ["MODELS", "PUBLISHERS", "ModelMatch", "Publisher", "PublisherIndex", "PublisherMatch"]
