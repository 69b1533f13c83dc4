"""Executes a composite action's steps as GitHub's runner does: expressions, GITHUB_* files, bash, always()."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
_TOKENS = re.compile(r"'(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*(?:\(\))?|&&|\|\||[!=]=|[()]|\s+")
_WORDS = {"&&": " and ", "||": " or ", "true": "True", "false": "False"}


@dataclass
class Job:
    """One job: where it is checked out, its event, and what its steps left behind."""

    workspace: Path
    temporary: Path
    github: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    path: str = os.environ["PATH"]
    variables: Mapping[str, str] = field(default_factory=dict)
    uses: Callable[[str, Mapping[str, str]], None] = lambda action, given: None
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""
    failed: bool = False

    @property
    def summary(self) -> str:
        return self._file("summary").read_text() if self._file("summary").exists() else ""

    def run(self, action: Path = CHECKOUT) -> Job:
        """Run every step whose condition holds; after a failure only those that ask for it."""
        document = yaml.safe_load((action / "action.yml").read_text())
        known = document["inputs"]
        assert set(self.inputs) <= set(known)
        contexts = {
            "inputs": {name: self.inputs.get(name, known[name].get("default", "")) for name in known},
            "github": {**self.github, "action_path": str(action)},
            "steps": {},
        }
        for step in document["runs"]["steps"]:
            contexts["steps"] = {name: {"outputs": values} for name, values in self.outputs.items()}
            condition = str(step.get("if", "success()"))
            if self.failed and "always()" not in condition:
                continue
            if not self._value(condition, contexts):
                continue
            ended = self._step(step, contexts)
            self.failed = self.failed or (ended != 0 and not step.get("continue-on-error", False))
        return self

    def _step(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> int:
        given = {name: self._text(str(value), contexts) for name, value in step.get("with", {}).items()}
        if "uses" in step:
            self.uses(step["uses"], given)
            return 0
        assert step["shell"] == "bash"
        script, output = self._file("script.sh"), self._file("output")
        assert "${{" not in step["run"], "an input in a script is code"
        script.write_text(step["run"])
        output.write_text("")
        environment = {
            **self.variables,
            **{name: self._text(str(value), contexts) for name, value in step.get("env", {}).items()},
            "PATH": self.path, "HOME": str(self.temporary), "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self._file("summary")),
            "GITHUB_WORKSPACE": str(self.workspace), "GITHUB_ACTIONS": "true", "CI": "true",
        }  # fmt: skip
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += ended.stdout
        if "id" in step:
            lines = output.read_text().splitlines()
            self.outputs[step["id"]] = {name: value for name, _, value in (line.partition("=") for line in lines)}
        return ended.returncode

    def _file(self, name: str) -> Path:
        return self.temporary / f"github-{name}"

    def _text(self, template: str, contexts: Mapping[str, Any]) -> str:
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(self._value(match[1], contexts)), template)

    def _value(self, expression: str, contexts: Mapping[str, Any]) -> Any:
        """Evaluate an expression: what is not there is the empty text, as for the runner."""
        python = ""
        rest = expression.strip()
        while rest:
            token = _TOKENS.match(rest)
            assert token, f"no such expression here: {rest!r}"
            python += self._token(token[0], contexts)
            rest = rest[token.end() :]
        return _evaluated(ast.parse(python, mode="eval").body)

    def _token(self, token: str, contexts: Mapping[str, Any]) -> str:
        if token in ("always()", "success()"):
            return "True"
        if token.startswith("'"):
            return repr(token[1:-1].replace("''", "'"))
        if token in _WORDS or not (token[0].isalpha() or token[0] == "_"):
            return _WORDS.get(token, token)
        value: Any = contexts
        for part in token.split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return repr(value)


def _evaluated(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BoolOp):
        values = [_evaluated(value) for value in node.values]
        stop = isinstance(node.op, ast.Or)
        return next((value for value in values[:-1] if bool(value) is stop), values[-1])
    assert isinstance(node, ast.Compare), ast.dump(node)
    left, right = _evaluated(node.left), _evaluated(node.comparators[0])
    return left == right if isinstance(node.ops[0], ast.Eq) else left != right
