"""Write files with the real libraries, for the scanner to read: `python write_models.py DIRECTORY`.

Runs in `.venv-frameworks` (`make peers`), where nothing of ours is installed. Each function writes what its library's
users write; the file's name begins with the function's.
"""

# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-call"
from __future__ import annotations

import os
import pickle
import random
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.simplefilter("ignore")


def torch_files(to: Path) -> None:
    import torch
    from torch import nn

    model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 4, dtype=torch.float32))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    model(torch.arange(10)).sum().backward()
    optimizer.step()
    scheduler.step()
    state = model.state_dict()
    dtypes = (torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int64, torch.uint8, torch.bool)
    checkpoint = {
        "epoch": 3,
        "model": state,
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "best": float("-inf"),
        "name": "a run",
        "betas": (0.9, 0.999),
        "seen": {1, 2, 3},
        "size": model[1].weight.shape,
        "device": torch.device("cpu"),
    }
    torch.save(state, to / "torch.pt")
    torch.save(state, to / "torch-legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(checkpoint, to / "torch-checkpoint.ckpt")
    torch.save(checkpoint, to / "torch-checkpoint-legacy.ckpt", _use_new_zipfile_serialization=False)
    torch.save(optimizer.state_dict(), to / "torch-optimizer.pt")
    torch.save(list(model.parameters()), to / "torch-parameters.pt")
    torch.save({str(dtype): torch.zeros(3, dtype=dtype) for dtype in dtypes}, to / "torch-dtypes.pt")
    torch.save(torch.zeros(4, 4).to_sparse(), to / "torch-sparse.pt")
    torch.save(torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8), to / "torch-quantized.pt")
    torch.save(torch.zeros(3, dtype=torch.complex64), to / "torch-complex.pt")
    torch.save(torch.randn(64, 64), to / "torch-old-protocol.pt", pickle_protocol=4)
    torch.save({}, to / "torch-empty.pt")


def torchscript_files(to: Path) -> None:
    import torch
    from torch import nn

    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), to / "torchscript.pt")
    torch.jit.save(torch.jit.script(nn.TransformerEncoderLayer(8, 2)), to / "torchscript-transformer.pt")
    torch.jit.save(torch.jit.script(nn.LSTM(2, 2)), to / "torchscript-extra.pt", _extra_files={"labels.txt": "a\nb"})
    torch.jit.save(
        torch.jit.freeze(torch.jit.script(nn.Sequential(nn.Linear(2, 2)).eval())), to / "torchscript-frozen.pt"
    )
    traced = torch.jit.trace(nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)).eval(), torch.zeros(1, 1, 2, 2))
    torch.jit.save(traced, to / "torchscript-traced.pt")
    traced._save_for_lite_interpreter(str(to / "torchscript-lite.ptl"))
    plain = nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 2))
    small = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear, nn.LSTM}, dtype=torch.qint8)
    torch.jit.save(torch.jit.script(small[0]), to / "torchscript-quantized.pt")
    torch.jit.save(torch.jit.script(small[1]), to / "torchscript-quantized-lstm.pt")


def rng_state(to: Path) -> None:
    import numpy as np
    import torch

    states = {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.random.get_rng_state()}
    torch.save(states, to / "rng_state.pth")


def transformers_files(to: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, TrainingArguments

    torch.save(TrainingArguments(output_dir="out", use_cpu=True), to / "training_args.bin")
    config = LlamaConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=32
    )
    LlamaForCausalLM(config).save_pretrained(to / "transformers")


def sklearn_files(to: Path) -> None:
    import joblib
    import numpy as np
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.random.default_rng(1).normal(size=(60, 4)), np.arange(60) % 2
    forest = RandomForestClassifier(5, random_state=1).fit(x, y)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    joblib.dump(forest, to / "sklearn-forest.joblib")
    joblib.dump(pipeline, to / "sklearn-pipeline.joblib")
    joblib.dump(GradientBoostingClassifier(n_estimators=3, random_state=1).fit(x, y), to / "sklearn-boosting.joblib")
    joblib.dump(KNeighborsClassifier().fit(x, y), to / "sklearn-neighbours.joblib")
    joblib.dump(TfidfVectorizer().fit(["a text", "another text"]), to / "sklearn-words.joblib")
    for method in ("zlib", "gzip", "bz2", "lzma", "xz"):
        joblib.dump(forest, to / f"sklearn-forest.{method}.joblib", compress=(method, 3))
    joblib.dump({"objects": np.array([{}, None, "text"], object), "after": np.arange(5)}, to / "joblib-objects.joblib")
    for protocol in (2, 4, 5):
        (to / f"sklearn-pipeline.{protocol}.pkl").write_bytes(pickle.dumps(pipeline, protocol))


def boosted_files(to: Path) -> None:
    import joblib
    import lightgbm
    import numpy as np
    import xgboost

    x, y = np.random.default_rng(1).normal(size=(60, 4)), np.arange(60) % 2
    trees = xgboost.XGBClassifier(n_estimators=2).fit(x, y)
    light = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(x, y)
    for model, name in ((trees, "xgboost"), (light, "lightgbm")):
        joblib.dump(model, to / f"{name}.joblib")
        (to / f"{name}.pkl").write_bytes(pickle.dumps(model))
    (to / "xgboost-booster.pkl").write_bytes(pickle.dumps(trees.get_booster()))
    (to / "lightgbm-booster.pkl").write_bytes(pickle.dumps(light.booster_))
    trees.save_model(to / "xgboost.json")
    trees.save_model(to / "xgboost.ubj")
    light.booster_.save_model(to / "lightgbm.txt")


def numpy_files(to: Path) -> None:
    import numpy as np

    np.save(to / "numpy.npy", np.arange(10.0))
    np.save(to / "numpy-texts.npy", np.array(["a", "b"]))
    np.save(to / "numpy-fields.npy", np.zeros(3, [("a", "f4"), ("b", "i8", (2,))]))
    np.save(to / "numpy-objects.npy", np.array([{"a": 1}, None], object))
    np.savez(to / "numpy.npz", a=np.arange(3), b=np.zeros((2, 2)))
    np.savez_compressed(to / "numpy-compressed.npz", a=np.arange(3_000))
    values: dict[str, Any] = {"array": np.arange(3), "number": np.float32(1), "time": np.datetime64("2026-01-01")}
    for protocol in range(6):
        (to / f"numpy.{protocol}.pkl").write_bytes(pickle.dumps(values, protocol))


def pandas_files(to: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"a": [1, 2], "b": ["x", "y"], "c": pd.to_datetime(["2026-01-01", "2026-01-02"]), "d": [1.0, None]}
    )
    frame.to_pickle(to / "pandas.pkl")
    frame.to_pickle(to / "pandas.pkl.gz")
    frame["a"].to_pickle(to / "pandas-series.pkl")
    frame.to_csv(to / "pandas.csv")


def other_files(to: Path) -> None:
    import gguf
    import keras
    import numpy as np
    import onnx
    from onnx import TensorProto, helper
    from safetensors.numpy import save_file

    save_file({"a": np.zeros((4, 4), np.float32)}, to / "other.safetensors")
    writer = gguf.GGUFWriter(to / "other.gguf", "llama")
    writer.add_context_length(16)
    writer.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}")
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    value = helper.make_tensor_value_info
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], [0.0] * 4)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, [1, 2])],
        [value("y", TensorProto.FLOAT, [1, 2])],
        [weight],
    )
    onnx.save(helper.make_model(graph), to / "other.onnx")
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2, activation="relu")])
    model.save(to / "other.keras")
    model.save(to / "other.h5")
    model.save_weights(to / "other.weights.h5")


def main() -> None:
    to = Path(sys.argv[1])
    to.mkdir(parents=True, exist_ok=True)
    for write in (
        torch_files,
        torchscript_files,
        rng_state,
        transformers_files,
        sklearn_files,
        boosted_files,
        numpy_files,
        pandas_files,
        other_files,
    ):
        write(to)


if __name__ == "__main__":
    main()
