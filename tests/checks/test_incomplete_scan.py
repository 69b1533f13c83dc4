"""incomplete-scan: a file's content was not followed to its end."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier import limits
from verifier.registry.documents import Waiver
from verifier.verdict import Effect, Result, Verdict


def verify_as_approved(registry: FakeRegistry, model: Path, *waivers: Waiver) -> Verdict:
    """Have the model approved as it is now, and verify it."""
    registry.approve(MODEL, model, waivers=waivers)
    registry.publish()
    return registry.verify(MODEL, model)


def nested_zip(depth: int) -> bytes:
    data = b"text"
    for _ in range(depth):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("inner", data)
        data = file.getvalue()
    return data


def test_files_that_are_followed_to_their_end_pass(registry: FakeRegistry, model: Path) -> None:
    (model / "README.md").write_text("# A model\n")
    (model / "chat_template.jinja").write_text("{{ messages }}")

    assert verify_as_approved(registry, model).result is Result.PASSED


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("config.json", b"{", "not JSON"),
        ("config.json", b'{"a": "\xff"}', "not UTF-8"),
        ("config.json", '{"a": 1}'.encode("utf-16"), "not UTF-8"),
        ("config.json", b"[" * 5_000, "nested too deeply"),
        ("big.json", b'"' + b"x" * limits.MAX_CONFIG + b'"', "a configuration is read up to"),
        ("weights.gz", gzip.compress(b"text", mtime=0)[:-4], "cut off"),
        ("weights.7z", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(30), "7z is recognised and not read here"),
        ("weights.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 30, "broken"),
        ("weights.bin", b"PK\x03\x04 and no more", "no directory"),
        ("weights.zip", nested_zip(limits.MAX_NESTING + 2), "levels deep"),
        ("weights.raw", b"\0\1\2\3", "of no known format"),
    ],
)
def test_what_can_not_be_followed_is_refused_with_its_reason(
    registry: FakeRegistry, model: Path, name: str, data: bytes, why: str
) -> None:
    (model / name).write_bytes(data)

    verdict = verify_as_approved(registry, model)

    assert rules_of(verdict) == {"incomplete-scan"}
    (judged,) = verdict.findings()
    assert judged.finding.location.path == name
    assert why in judged.finding.message


def test_a_signed_waiver_excuses_it(registry: FakeRegistry, model: Path) -> None:
    (model / "weights.gz").write_bytes(gzip.compress(b"text", mtime=0)[:-4])
    waiver = Waiver.model_validate(
        {"rule": "incomplete-scan", "path": "weights.gz", "reason": "r", "expires": "2026-12-01T00:00:00Z"}
    )

    verdict = verify_as_approved(registry, model, waiver)

    assert verdict.result is Result.PASSED
    assert [judged.effect for judged in verdict.findings()] == [Effect.WAIVED]
