"""Write the samples beside this file with the formats' own libraries; not a test, and run by hand.

It needs gguf, h5py, keras, onnx, sentencepiece, skops and flax: `python tests/formats/samples/make.py`.
"""
# mypy: ignore-errors

from __future__ import annotations

import json
import os
import pickle
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "numpy"

import gguf
import h5py
import keras
import numpy as np
import onnx
import sentencepiece
import skops.io
from flax import serialization
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

HERE = Path(__file__).parent


@keras.saving.register_keras_serializable(package="Acme")
class Own(keras.layers.Layer):
    def call(self, x):
        return x


def of_keras() -> None:
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.Dropout(0.1)])
    plain.compile(optimizer="adam", loss="mse", metrics=["mae"])
    inputs = keras.Input((4,))
    with_lambda = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2, name="doubles")(inputs))
    custom = keras.Sequential([keras.Input((4,)), Own(name="own")])
    for name, model in (("plain", plain), ("lambda", with_lambda), ("custom", custom)):
        model.save(HERE / f"{name}.keras")
        model.save(HERE / f"{name}.h5")
    plain.save_weights(HERE / "plain.weights.h5")
    text = with_lambda.to_json()
    with h5py.File(HERE / "latest.h5", "w", libver="latest") as file:
        file.attrs["model_config"] = text
        file.create_group("group").create_dataset("data", data=np.zeros(3))
    with h5py.File(HERE / "dense.h5", "w", libver="latest") as file:
        for number in range(9):
            file.attrs[f"attribute{number}"] = "x"
        file.attrs["model_config"] = text
    with h5py.File(HERE / "fixed.h5", "w") as file:
        file.attrs["model_config"] = np.bytes_(text.encode())
    with h5py.File(HERE / "user-block.h5", "w", userblock_size=512) as file:
        file.attrs["model_config"] = text
    with h5py.File(HERE / "external.h5", "w") as file:
        file["link"] = h5py.ExternalLink("/etc/passwd", "/x")
        file["soft"] = h5py.SoftLink("/data")
        file.create_dataset("data", (10,), dtype="u1", external=[("../secret", 0, 10)])
    with h5py.File(HERE / "virtual.h5", "w", libver="latest") as file:
        layout = h5py.VirtualLayout((10,), "u1")
        layout[:] = h5py.VirtualSource("../other.h5", "data", (10,))
        file.create_virtual_dataset("data", layout)
    with h5py.File(HERE / "pickled.h5", "w") as file:  # as PyTables keeps what is no number and no text
        group = file.create_group("frame")
        group.attrs["axes"] = np.bytes_(pickle.dumps([1, (2, 3)], 0))
        group.attrs["PSEUDOATOM"] = np.bytes_(b"object")
        file.attrs["TITLE"] = np.bytes_(b"a title")
    with h5py.File(HERE / "many.h5", "w") as file:
        for number in range(20):
            file.create_group(f"group{number}")
    with h5py.File(HERE / "many-latest.h5", "w", libver="latest") as file:
        for number in range(20):
            file.create_group(f"group{number}")


def of_onnx() -> None:
    def model(nodes, tensors=(), domains=()):
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy"]
        graph = helper.make_graph(nodes, "graph", values[:1], values[1:], list(tensors))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), *domains])

    weights = numpy_helper.from_array(np.zeros(8, np.float32), "w")
    add = helper.make_node("Add", ["x", "w"], ["y"], name="add")
    (HERE / "plain.onnx").write_bytes(model([add], [weights]).SerializeToString())
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/external.onnx"
        onnx.save(model([add], [weights]), path, save_as_external_data=True, location="external.data", size_threshold=0)
        external = onnx.load(path, load_external_data=False)
    (HERE / "external.onnx").write_bytes(external.SerializeToString())
    external.graph.initializer[0].external_data[0].value = "../../etc/passwd"
    (HERE / "climbing.onnx").write_bytes(external.SerializeToString())
    inner = helper.make_graph([helper.make_node("Bar", ["x"], ["z"], domain="hidden", name="bar")], "inner", [], [])
    nodes = [
        helper.make_node("Foo", ["x"], ["a"], domain="com.acme", name="foo"),
        helper.make_node("PyOp", ["a"], ["b"], domain="ai.onnx.contrib", name="python"),
        helper.make_node("If", ["b"], ["y"], then_branch=inner, else_branch=inner),
    ]
    (HERE / "custom.onnx").write_bytes(model(nodes, (), [helper.make_opsetid("com.acme", 1)]).SerializeToString())


def of_others() -> None:
    writer = gguf.GGUFWriter(HERE / "plain.gguf", "llama")
    named = {"name": "tool_use", "template": "{{ tools }}"}
    writer.add_chat_template([{"name": "default", "template": "{{ messages }}"}, named])
    writer.add_token_list([b"a", b"b", b"c"])
    writer.add_token_scores([0.5, 0.25, 0.125])
    writer.add_bool("yes", True)
    writer.add_tensor("first", np.zeros((3, 5), np.float32))
    writer.add_tensor("second", np.zeros((4, 32), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    x = np.random.default_rng(0).random((20, 3))
    pipeline = make_pipeline(StandardScaler(), FunctionTransformer(np.abs), LogisticRegression())
    skops.io.dump(pipeline.fit(x, x[:, 0] > 0.5), HERE / "plain.skops")
    (HERE / "plain.msgpack").write_bytes(serialization.to_bytes({"a": {"k": np.zeros((3, 4), np.float32)}, "b": 1.5}))
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "text").write_text("\n".join(f"hello world {number} foo bar" for number in range(200)))
        sentencepiece.SentencePieceTrainer.train(
            input=f"{directory}/text",
            model_prefix=f"{directory}/piece",
            vocab_size=40,
            minloglevel=2,
            normalization_rule_name="identity",
        )
        (HERE / "plain.model").write_bytes(Path(directory, "piece.model").read_bytes())


if __name__ == "__main__":
    of_keras()
    of_onnx()
    of_others()
    print(json.dumps(sorted(path.name for path in HERE.iterdir())))
