"""TensorFlow's SavedModel, frozen graphs and Keras metadata: the operators that a graph runs, and what touches files.

Function libraries are walked as the graph is. Operators are named one by one, never by prefix: what a plain model
uses to keep its own variables (SaveV2, RestoreV2, MergeV2Checkpoints, tables from its assets) is not reported.
Source: github.com/tensorflow/tensorflow, `core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto`,
`core/framework/{graph,function,node_def}.proto`, `core/ops/*.cc`; tf-keras, `protobuf/saved_metadata.proto`.
"""

from __future__ import annotations

from verifier.formats import keras
from verifier.formats.content import Content, Follow, Reach
from verifier.formats.operations import Operations
from verifier.formats.protobuf import BYTES, VARINT, Field, Reader, Shape, TooLongError, WireError
from verifier.source import ByteSource
from verifier.words import words

_GRAPH = {
    "graph": Shape({1: "node", 2: "library"}),
    "library": Shape({1: "function"}),
    "function": Shape({3: "node"}),
    "node": Shape({}, frozenset({1, 2})),
}
_SAVED_MODEL = _GRAPH | {
    "model": Shape({2: "meta_graph"}),
    "meta_graph": Shape({2: "graph", 7: "objects"}),
    "objects": Shape({1: "object"}),
    "object": Shape({4: "keras"}),
    "keras": Shape({}, frozenset({1, 3})),
}
_METADATA = {"metadata": Shape({1: "layer"}), "layer": Shape({}, frozenset({3, 4, 5}))}
_KINDS = {
    "saved-model": (_SAVED_MODEL, "model"),
    "tensorflow-graph": (_GRAPH, "graph"),
    "keras-metadata": (_METADATA, "metadata"),
}
_NAMES = {"saved_model.pb": "saved-model", "keras_metadata.pb": "keras-metadata"}
"""What TensorFlow opens by its name."""

_CALLS = "calls Python of the process that runs the model"
_READS = "reads files, whichever the graph names"
_WRITES = "writes files, wherever the graph names"
_TALKS = "talks to other machines, or lets them in"
_SQL = "opens databases, whichever the graph names"
OPERATORS = (
    dict.fromkeys(("PyFunc", "PyFuncStateless", "EagerPyFunc", "PythonOp"), (Reach.CODE, _CALLS))
    | dict.fromkeys(("XlaCustomCall", "XlaCustomCallV2"), (Reach.CODE, "calls native code by its name"))
    | dict.fromkeys(
        words("""ReadFile MatchingFiles WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2 TFRecordReader
        TFRecordReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader IdentityReader TextLineDataset
        TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2
        ExperimentalCSVDataset LMDBDataset ExperimentalLMDBDataset MatchingFilesDataset ExperimentalMatchingFilesDataset
        LoadDataset ListDataset LoadAndRemapMatrix GenerateVocabRemapping ImportEvent DecodeProto DecodeProtoV2
        EncodeProto ImmutableConst ListSnapshotChunksDataset"""),
        (Reach.SYSTEM, _READS),
    )
    | dict.fromkeys(
        words("""WriteFile SaveDataset SaveDatasetV2 SnapshotDataset SnapshotDatasetV2 SnapshotDatasetReader
        SnapshotNestedDatasetReader DistributedSave DatasetToTFRecord ExperimentalDatasetToTFRecord CacheDataset
        CacheDatasetV2 CreateSummaryFileWriter WriteSummary WriteRawProtoSummary WriteGraphSummary WriteScalarSummary
        WriteHistogramSummary WriteImageSummary WriteAudioSummary DumpGraph DebugIdentity DebugIdentityV2
        DebugIdentityV3 DebugNanCount DebugNumericSummary PrintV2 IO>FileWrite"""),
        (Reach.SYSTEM, _WRITES),
    )
    | dict.fromkeys(("SqlDataset", "ExperimentalSqlDataset", "CreateSummaryDbWriter"), (Reach.SYSTEM, _SQL))
    | dict.fromkeys(
        words("""RpcCall RpcClient RpcServer RpcServerStart RpcServerRegister RpcCheckStatus RpcGetValue Rpc TryRpc
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset
        RegisterDatasetV2 GcsConfigureCredentials GcsConfigureBlockCache BigQueryReader CloudBigtableClient
        ConfigureDistributedTPU KafkaDataset KinesisDataset"""),
        (Reach.SYSTEM, _TALKS),
    )
)
"""Operators that reach beyond the graph."""


def matches(name: str, source: ByteSource) -> bool:
    """Tell whether the bytes are one of the three, or the name is one that TensorFlow opens."""
    return _base(name) in _NAMES or bool(_kinds(source))


def read(name: str, source: ByteSource, _follow: Follow) -> Content:
    """Walk all graphs, and the Keras configurations beside them. Raises `OSError` only."""
    named = _NAMES.get(_base(name))
    kinds = [named] if named is not None else _kinds(source)
    operations, unfollowed = Operations(), None
    for kind in kinds:
        unfollowed = _walk(operations, kind, source) or unfollowed
    return Content(kinds[0], operations=operations.all(), unfollowed=unfollowed or operations.unfollowed)


def _walk(operations: Operations, kind: str, source: ByteSource) -> str | None:
    """Add what a message of this kind names; say why it was not followed, if so."""
    shapes, root = _KINDS[kind]
    unfollowed = None
    try:
        for message in Reader(source).walk(shapes, root, 0, source.size):
            if message.shape == "node" and (known := OPERATORS.get(message.text(2))) is not None:
                operations.add(known[0], message.text(2), known[1], f"node {message.text(1)!r}", message.start)
            elif message.shape in ("keras", "layer"):
                for text in [text for texts in message.texts.values() for text in texts]:
                    if text.lstrip().startswith("{"):
                        unfollowed = keras.add_json(operations, text) or unfollowed
    except WireError as error:
        return f"as a TensorFlow graph, {error}"
    return unfollowed


def _base(name: str) -> str:
    return name.lower().rpartition("/")[2]


def _kinds(source: ByteSource) -> list[str]:
    """Tell a SavedModel, a frozen graph and Keras metadata by fields that each must have; one can be several.

    Other fields, and these under another wire type, count for nothing: protobuf skips them.
    """
    reader, inner = Reader(source, most=50_000), {1: set[tuple[int, int]](), 2: set[tuple[int, int]]()}
    seen: set[tuple[int, int]] = set()
    try:
        for item in reader.fields(0, source.size):
            seen.add((item.number, item.wire))
            if item.wire == BYTES and item.number in inner:
                inner[item.number] |= _fields(reader, item)
    except TooLongError:
        pass  # what was seen counts
    except WireError:
        return []
    return [
        kind
        for kind, fits in (
            ("saved-model", seen == {(1, VARINT), (2, BYTES)} or ((1, VARINT) in seen and (2, BYTES) in inner[2])),
            ("tensorflow-graph", {(1, BYTES), (2, BYTES)} <= inner[1]),
            ("keras-metadata", {(2, VARINT), (4, BYTES)} <= inner[1] or {(2, VARINT), (5, BYTES)} <= inner[1]),
        )
        if fits
    ]


def _fields(reader: Reader, item: Field) -> set[tuple[int, int]]:
    """Give the fields of an inner message; none where it is no message, which a parser would not take."""
    try:
        return {(each.number, each.wire) for each in reader.fields(item.start, item.end)}
    except TooLongError:
        raise
    except WireError:
        return set()
