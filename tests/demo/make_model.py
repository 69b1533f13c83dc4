"""Write the demonstration model: a tiny Llama, sharded as the Hub's are, by the safetensors library itself.

Its weights are random and mean nothing; the same bytes come out every time.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

MODEL = Path(__file__).parent / "model"
HIDDEN, LAYERS, VOCABULARY = 32, 2, 288


def main() -> None:
    MODEL.mkdir(exist_ok=True)
    random = np.random.default_rng(20261120)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        shapes |= {f"{prefix}.self_attn.{name}_proj.weight": (HIDDEN, HIDDEN) for name in "qkvo"}
        shapes |= {f"{prefix}.mlp.{name}_proj.weight": (2 * HIDDEN, HIDDEN) for name in ("gate", "up")}
        shapes |= {f"{prefix}.mlp.down_proj.weight": (HIDDEN, 2 * HIDDEN)}
        shapes |= {f"{prefix}.{name}_layernorm.weight": (HIDDEN,) for name in ("input", "post_attention")}
    shapes |= {"model.norm.weight": (HIDDEN,), "lm_head.weight": (VOCABULARY, HIDDEN)}
    tensors = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}

    names = list(tensors)
    halves = (names[: len(names) // 2], names[len(names) // 2 :])
    weight_map: dict[str, str] = {}
    for number, half in enumerate(halves, start=1):
        shard = f"model-{number:05d}-of-{len(halves):05d}.safetensors"
        save_file({name: tensors[name] for name in half}, MODEL / shard, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(half, shard)
    total = sum(tensor.nbytes for tensor in tensors.values())
    _write("model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})
    _write(
        "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": HIDDEN,
            "intermediate_size": 2 * HIDDEN,
            "num_attention_heads": 4,
            "num_hidden_layers": LAYERS,
            "num_key_value_heads": 4,
            "vocab_size": VOCABULARY,
            "bos_token_id": 256,
            "eos_token_id": 257,
            "torch_dtype": "float32",
        },
    )
    _write("generation_config.json", {"bos_token_id": 256, "eos_token_id": 257})
    special = [{"id": 256, "content": "<s>"}, {"id": 257, "content": "</s>"}]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    _write(
        "tokenizer.json",
        {
            "version": "1.0",
            "added_tokens": [token | flags for token in special],
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            "model": {"type": "BPE", "vocab": _byte_vocabulary(), "merges": []},
        },
    )
    _write(
        "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}
    )
    _write("special_tokens_map.json", {"bos_token": "<s>", "eos_token": "</s>"})


def _byte_vocabulary() -> dict[str, int]:
    """Map GPT-2's printable stand-ins for the 256 bytes to their numbers."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    stand_ins = {byte: chr(byte) for byte in printable} | {byte: chr(256 + at) for at, byte in enumerate(others)}
    return {stand_ins[byte]: byte for byte in range(256)}


def _write(name: str, value: object) -> None:
    (MODEL / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
