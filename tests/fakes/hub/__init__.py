"""A Hugging Face Hub on the loopback interface: repositories, their API, their content, and a CDN of another name.

What is served are bytes in memory or in files; nothing is mocked, so any client and any HTTP library can be tested
against it. `faults` make a connection or an answer wrong in one way each, and go together. `fill_cache` lays a
snapshot on disk as the Hub's client does, without a server.

Wire format: huggingface_hub's source (0.34 to 2.4), its "Understand caching", and the Git LFS specification.
"""

from tests.fakes.hub import faults
from tests.fakes.hub.cache import fill_cache
from tests.fakes.hub.hub import Hub
from tests.fakes.hub.messages import Request
from tests.fakes.hub.model import tiny_model
from tests.fakes.hub.publishers import Organization, User
from tests.fakes.hub.repository import Repository

__all__ = ["Hub", "Organization", "Repository", "Request", "User", "faults", "fill_cache", "tiny_model"]
