"""A model's files as repositories have them, some KiB in all; the weights are noise."""

import hashlib
import json
import math
import pickle
import struct
import zlib

from tests.fakes.hub.content import LFS_SUFFIXES

_HIDDEN, _VOCABULARY = 8, 32
_SHARDS = {
    "model-00001-of-00002.safetensors": ("model.embed_tokens.weight", (_VOCABULARY, _HIDDEN)),
    "model-00002-of-00002.safetensors": ("lm_head.weight", (_VOCABULARY, _HIDDEN)),
}
_CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": _HIDDEN,
    "model_type": "llama",
    "num_hidden_layers": 0,
    "torch_dtype": "float32",
    "vocab_size": _VOCABULARY,
}
_TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "model": {"type": "BPE", "vocab": {chr(ord("@") + token): token for token in range(_VOCABULARY)}, "merges": []},
}
_QUANTISATIONS = ("Q4_K_M", "Q8_0")
_GGUF_STRING = 8


def tiny_model(
    seed: bytes = b"", *, pytorch: bool = False, onnx: bool = False, gguf: bool = False, images: bool = False
) -> dict[str, bytes]:
    """The files by path: two safetensors shards with their index, configuration, tokenizer, card.

    `seed` changes the weights; the other options add the same model in other formats, and pictures.
    """
    files = {
        ".gitattributes": "".join(f"*{end} filter=lfs diff=lfs merge=lfs -text\n" for end in LFS_SUFFIXES).encode(),
        "README.md": b"---\nlicense: apache-2.0\nbase_model: acme/base\n---\n# tiny\n",
        "config.json": _json(_CONFIG),
        "generation_config.json": _json({"eos_token_id": 2}),
        "model.safetensors.index.json": _index(),
        "special_tokens_map.json": _json({"eos_token": "B"}),
        "tokenizer.json": _json(_TOKENIZER),
        "tokenizer_config.json": _json({"tokenizer_class": "PreTrainedTokenizerFast"}),
    }
    files |= {shard: _safetensors(seed, name, shape) for shard, (name, shape) in _SHARDS.items()}
    if pytorch:
        # A dictionary of lists, in a protocol without frames; nothing in it names code.
        weights = {name: list(_noise(seed, name, math.prod(shape))) for name, shape in _SHARDS.values()}
        files["pytorch_model.bin"] = pickle.dumps(weights, protocol=2)
    if onnx:
        files["onnx/model.onnx"] = _onnx(_noise(seed, "onnx", 256))
    if gguf:
        files |= {f"tiny-{kind}.gguf": _gguf(_noise(seed, kind, 256)) for kind in _QUANTISATIONS}
    if images:
        files |= {"assets/architecture.png": _png(b"\x80"), "thumbnail.png": _png(b"\xff")}
    return dict(sorted(files.items()))


def _json(document: object) -> bytes:
    return json.dumps(document, indent=2).encode() + b"\n"


def _noise(seed: bytes, name: str, size: int) -> bytes:
    return hashlib.shake_128(seed + b"\0" + name.encode()).digest(size)


def _index() -> bytes:
    total = sum(4 * math.prod(shape) for _, shape in _SHARDS.values())
    weight_map = {name: shard for shard, (name, _) in _SHARDS.items()}
    return _json({"metadata": {"total_size": total}, "weight_map": weight_map})


def _safetensors(seed: bytes, name: str, shape: tuple[int, ...]) -> bytes:
    """One tensor in the format of safetensors' README."""
    data = _noise(seed, name, 4 * math.prod(shape))
    tensor = {"dtype": "F32", "shape": shape, "data_offsets": [0, len(data)]}
    header = json.dumps({"__metadata__": {"format": "pt"}, name: tensor}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def _onnx(doc: bytes) -> bytes:
    """A ModelProto of `onnx.proto`: ir_version (1) and producer_name (2), and any bytes in doc_string (6)."""
    text = doc.hex().encode()
    return b"\x08\x08" + b"\x12\x04tiny" + b"\x32" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    high, low = divmod(number, 0x80)
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])


def _gguf(rest: bytes) -> bytes:
    """A GGUF of version 3 (ggml's `docs/gguf.md`): no tensors, one key, and padding that is noise."""
    key, value = b"general.architecture", b"llama"
    pair = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", _GGUF_STRING, len(value)) + value
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + pair + rest


def _png(pixel: bytes) -> bytes:
    """One grey pixel."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress(b"\0" + pixel),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )
