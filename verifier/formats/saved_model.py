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
from verifier.formats.protobuf import BYTES, FIXED32, VARINT, Reader, Shape, WireError
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
        EncodeProto ListSnapshotChunksDataset"""),
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
    """Tell whether the bytes are one of the three; TensorFlow takes a text of one name, too."""
    return _is_text(name) or _kind(source) is not None


def read(name: str, source: ByteSource, _follow: Follow) -> Content:
    """Walk all graphs, and the Keras configurations beside them. Raises `OSError` only."""
    if _is_text(name):
        return Content("saved-model", unfollowed="a SavedModel that is written as text is not read here")
    kind = _kind(source) or "saved-model"
    shapes, root = _KINDS[kind]
    operations, unfollowed = Operations(), None
    try:
        for message in Reader(source).walk(shapes, root, 0, source.size):
            if message.shape == "node" and (known := OPERATORS.get(message.text(2))) is not None:
                operations.add(known[0], message.text(2), known[1], f"node {message.text(1)!r}", message.start)
            elif message.shape in ("keras", "layer"):
                for text in [text for texts in message.texts.values() for text in texts]:
                    if text.lstrip().startswith("{"):
                        unfollowed = keras.add_json(operations, text) or unfollowed
    except WireError as error:
        unfollowed = f"as a TensorFlow graph, {error}"
    return Content(kind, operations=operations.all(), unfollowed=unfollowed or operations.unfollowed)


def _is_text(name: str) -> bool:
    return name.rpartition("/")[2] == "saved_model.pbtxt"


def _kind(source: ByteSource) -> str | None:
    """Tell a SavedModel, a frozen graph or Keras metadata by the fields of its outermost messages."""
    reader = Reader(source, most=50_000)
    seen: dict[int, int] = {}
    inner: set[tuple[int, int]] = set()
    try:
        for item in reader.fields(0, source.size):
            if seen.setdefault(item.number, item.wire) != item.wire:
                return None
            if item.number == 1 and item.wire == BYTES and len(inner) < 1_000:
                inner |= {(each.number, each.wire) for each in reader.fields(item.start, item.end)}
    except WireError:
        return None
    if seen == {1: VARINT, 2: BYTES}:
        return "saved-model"
    if not inner or seen.get(1) != BYTES:
        return None
    texts = {(1, BYTES), (2, BYTES)}
    rest = {number: wire for number, wire in seen.items() if number != 1}
    if texts <= inner and not inner & {(2, FIXED32), (3, VARINT)} and rest.items() <= {2: 2, 3: 0, 4: 2, 5: 2}.items():
        return "tensorflow-graph"
    if (2, VARINT) in inner and not rest and inner <= {(2, VARINT), (3, BYTES), (4, BYTES), (5, BYTES), (6, BYTES)}:
        return "keras-metadata"
    return None
