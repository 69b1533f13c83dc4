"""The examples do what they say: their commands run, their policies name the statuses that are answered."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from tests.conftest import DEMO_MODEL
from tests.demo.demo import flip_a_byte
from tests.documents import CHECKOUT, Desk, commands
from tests.fakes.checkpoint import Training
from verifier.cli.app import app
from verifier.cli.exec import STATUSES
from verifier.report.metrics import METRICS

EXAMPLES = CHECKOUT / "examples"
REFUSED, UNDECIDED, USAGE = STATUSES[3], STATUSES[4], STATUSES[2]
DEPLOYMENT = (CHECKOUT / "docs/deployment.md").read_text(encoding="utf-8")
NAME = "acme/base-7b"
OPTIONS: dict[str, set[str]] = {
    name: {option for parameter in command.params for option in parameter.opts}
    for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
}


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((EXAMPLES / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.name, document


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Every pod's specification, by its file."""
    return [
        (file, document["spec"].get("template", document)["spec"])
        for file, document in manifests()
        if document["kind"] in ("Pod", "Job")
    ]


def containers() -> list[Any]:
    return [
        pytest.param(pod, container, id=f"{file} {container['name']}")
        for file, pod in pods()
        for container in (*pod.get("initContainers", ()), *pod["containers"])
    ]


def words(container: dict[str, Any]) -> list[str]:
    """The command as it is typed; an image without one has the verifier as its entrypoint."""
    return [*container.get("command", ["/opt/model-verifier/bin/model-verifier"]), *container["args"]]


def signed_checkpoint(desk: Desk, checkpoint: Path) -> None:
    """Lay a checkpoint and its bundle there, and `deploy.toml` on the desk, under which it passes."""
    shutil.copytree(DEMO_MODEL, checkpoint)
    training = Training(desk.root, checkpoint, now=datetime.now(UTC).replace(microsecond=0))
    training.sign()
    training.policy()


@pytest.mark.parametrize(("pod", "container"), containers())
class TestContainers:
    def test_it_is_nobody_without_rights_on_a_read_only_root(
        self, pod: dict[str, Any], container: dict[str, Any]
    ) -> None:
        rights = container["securityContext"]
        assert pod["securityContext"]["runAsUser"] == 65_532
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}

    def test_what_is_verified_is_mounted_read_only(self, pod: dict[str, Any], container: dict[str, Any]) -> None:
        for mount in container["volumeMounts"]:
            may_write = mount["mountPath"] == "/work" or (container["name"], mount["mountPath"]) == ("pull", "/models")
            assert mount.get("readOnly", False) is not may_write, mount

    def test_its_command_is_one_of_ours(self, pod: dict[str, Any], container: dict[str, Any]) -> None:
        program, verb, *rest = words(container)
        own = rest[: rest.index("--")] if "--" in rest else rest

        assert program == "/opt/model-verifier/bin/model-verifier"
        assert {word for word in own if word.startswith("--")} <= OPTIONS[verb]
        settings = {item["name"] for item in container.get("env", ())}
        assert {name for name in settings if name.startswith("MODEL_VERIFIER_")} <= {
            "MODEL_VERIFIER_POLICY",
            "MODEL_VERIFIER_MIN_VERSION",
        }

    def test_its_command_runs(self, pod: dict[str, Any], container: dict[str, Any], tmp_path: Path) -> None:
        """With the desk's directories in place of the volumes."""
        _, verb, *rest = words(container)
        desk = Desk(tmp_path, NAME)
        signed_checkpoint(desk, tmp_path / "checkpoints" / "support-agent")
        (desk.root / "train.py").write_text("import os; print(os.environ['MODEL_VERIFIER_PATH'])")
        places = {"/etc/acme": str(desk.root), "/dev/shm": str(desk.root), "/checkpoints": f"{desk.root}/checkpoints"}
        settings = {item["name"]: item["value"] for item in container.get("env", ()) if "value" in item}
        line = shlex.join(["model-verifier", verb, *rest])
        for old, new in places.items():
            line = line.replace(old, new)
            settings = {name: value.replace(old, new) for name, value in settings.items()}

        ended = desk.run(line, settings)

        assert ended.returncode == 0, ended.stderr
        assert ended.stdout


def test_a_job_gives_up_on_a_refusal_and_tries_again_on_doubt() -> None:
    (job,) = [document for file, document in manifests() if file == "job.yaml"]
    rules = job["spec"]["podFailurePolicy"]["rules"]
    actions = {
        status: rule["action"]
        for rule in reversed(rules)
        if "onExitCodes" in rule
        for status in rule["onExitCodes"]["values"]
    }
    names = {container["name"] for container in job["spec"]["template"]["spec"]["containers"]}

    assert actions == {REFUSED: "FailJob", USAGE: "FailJob", UNDECIDED: "Count"}
    assert job["spec"]["backoffLimit"] > 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert {rule["onExitCodes"]["containerName"] for rule in rules if "onExitCodes" in rule} <= names


def test_the_pod_that_is_told_to_have_no_egress_has_none() -> None:
    documents = [document for file, document in manifests() if file == "entrypoint.yaml"]
    (network,) = [document["spec"] for document in documents if document["kind"] == "NetworkPolicy"]
    (pod,) = [document for document in documents if document["kind"] == "Pod"]

    assert (network["policyTypes"], network["egress"]) == (["Egress"], [])
    assert network["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert "initContainers" not in pod["spec"]


def test_argo_runs_the_hook_first_and_once() -> None:
    (job,) = [document for file, document in manifests() if file == "argocd-presync.yaml"]

    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PreSync"
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


class TestWorkflow:
    workflow: Any = yaml.safe_load((EXAMPLES / "github/deploy.yml").read_text(encoding="utf-8"))

    def test_nothing_is_deployed_before_it_was_verified(self) -> None:
        (job,) = self.workflow["jobs"].values()
        runs = [step.get("run", "") for step in job["steps"]]
        verified = next(number for number, run in enumerate(runs) if " verify " in run)

        assert job["environment"]
        assert verified < next(number for number, run in enumerate(runs) if "roll-out" in run)
        assert not [step for step in job["steps"] if "if" in step or "continue-on-error" in step]
        assert "|" not in runs[verified]
        assert job["defaults"]["run"]["shell"] == "bash"

    def test_it_asks_for_nothing_but_reading(self) -> None:
        assert self.workflow["permissions"] == {}
        assert [job["permissions"] for job in self.workflow["jobs"].values()] == [{"contents": "read"}]


class TestDeploymentPage:
    @pytest.mark.parametrize("line", commands("docs/deployment.md"))
    def test_a_command_exists_and_no_pipe_hides_its_status(self, line: str) -> None:
        assert "|" not in line or line.startswith("set -o pipefail; ")
        command = shlex.split(line.removeprefix("set -o pipefail; ").partition("|")[0])
        assert command[:2] == ["model-verifier", "verify"]
        assert {word for word in command if word.startswith("--")} <= OPTIONS["verify"]

    @pytest.mark.parametrize("line", commands("docs/deployment.md"))
    def test_a_command_lets_a_signed_checkpoint_pass_and_stops_a_changed_one(self, line: str, tmp_path: Path) -> None:
        desk = Desk(tmp_path, NAME)
        signed_checkpoint(desk, tmp_path / "checkpoint")

        passed = desk.run(line)
        flip_a_byte(tmp_path / "checkpoint")
        refused = desk.run(line)

        assert (passed.returncode, refused.returncode) == (0, 3), passed.stderr + refused.stderr

    @pytest.mark.parametrize("status", [0, 1, 2, 3, 4])
    def test_each_exit_status_is_told(self, status: int) -> None:
        assert re.search(rf"^\| {status} \| \S", DEPLOYMENT, re.MULTILINE)

    def test_it_lists_the_metrics_that_are_written(self) -> None:
        listed = re.findall(r"^\| `(base_model_\w+)` \| (.*?) \|", DEPLOYMENT, re.MULTILINE)

        assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in listed} == {
            metric.name: metric.labels for metric in METRICS
        }

    def test_its_links_lead_somewhere(self) -> None:
        for target in re.findall(r"\]\(([^)#]+)", DEPLOYMENT):
            assert (CHECKOUT / "docs" / target).exists(), target
