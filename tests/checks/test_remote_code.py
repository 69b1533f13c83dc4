"""remote-code: what `trust_remote_code` would run, in files or named by configurations."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.checks import evidence_of
from tests.conftest import MODEL
from tests.fakes.registry import NOW, FakeRegistry, rules_of
from verifier.checks import remote_code
from verifier.digest import Digest
from verifier.evidence import Evidence
from verifier.finding import Finding
from verifier.formats import identify
from verifier.registry.documents import Waiver
from verifier.snapshot import Reading, Source
from verifier.verdict import Effect, Result, Verdict


def verify_as_approved(registry: FakeRegistry, model: Path, *waived: str, **changes: Any) -> Verdict:
    """Have the model approved as it is now, with waivers for some of its files, and verify it."""
    expires = changes.pop("expires", "2026-12-01T00:00:00Z")
    waivers = tuple(
        Waiver.model_validate({"rule": "remote-code", "path": path, "reason": "read", "expires": expires})
        for path in waived
    )
    registry.approve(MODEL, model, waivers=waivers, **changes)
    registry.publish()
    return registry.verify(MODEL, model)


def configure(model: Path, values: dict[str, object], name: str = "config.json") -> None:
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_text(json.dumps({"model_type": "llama"} | values))


def findings(verdict: Verdict) -> list[Finding]:
    return [judged.finding for judged in verdict.findings() if judged.finding.rule == "remote-code"]


def found_in(text: str, path: str = "config.json") -> list[Finding]:
    """Give what the check finds in one approved file."""
    data = text.encode()
    reading = Reading(Digest.of(data), identify(path, Source(len(data), data, descriptor=-1)))
    return list(remote_code.run(Evidence(now=NOW, readings={path: reading})))


def test_a_model_that_the_library_knows_passes(registry: FakeRegistry, model: Path) -> None:
    configure(model, {"architectures": ["LlamaForCausalLM"], "attn_implementation": "flash_attention_2"})

    assert verify_as_approved(registry, model).result is Result.PASSED


@pytest.mark.parametrize("name", ["modeling.py", "sub/x.PY", "x.so", "__pycache__/x.pyc", "x.pyd"])
def test_code_among_the_approved_files_is_refused(registry: FakeRegistry, model: Path, name: str) -> None:
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_text("print('hello')\n")

    verdict = verify_as_approved(registry, model)

    assert rules_of(verdict) == {"remote-code"}
    assert findings(verdict)[0].location.path == name


def test_code_that_was_read_can_be_waived_until_its_date(registry: FakeRegistry, model: Path) -> None:
    (model / "modeling.py").touch()

    verdict = verify_as_approved(registry, model, "modeling.py")
    late = verify_as_approved(registry, model, "modeling.py", expires="2026-11-20T10:00:00Z")

    assert verdict.result is Result.PASSED
    assert [judged.effect for judged in verdict.findings()] == [Effect.WAIVED]
    assert rules_of(late) == {"remote-code"}


def test_a_waiver_reaches_its_own_path_only(registry: FakeRegistry, model: Path) -> None:
    (model / "modeling.py").touch()
    (model / "other.py").touch()

    assert rules_of(verify_as_approved(registry, model, "modeling.py")) == {"remote-code"}


@pytest.mark.parametrize(
    "values",
    [
        {"auto_map": {"AutoModel": "modeling.Model"}},
        {"auto_map": {"AutoTokenizer": ["tokenization.Slow", None]}},
        {"auto_map": "modeling.Model"},
        {"custom_pipelines": {"answer": {"impl": "pipeline.Answer", "pt": ["AutoModel"]}}},
        {"custom_pipeline": "pipeline"},
        {"custom_generate": True},
        {"custom_generate": "generate"},
        {"text_config": {"inner": [{"auto_map": {"AutoModel": "modeling.Model"}}]}},
    ],
)
def test_a_configuration_that_asks_for_its_own_code_is_refused_unless_waived(
    registry: FakeRegistry, model: Path, values: dict[str, object]
) -> None:
    configure(model, values)

    assert rules_of(verify_as_approved(registry, model)) == {"remote-code"}
    assert verify_as_approved(registry, model, "config.json").result is Result.PASSED


@pytest.mark.parametrize(
    "values",
    [
        {"auto_map": {"AutoModel": "evil/repo--modeling.Model"}},
        {"auto_map": {"AutoTokenizer": [None, "evil/repo--tokenization.Fast"]}},
        {"auto_map": {"AutoConfig": "configuration.C", "AutoModel": "evil/repo--modeling.Model"}},
        {"auto_map": "repo--modeling.Model"},
        {"custom_pipelines": {"answer": {"impl": "evil/repo--pipeline.Answer"}}},
        {"custom_pipeline": "evil/pipeline"},
        {"custom_generate": "evil/generate"},
        {"attn_implementation": "evil/kernel"},
        {"_attn_implementation": "evil/kernel@v1:attention"},
        {"attn_implementation": {"text_config": "evil/kernel"}},
        {"vision_config": {"attn_implementation": "evil/kernel"}},
    ],
)
def test_code_of_another_repository_can_not_be_waived(values: dict[str, object]) -> None:
    assert [finding.waivable for finding in found_in(json.dumps(values))].count(False) == 1


def test_a_waiver_does_not_help_against_code_of_another_repository(registry: FakeRegistry, model: Path) -> None:
    configure(model, {"auto_map": {"AutoConfig": "configuration.C", "AutoModel": "evil/repo--modeling.Model"}})

    verdict = verify_as_approved(registry, model, "config.json")

    assert rules_of(verdict) == {"remote-code"}
    assert sorted(judged.effect for judged in verdict.findings()) == [Effect.DENY, Effect.WAIVED]


@pytest.mark.parametrize("inside", [None, "text_config"])
def test_a_kernel_under_the_private_key_is_refused_cve_2026_4372(inside: str | None) -> None:
    values = {"_attn_implementation_internal": "evil/kernel"}

    (finding,) = found_in(json.dumps({inside: values} if inside else values))

    assert not finding.waivable


@pytest.mark.parametrize(
    "values",
    [
        {"auto_map": {}},
        {"auto_map": None},
        {"auto_map": []},
        {"auto_map": ""},
        {"auto_map": {"AutoTokenizer": [None, None]}},
        {"custom_pipelines": {}},
        {"custom_generate": False},
        {"attn_implementation": "sdpa"},
        {"attn_implementation": None},
        {"_attn_implementation_internal": "eager"},
        {"attn_implementation": {"text_config": "eager"}},
        {"auto_mapping": None},
        {"note": "auto_map", "list": ["auto_map", "evil/repo--x.Y"]},
    ],
)
def test_an_empty_request_asks_for_nothing(values: dict[str, object]) -> None:
    assert found_in(json.dumps(values)) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"auto_map": {"AutoModel": "evil/repo--m.C"}, "auto_map": {}}',
        '{"auto_map": {}, "auto_map": {"AutoModel": "evil/repo--m.C"}}',
        '{"auto_map": {"AutoModel": "m.C", "AutoModel": "evil/repo--m.C"}}',
        '{"auto\\u005fmap": {"AutoModel": "evil/repo\\u002d-m.C"}}',
        '{"\\u0061uto_map": {"AutoModel": "evil\\/repo--m.C"}}',
        '\ufeff{"auto_map": {"AutoModel": "evil/repo--m.C"}}',
        '[{"auto_map": {"AutoModel": "evil/repo--m.C"}}]',
        '{"x": NaN, "auto_map": {"AutoModel": "evil/repo--m.C"}}',
    ],
)
def test_no_way_of_writing_json_hides_a_request(text: str) -> None:
    assert any("another repository" in finding.message and not finding.waivable for finding in found_in(text))


@pytest.mark.parametrize(
    "name",
    [
        "tokenizer_config.json",
        "adapter_config.json",
        "preprocessor_config.json",
        "sub/config.json",
        "X.JSON",
        "odd.json",
    ],
)
def test_every_json_document_is_looked_into(name: str) -> None:
    (finding,) = found_in('{"auto_map": {"AutoModel": "evil/repo--m.C"}}', name)

    assert finding.location.path == name


@pytest.mark.parametrize("depth", [100, 970])
def test_a_deep_request_is_a_finding_and_never_a_crash(registry: FakeRegistry, model: Path, depth: int) -> None:
    (model / "config.json").write_text('{"auto_map": ' + "[" * depth + '"evil/repo--m.C"' + "]" * depth + "}")

    verdict = verify_as_approved(registry, model)

    assert rules_of(verdict) in ({"remote-code"}, {"incomplete-scan"})


def test_requests_within_requests_are_each_counted_once() -> None:
    names = ",".join(f'"m.C{number}"' for number in range(500))

    found = found_in('{"auto_map": ' * 100 + f"[{names}]" + "}" * 100)

    assert len(found) == 500


@pytest.mark.parametrize("name", ["modules.json", "sub/modules.json"])
@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("sentence_transformers.models.Transformer", False),
        ("sentence_transformers.sparse_encoder.models.SpladePooling", False),
        ("custom_st.Transformer", True),
        ("evil/repo--custom_st.Transformer", True),
        ("sentence_transformers_evil.models.Transformer", True),
        ("os.system", True),
    ],
)
def test_modules_of_sentence_transformers_are_its_own(name: str, kind: str, refused: bool) -> None:
    found = found_in(json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]), name)

    assert [finding.waivable for finding in found] == ([not kind.startswith("evil/")] if refused else [])


def test_a_custom_module_denies(registry: FakeRegistry, model: Path) -> None:
    (model / "modules.json").write_text('[{"type": "custom_st.Transformer"}]')

    assert rules_of(verify_as_approved(registry, model)) == {"remote-code"}


@pytest.mark.parametrize("text", ["{}", "[]", "[1]", "[[]]", '[{"type": null}]', '[{"type": ["a.B"]}]', "[{}]", "null"])
def test_modules_of_an_odd_shape_do_not_raise(text: str) -> None:
    assert found_in(text, "modules.json") == []


def test_a_listing_in_the_approval_does_not_waive_it(registry: FakeRegistry, model: Path) -> None:
    (model / "modeling.py").touch()
    configure(model, {"auto_map": {"AutoModel": "modeling.Model"}})

    paths = {finding.location.path for finding in findings(verify_as_approved(registry, model))}

    assert paths == {"modeling.py", "config.json"}


def test_a_policy_may_warn_instead(registry: FakeRegistry, model: Path) -> None:
    (model / "modeling.py").touch()
    registry.approve(MODEL, model)
    registry.publish()

    verdict = registry.verify(MODEL, model, policy=registry.policy(rules={"remote-code": Effect.WARN}))

    assert verdict.result is Result.PASSED
    assert [(judged.effect, judged.moved_by_policy) for judged in verdict.findings()] == [(Effect.WARN, True)]


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("path", "data", "severities"),
    [
        ("server", b"\x7fELF" + bytes(60), ["error"]),
        ("model.llamafile", b"MZqFpD='\n" + b"#" * 60, ["error"]),
        ("train.sh", b"#!/bin/sh\ntrue\n", ["note"]),
        ("train", b"#!/usr/bin/env python3\n", ["note"]),
        ("run.bat", b"@echo off\r\n", ["note"]),
        ("convert.py", b"#!/usr/bin/env python3\n", ["error"]),
        ("notes.txt", b"#! is how scripts begin\n", []),
    ],
)
def test_programs_are_code_and_scripts_a_note(path: str, data: bytes, severities: list[str]) -> None:
    assert [finding.severity.value for finding in remote_code.run(evidence_of({path: data}))] == severities


def test_a_torchserve_archive_brings_its_handler() -> None:
    data = zipped({"MAR-INF/MANIFEST.json": b'{"model": {"handler": "handler.py"}}', "handler.py": b"import os\n"})
    found = list(remote_code.run(evidence_of({"model.mar": data})))

    assert {finding.location.member for finding in found} == {"MAR-INF/MANIFEST.json", "handler.py"}
    assert {finding.severity.value for finding in found} == {"error"}


def test_torchscripts_source_is_no_python() -> None:
    data = zipped({"m/code/__torch__.py": b"class M(Module):\n"})

    assert list(remote_code.run(evidence_of({"model.pt": data}))) == []


def test_a_pipeline_of_the_repositorys_own_is_code() -> None:
    assert found_in('{"_class_name": "StableDiffusionPipeline"}', "model_index.json") == []
    (first, _) = found_in('{"_class_name": ["pipeline", "Mine"]}', "model_index.json")

    assert "a pipeline's own code: pipeline" in first.message
