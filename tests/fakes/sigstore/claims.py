"""What an OIDC token says about a workflow run, and the certificate extensions Fulcio makes of it.

Claim names: GitHub's "OpenID Connect reference". Extensions: Fulcio's `docs/oid-info.md` and
`docs/oidc.md`, section "Mapping OIDC token claims to Fulcio OIDs".
"""

from typing import TypedDict

from tests.fakes.sigstore import der

FULCIO_ARC = "1.3.6.1.4.1.57264.1"
GITHUB = "https://github.com"


class Claims(TypedDict, total=False):
    """The claims of a GitHub Actions token that reach a certificate."""

    event_name: str
    job_workflow_ref: str
    job_workflow_sha: str
    ref: str
    repository: str
    repository_id: str
    repository_owner: str
    repository_owner_id: str
    repository_visibility: str
    run_attempt: str
    run_id: str
    runner_environment: str
    sha: str
    workflow: str
    workflow_ref: str
    workflow_sha: str


def check_known(claims: Claims) -> None:
    """Raise TypeError for a claim that no extension is made of, which is a misspelt one."""
    if unknown := set(claims) - set(Claims.__annotations__):
        raise TypeError(f"unknown claims: {', '.join(sorted(unknown))}")


def workflow_identity(claims: Claims) -> str | None:
    """The subject alternative name Fulcio gives a workflow, if the claims are a workflow's."""
    return _github(claims.get("job_workflow_ref"))


def extensions(issuer: str, claims: Claims) -> dict[str, bytes]:
    """The certificate extensions, from the dotted object identifier to the DER value."""
    raw = {
        1: issuer,
        2: claims.get("event_name"),
        3: claims.get("sha"),
        4: claims.get("workflow"),
        5: claims.get("repository"),
        6: claims.get("ref"),
    }
    text = {
        8: issuer,
        9: _github(claims.get("job_workflow_ref")),
        10: claims.get("job_workflow_sha"),
        11: claims.get("runner_environment"),
        12: _github(claims.get("repository")),
        13: claims.get("sha"),
        14: claims.get("ref"),
        15: claims.get("repository_id"),
        16: _github(_owner(claims)),
        17: claims.get("repository_owner_id"),
        18: _github(claims.get("workflow_ref", claims.get("job_workflow_ref"))),
        19: claims.get("workflow_sha"),
        20: claims.get("event_name"),
        21: _run(claims),
        22: claims.get("repository_visibility"),
    }
    # 1 to 6 are bare bytes, a mistake that Fulcio keeps for old clients; the later ones are UTF8Strings.
    made = {n: value.encode() for n, value in raw.items() if value is not None}
    made |= {n: der.utf8(value) for n, value in text.items() if value is not None}
    return {f"{FULCIO_ARC}.{n}": value for n, value in made.items()}


def _github(path: str | None) -> str | None:
    return None if path is None else f"{GITHUB}/{path}"


def _owner(claims: Claims) -> str | None:
    if "repository_owner" in claims:
        return claims["repository_owner"]
    return claims["repository"].partition("/")[0] if "repository" in claims else None


def _run(claims: Claims) -> str | None:
    if "repository" not in claims or "run_id" not in claims:
        return None
    attempt = claims.get("run_attempt", "1")
    return f"{GITHUB}/{claims['repository']}/actions/runs/{claims['run_id']}/attempts/{attempt}"
