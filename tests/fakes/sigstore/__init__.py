"""A hermetic Sigstore instance: certificate authority, CT log, Rekor log, timestamp authority, OIDC issuer.

`Instance` makes bundles in the process itself; `serve` puts the same instance behind HTTP on the loopback
interface, for real signing clients. Every signature, certificate, proof and timestamp is real, only the keys
are nobody's. A `Fault` makes exactly one of them subtly wrong.
"""

from tests.fakes.sigstore.claims import Claims
from tests.fakes.sigstore.faults import Fault
from tests.fakes.sigstore.instance import Instance
from tests.fakes.sigstore.server import Server, serve

__all__ = ["Claims", "Fault", "Instance", "Server", "serve"]
