"""external-data: a model takes bytes from a file that lies outside its own directory."""

from __future__ import annotations

import pytest

from tests.checks import evidence_of
from tests.formats import sample
from tests.formats.wire import field
from verifier.checks import external_data, incomplete_scan
from verifier.finding import Finding, Severity


def model(location: str) -> bytes:
    tensor = field(8, "w") + field(13, field(1, "location") + field(2, location))
    return field(1, 10) + field(7, field(5, tensor))


def findings(location: str, path: str = "onnx/model.onnx", **others: bytes) -> list[Finding]:
    files = {path: model(location)} | {name.replace("__", "/"): data for name, data in others.items()}
    return list(external_data.run(evidence_of(files)))


def test_data_beside_the_model_are_no_finding() -> None:
    assert findings("weights", onnx__weights=bytes(8)) == []
    assert findings("./sub//weights", onnx__sub__weights=bytes(8)) == []


@pytest.mark.parametrize(
    "location",
    ["/etc/passwd", "../weights", "a/../../weights", "..", "a\\..\\..\\x", "\\\\server\\share", "C:\\x", "c:x", "~/x",
     "file:///etc/passwd", "http://x/y", "", "a\0b", "a\nb"],
)  # fmt: skip
def test_a_path_that_leaves_the_models_files_is_refused(location: str) -> None:
    """CVE-2022-25882 and CVE-2024-27318: onnx followed such paths to any file of the machine."""
    (finding,) = findings(location, weights=bytes(8))

    assert finding.severity is Severity.ERROR
    assert finding.location.path == "onnx/model.onnx"
    assert finding.location.offset is not None


def test_a_file_that_is_not_there_is_a_note() -> None:
    (finding,) = findings("weights")

    assert finding.severity is Severity.NOTE
    assert "not among the files" in finding.message


def test_samples_of_the_libraries_that_follow_such_paths() -> None:
    evidence = evidence_of({"a.onnx": sample("climbing.onnx"), "b.h5": sample("external.h5")})

    assert [finding.location.path for finding in external_data.run(evidence)] == ["a.onnx", "b.h5", "b.h5"]


def test_bare_numbers_that_a_model_names_as_its_data_are_not_unknown() -> None:
    files = {"model.onnx": sample("external.onnx"), "external.data": bytes(32), "other.data": bytes(32)}

    assert [finding.location.path for finding in incomplete_scan.run(evidence_of(files))] == ["other.data"]
