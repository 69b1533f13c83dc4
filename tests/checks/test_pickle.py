"""pickle: a file bears a pickle, told by its content."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.conftest import MODEL
from tests.fakes.registry import FakeRegistry, rules_of
from verifier.finding import Finding
from verifier.registry.documents import Waiver
from verifier.verdict import Effect, Result, Verdict

PICKLE = pickle.dumps({"weight": [1.0, 2.0]})


def torch_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", PICKLE)
    return file.getvalue()


def verify_as_approved(registry: FakeRegistry, model: Path, *waived: str, **changes: Any) -> Verdict:
    """Have the model approved as it is now, with waivers for some of its files, and verify it."""
    waivers = tuple(
        Waiver.model_validate(
            {"rule": "pickle", "path": path, "reason": "looked at", "expires": "2026-12-01T00:00:00Z"}
        )
        for path in waived
    )
    registry.approve(MODEL, model, waivers=waivers, **changes)
    registry.publish()
    return registry.verify(MODEL, model)


def findings(verdict: Verdict) -> list[Finding]:
    return [judged.finding for judged in verdict.findings() if judged.finding.rule == "pickle"]


def test_a_model_of_safetensors_passes(registry: FakeRegistry, model: Path) -> None:
    assert verify_as_approved(registry, model).result is Result.PASSED


@pytest.mark.parametrize("data", [PICKLE, torch_zip()], ids=["bare", "torch"])
@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "optimizer.pt", "x.joblib", "notes.txt", "model", "vae/config.json"]
)
def test_a_pickle_is_refused_though_it_is_listed(registry: FakeRegistry, model: Path, name: str, data: bytes) -> None:
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_bytes(data)

    verdict = verify_as_approved(registry, model)

    assert rules_of(verdict) - {"disguised-format"} == {"pickle"}
    (finding,) = findings(verdict)
    assert finding.location.path == name
    assert f"{name} can run code when it is loaded: a pickle of protocol" in finding.message


def test_a_pickle_in_the_place_of_a_shard_is_refused_as_what_it_is(registry: FakeRegistry, model: Path) -> None:
    (model / "model-00001-of-00002.safetensors").write_bytes(PICKLE)

    assert "pickle" in rules_of(verify_as_approved(registry, model))


def test_an_array_of_objects_is_refused_and_one_of_numbers_is_not(registry: FakeRegistry, model: Path) -> None:
    np.save(model / "mean.npy", np.zeros(3))
    assert verify_as_approved(registry, model).result is Result.PASSED

    np.save(model / "mean.npy", np.array([{}, []], object))
    assert rules_of(verify_as_approved(registry, model)) == {"pickle"}


def test_the_safetensors_twin_comes_first_in_the_remedy(registry: FakeRegistry, model: Path) -> None:
    (model / "adapter").mkdir()
    (model / "adapter/weights.bin").write_bytes(PICKLE)
    save_file({"a": np.zeros(1)}, model / "adapter/weights.safetensors")

    (finding,) = findings(verify_as_approved(registry, model))

    assert finding.remedy.startswith("Use adapter/weights.safetensors and leave adapter/weights.bin out")


def test_without_a_twin_the_remedy_is_to_convert(registry: FakeRegistry, model: Path) -> None:
    (model / "alone").mkdir()
    (model / "alone/weights.bin").write_bytes(PICKLE)

    (finding,) = findings(verify_as_approved(registry, model))

    assert finding.remedy.startswith("Convert it")


def test_a_signed_waiver_excuses_just_its_file(registry: FakeRegistry, model: Path) -> None:
    (model / "a.bin").write_bytes(PICKLE)
    (model / "b.bin").write_bytes(PICKLE)

    both = verify_as_approved(registry, model, "a.bin", "b.bin")
    one = verify_as_approved(registry, model, "a.bin")

    assert both.result is Result.PASSED
    assert [waiver.used for waiver in both.waivers] == [True, True]
    assert [judged.finding.location.path for judged in one.findings(Effect.DENY)] == ["b.bin"]


def test_a_waiver_of_another_rule_does_not_excuse_it(registry: FakeRegistry, model: Path) -> None:
    (model / "a.bin").write_bytes(PICKLE)
    other = Waiver.model_validate(
        {"rule": "incomplete-scan", "path": "a.bin", "reason": "r", "expires": "2026-12-01T00:00:00Z"}
    )
    registry.approve(MODEL, model, waivers=(other,))
    registry.publish()

    verdict = registry.verify(MODEL, model)

    assert rules_of(verdict) == {"pickle"}
    assert [waiver.used for waiver in verdict.waivers] == [False]
