"""Approved models as an ML-BOM: CycloneDX 1.6 (ECMA-424), one machine-learning-model a record, a file component a file.

Two runs over the same entries at the same time give the same document, serial number and all.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from verifier import __version__
from verifier.digest import Digest
from verifier.document import format_timestamp
from verifier.governance.inventory import Entry, Inventory

_PREFIX = "model-verifier"


def to_cyclonedx(inventory: Inventory) -> str:
    """Write the inventory's records that are approved; a revoked or pending one is in use nowhere, or must not be."""
    entries = [entry for entry in inventory.entries if entry.status == "approved" and entry.approval is not None]
    components = [_component(entry) for entry in entries]
    known = {entry.reference for entry in entries}
    dependencies = [
        {"ref": entry.reference, "dependsOn": sorted(set(entry.approval.requires) & known)}
        for entry in entries
        if entry.approval is not None
    ]
    seed = Digest.of(json.dumps([inventory.registry, format_timestamp(inventory.at), components]).encode())
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=bytes.fromhex(seed.hex)[:16], version=4)}",
        "version": 1,
        "metadata": {
            "timestamp": format_timestamp(inventory.at),
            "tools": {"components": [{"type": "application", "name": "model-verifier", "version": __version__}]},
            "properties": _properties({"registry": inventory.registry, "head": inventory.head_version}),
        },
        "components": components,
        "dependencies": dependencies,
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _component(entry: Entry) -> dict[str, Any]:
    assert entry.approval is not None  # noqa: S101 - the caller sees to it
    approval = entry.approval
    publisher, _, name = approval.model.partition("/")
    return {
        "type": "machine-learning-model",
        "bom-ref": approval.reference,
        "publisher": publisher,
        "group": publisher,
        "name": name,
        "version": approval.revision,
        "purl": f"pkg:huggingface/{publisher}/{name}@{approval.revision}",
        "properties": _properties(
            {
                "record": entry.record_digest,
                "manifest": approval.manifest.digest,
                "requested-by": approval.requested_by,
                "reason": approval.reason,
                "approved-by": ", ".join(entry.approved_by),
                "approved-at": format_timestamp(entry.approved_at) if entry.approved_at else None,
                "approved-until": format_timestamp(entry.ends_at) if entry.ends_at else None,
                "baseline": "not reviewed" if approval.baseline else None,
            }
        )
        + [
            {
                "name": f"{_PREFIX}:waiver",
                "value": f"{item.rule} for {item.path} until {format_timestamp(item.expires)}",
            }
            for item in approval.waivers
        ],
        "components": list(_files(entry)),
    }


def _files(entry: Entry) -> Iterator[dict[str, Any]]:
    for file in entry.approval.manifest if entry.approval else ():
        yield {
            "type": "file",
            "bom-ref": f"{entry.reference}#{file.path}",
            "name": file.path,
            "hashes": [{"alg": "SHA-256", "content": file.digest.hex}],
            "properties": _properties({"size": file.size}),
        }


def _properties(values: dict[str, object]) -> list[dict[str, str]]:
    return [{"name": f"{_PREFIX}:{name}", "value": str(value)} for name, value in values.items() if value is not None]
