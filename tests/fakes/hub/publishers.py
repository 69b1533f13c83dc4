"""Publishers: what the Hub's overviews say of organizations and users."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Organization:
    """An organization; the attributes can be changed while it is served."""

    name: str
    is_verified: bool = False
    plan: str | None = None
    followers: int = 0
    members: int = 1

    def to_json(self, models: int) -> dict[str, Any]:
        """The answer of `/api/organizations/{name}/overview`."""
        document = {
            "_id": "0" * 24,
            "avatarUrl": "",
            "fullname": self.name,
            "isVerified": self.is_verified,
            "name": self.name,
            "numFollowers": self.followers,
            "numModels": models,
            "numUsers": self.members,
            "type": "org",
        }
        return document if self.plan is None else document | {"plan": self.plan}


@dataclass
class User:
    """A user; the attributes can be changed while it is served."""

    name: str
    is_pro: bool = False
    followers: int = 0

    def to_json(self, models: int) -> dict[str, Any]:
        """The answer of `/api/users/{name}/overview`."""
        return {
            "_id": "0" * 24,
            "avatarUrl": "",
            "fullname": self.name,
            "isPro": self.is_pro,
            "numFollowers": self.followers,
            "numModels": models,
            "orgs": [],
            "type": "user",
            "user": self.name,
        }
