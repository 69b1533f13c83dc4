"""Which files of a repository belong together: the named sets of an approval or a lock.

`default` is what a loader takes: configuration, tokenizer and the safetensors weights, those that an index names
where there is one. The same weights in other formats, pictures and texts are sets of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from verifier.formats.json_document import is_index

DEFAULT = "default"
_CONFIGURATION = (".json", ".jinja", ".model", ".tiktoken", ".txt", ".vocab", ".bpe", ".spm", ".yaml", ".yml")
_NOT_CONFIGURATION = re.compile(r"(^|/)(LICENSE|LICENCE|NOTICE|USE_POLICY|README)[^/]*$", re.IGNORECASE)
_BY_SUFFIX = {
    ".bin": "pytorch",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".ckpt": "pytorch",
    ".onnx": "onnx",
    ".onnx_data": "onnx",
    ".h5": "tensorflow",
    ".msgpack": "flax",
    ".ot": "rust",
    ".mlmodel": "coreml",
    ".py": "code",
}
_QUANTISATION = re.compile(r"(?:^|[.-])((?:iq|q)\d[a-z0-9_]*|f16|f32|bf16)(?:[.-]|$)", re.IGNORECASE)
_VARIANT = re.compile(r"\.(fp16|fp32|bf16|ema|non_ema)(?=[.-])")


def divide(paths: Iterable[str], read: Callable[[str], bytes | None]) -> dict[str, tuple[str, ...]]:
    """Divide a repository's paths into sets; `read` gives an index's bytes, or None where it can't.

    Every path is in exactly one set. Where there are no safetensors, the weights that there are stand in `default`:
    that they are refused is better seen than overlooked.
    """
    names = sorted(paths)
    promised = {shard for path in names if is_index(path) for shard in _shards(path, read(path))}
    indexed = {path.rpartition("/")[0] for path in names if is_index(path)}
    sets: dict[str, list[str]] = {}
    for path in names:
        sets.setdefault(_set_of(path, promised, indexed), []).append(path)
    if not any(path.endswith(".safetensors") for path in sets.get(DEFAULT, ())):
        for weights in ("pytorch", "tensorflow", "flax"):
            if weights in sets:
                sets.setdefault(DEFAULT, []).extend(sets.pop(weights))
                break
    return {name: tuple(sorted(members)) for name, members in sorted(sets.items())}


def _set_of(path: str, promised: set[str], indexed: set[str]) -> str:
    directory, _, name = path.rpartition("/")
    suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    if suffix == ".gguf":
        match = _QUANTISATION.search(name.removesuffix(".gguf"))
        return f"gguf-{match.group(1).lower()}" if match else "gguf"
    if suffix == ".safetensors":
        if path in promised or (directory not in indexed and not _VARIANT.search(name)):
            return DEFAULT
        variant = _VARIANT.search(name)
        return f"safetensors-{variant.group(1)}" if variant else "safetensors-other"
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if directory.split("/")[0] in ("onnx", "openvino", "coreml"):
        return directory.split("/")[0]
    if name.endswith(".bin.index.json"):
        return "pytorch"
    if suffix in _CONFIGURATION and not _NOT_CONFIGURATION.search(path):
        return DEFAULT
    return "other"


def _shards(path: str, raw: bytes | None) -> set[str]:
    """Give the shards that an index names, as paths in the repository; none where it can't be understood."""
    try:
        index = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        return set()
    weight_map = index.get("weight_map") if isinstance(index, Mapping) else None
    if not isinstance(weight_map, Mapping):
        return set()
    directory = path.rpartition("/")[0]
    return {f"{directory}/{shard}" if directory else shard for shard in weight_map.values() if isinstance(shard, str)}
