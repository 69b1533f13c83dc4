"""Hostile and harmless files, made anew for each seed: every known way past a scanner, wrapped in every container.

`python -m tests.formats.corpus [SEED]` measures how many are found. Payloads would run `true` at the most, and none is
ever loaded. Advisories are named where a technique has one.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import struct
import sys
import tarfile
import zipfile
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from safetensors.numpy import save

from tests.formats.test_pickle_archives import patched, tarred, zipped
from tests.pickles import PAYLOAD, called, named, pickled, stacked, text, torch_zip
from verifier.checks import CONTENT_CHECKS

DANGEROUS = {
    "pip.main (CVE-2025-1716)": ("pip", "main"),
    "numpy.testing submodule (CVE-2025-10157)": ("numpy.testing._private.utils", "runstring"),
    "asyncio submodule (CVE-2025-10157)": ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
    "logging FileHandler (CVE-2026-56304)": ("logging", "FileHandler"),
    "uuid helper (CVE-2026-56315)": ("uuid", "_get_command_stdout"),
    "imaplib (CVE-2026-56315)": ("imaplib", "IMAP4_stream"),
    "pkgutil.resolve_name (GHSA-vvpj)": ("pkgutil", "resolve_name"),
    "posix.system": ("posix", "system"),
    "nt.system": ("nt", "system"),
    "os.system": ("os", "system"),
    "subprocess": ("subprocess", "Popen"),
    "builtins.eval": ("builtins", "eval"),
    "Python 2 builtins": ("__builtin__", "execfile"),
    "runpy": ("runpy", "run_path"),
    "timeit": ("timeit", "timeit"),
    "torch config": ("torch.utils._config_module", "ConfigModule.load_config"),
    "torch.load": ("torch", "load"),
    "nested pickle": ("torch.storage", "_load_from_bytes"),
    "joblib trampoline (modelaudit #626)": ("joblib", "load"),
    "cProfile": ("cProfile", "runctx"),
    "idlelib": ("idlelib.pyshell", "ModifiedInterpreter.runcommand"),
    "lib2to3": ("lib2to3.pgen2.grammar", "Grammar.loads"),
    "ctypes": ("ctypes", "CDLL"),
    "functools.partial": ("functools", "partial"),
    "operator.methodcaller": ("operator", "methodcaller"),
    "code (CVE-2026-22608)": ("code", "InteractiveInterpreter"),
    "ctypes by pydoc (CVE-2026-22608)": ("pydoc", "pipepager"),
    "webbrowser": ("webbrowser", "open"),
    "socket": ("socket", "create_connection"),
    "shutil": ("shutil", "rmtree"),
    "sqlite3": ("sqlite3", "connect"),
    "dotted name of an allowed module": ("collections", "OrderedDict.fromkeys"),
    "prefix of an allowed module": ("torch._utils_evil", "_rebuild_tensor_v2"),
    "unknown module": ("helpers_of_mine", "setup"),
    "rebuild from type": ("torch._tensor", "_rebuild_from_type_v2"),
    "multiprocessing": ("multiprocessing.util", "spawnv_passfds"),
    "distutils": ("distutils.file_util", "write_file"),
    "doctest": ("doctest", "debug_script"),
}
"""Globals that attacks have used, by what they are known as."""


@dataclass(frozen=True)
class Sample:
    """A file, the technique that it shows, and whether it is hostile."""

    technique: str
    name: str
    data: bytes
    hostile: bool = True


def calls(rng: random.Random, module: str, name: str) -> Iterator[tuple[str, bytes]]:
    """Give each way in which a stream can call a global, by its opcodes."""
    argument = text(PAYLOAD + " " * rng.randrange(3))
    plain, framed = named(module, name), stacked(module, name)
    yield "GLOBAL REDUCE", plain + argument + b"\x85R"
    yield "STACK_GLOBAL REDUCE", framed + argument + b"\x85R"
    yield "memoized names", text(module) + b"\x94" + text(name) + b"\x94" + b"00h\0h\1\x93" + argument + b"\x85R"
    yield "INST", b"(" + argument + b"i" + plain[1:]
    yield "OBJ", b"(" + plain + argument + b"o"
    yield "OBJ and POP (fickling)", b"(" + plain + argument + b"o0N"
    yield "NEWOBJ", plain + argument + b"\x85\x81"
    yield "NEWOBJ_EX", plain + argument + b"\x85}\x92"
    yield "REDUCE and BUILD (fickling)", plain + argument + b"\x85R}b"
    yield "in a state", named("collections", "OrderedDict") + b")R}(" + text("k") + plain + argument + b"\x85Rub"
    yield "in a set", b"\x8f(" + plain + argument + b"\x85R\x90"
    yield "copyreg", named("copyreg", "_reconstructor") + b"(" + plain + named("builtins", "object") + b"NtR"
    yield "import alone", plain


def tricks() -> Iterator[tuple[str, bytes]]:
    """Give whole streams that hide what they do, or break behind it."""
    body = called("posix", "system", PAYLOAD)
    yield "broken behind the payload (nullifAI)", b"\x80\x02" + body + b"0\xff\xff"
    yield "no STOP", b"\x80\x04" + body
    yield "second pickle (modelscan: only the first is read)", pickled(b"N") + pickled(body)
    yield "fifth pickle", pickled(b"N", 2) * 4 + pickled(body, 2)
    yield "extension code", b"\x80\x02\x82\x01" + text(PAYLOAD) + b"\x85R."
    yield (
        "computed name",
        pickled(called("_codecs", "encode", "posix") + text("system") + b"\x93" + text(PAYLOAD) + b"\x85R"),
    )
    yield "computed call", pickled(called("collections", "OrderedDict") + text(PAYLOAD) + b"\x85R")
    yield (
        "BUILD on a global (modelscan #330)",
        pickled(named("numpy", "dtype") + b"}(" + text("x") + text(PAYLOAD) + b"ub"),
    )
    yield "SETITEM on a global", pickled(named("sys", "modules") + text("os") + b"Ns")
    yield "frame straddle (fickling)", b"\x80\x04\x95\x03\0\0\0\0\0\0\0" + body + b"."
    yield "frame too long", b"\x80\x04\x95\xff\xff\0\0\0\0\0\0" + body + b"."
    yield "PROTO in the middle", b"\x80\x02" + body + b"\x80\x04."
    yield "no PROTO", body + b"."
    yield (
        "getattr",
        pickled(named("builtins", "getattr") + named("collections", "OrderedDict") + text("fromkeys") + b"\x86R"),
    )
    yield (
        "getattr on a module",
        pickled(named("builtins", "getattr") + called("builtins", "__import__", "os") + text("system") + b"\x86R"),
    )
    yield "behind a large blob", pickled(b"B" + struct.pack("<I", 300_000) + bytes(300_000) + b"0" + body)
    yield "behind many opcodes", pickled(b"N0" * 50_000 + body)
    yield (
        "memo key in hexadecimal",
        b"\x80\x02" + named("posix", "system") + b"p0x0\n0g0x0\n" + text(PAYLOAD) + b"\x85R.",
    )
    yield "persistent id", b"\x80\x02" + body + b"Q."
    yield "under a DUP", pickled(named("posix", "system") + b"2" + text(PAYLOAD) + b"\x85R0")


def wrapped(rng: random.Random, data: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Give each container that a pickle can come in, with a name for the file."""
    root = rng.choice(["archive", "model", f"run_{rng.randrange(99)}"])
    yield "bare", "model.pkl", data
    yield "torch zip", "pytorch_model.bin", torch_zip(data, {"data/0": rng.randbytes(64)}, root)
    yield "zip under another name", "README.md", torch_zip(data)
    yield (
        "member without a suffix (CVE-2025-1889)",
        "model.pt",
        zipped((f"{root}/weights", data), (f"{root}/data.pkl", pickled(b"N"))),
    )
    yield "other suffix (CVE-2025-10155)", "model.json", data
    yield "zip, other local name (CVE-2025-1944)", "model.pt", patched(torch_zip(data), b"PK\x03\x04", 30, b"X")
    yield "zip flag (CVE-2025-1945)", "model.pt", patched(zipped((f"{root}/data.pkl", data)), b"PK\x01\x02", 8, b"\x01")
    yield (
        "zip CRC (CVE-2025-10156)",
        "model.pt",
        patched(zipped((f"{root}/data.pkl", data)), b"PK\x03\x04", 14, b"\1\2\3\4"),
    )
    yield "deflated", "model.pt", zipped((f"{root}/data.pkl", data), method=zipfile.ZIP_DEFLATED)
    yield "zip without directory", "model.pt", torch_zip(data).partition(b"PK\x01\x02")[0]
    yield "zip behind text", "notes.txt", b"some text\n" + torch_zip(data)
    yield "zip in zip", "models.zip", zipped(("inner.pt", torch_zip(data)))
    yield "tar", "model.nemo", tarred(("./weights.ckpt", data))
    yield "tar.gz of zip", "model.tar.gz", gzip.compress(tarred(("w.pt", torch_zip(data))))
    yield "gzip", "model.pkl.gz", gzip.compress(data)
    yield "bzip2", "model.pkl.bz2", bz2.compress(data)
    yield "xz", "model.xz", lzma.compress(data)
    yield "lzma", "model.lzma", lzma.compress(data, lzma.FORMAT_ALONE)
    yield "zlib", "model.joblib", zlib.compress(data)
    yield "zstd", "model.zst", zstandard.compress(data)
    yield "7z torch file (nullifAI)", "model.pt", b"7z\xbc\xaf\x27\x1c\0\4" + rng.randbytes(200)
    yield "safetensors with a tail", "model.safetensors", save({"a": np.zeros(2)}) + data
    yield "safetensors with a zip behind", "model.safetensors", save({"a": np.zeros(2)}) + torch_zip(data)
    yield "numpy objects", "a.npy", saved_array(data)
    yield "npz objects", "a.npz", zipped(("a.npy", saved_array(data)))
    yield "picture", "picture.png", b"\x89PNG\r\n\x1a\n" + rng.randbytes(40) + torch_zip(data)


def saved_array(data: bytes) -> bytes:
    """Make a numpy array of objects whose pickle is `data`."""
    file = io.BytesIO()
    np.save(file, np.array([0], object))
    return file.getvalue()[:128] + data


def archives() -> Iterator[tuple[str, str, bytes]]:
    """Give archives that lead out of their directory."""
    for name in ("../../x", "/etc/x", "a/../../x", "..\\x"):
        yield "zip slip", "model.zip", zipped((name, b"text"))
        yield "tar slip", "model.tar", tarred((name, b"text"))
    yield "tar device", "model.tar", tarred(("x", b""), kind=tarfile.CHRTYPE)
    yield "zip bomb", "model.zip", zipped(("x", bytes(150_000_000)), method=zipfile.ZIP_DEFLATED)


def hostile(seed: int) -> Iterator[Sample]:
    """Give every hostile file: each dangerous global in some calls, each trick in each container."""
    rng = random.Random(seed)
    for technique, (module, name) in DANGEROUS.items():
        for how, body in rng.sample(list(calls(rng, module, name)), 5):
            protocol = rng.choice([2, 3, 4, 5])
            where, file, data = rng.choice(list(wrapped(rng, pickled(body, protocol))))
            yield Sample(f"{technique}, {how}, {where}", file, data)
    for how, body in calls(rng, "posix", "system"):
        yield Sample(how, "model.bin", pickled(body, rng.choice([2, 4])))
    for trick, data in tricks():
        yield Sample(trick, "model.bin", data)
        where, file, inside = rng.choice(list(wrapped(rng, data)))
        yield Sample(f"{trick}, {where}", file, inside)
    for where, file, data in wrapped(rng, pickled(called("posix", "system", PAYLOAD))):
        yield Sample(where, file, data)
    for where, file, data in archives():
        yield Sample(where, file, data)


def harmless(seed: int) -> Iterator[Sample]:
    """Give files that hold data and nothing else."""
    rng = random.Random(seed)
    values: list[Callable[[], Any]] = [
        lambda: {f"layer.{index}": [rng.random() for _ in range(9)] for index in range(5)},
        lambda: OrderedDict((f"k{index}", index) for index in range(50)),
        lambda: np.arange(rng.randrange(1, 99), dtype=rng.choice(["f4", "i8", "f2"])),
        lambda: {"os.system": "eval(exec)", "posix": "__import__('os')", "text": "cposix\nsystem\n"},
        lambda: [{"a": (1, None, True)}, {rng.random()}, frozenset({1}), b"bytes", bytearray(b"x"), 1j],
        lambda: {f"w{index}": index for index in range(5_000)},
        lambda: np.array([("a", 1)], dtype=[("t", "U3"), ("n", "i4")]),
    ]
    for make in values:
        for protocol in range(2, 6):
            data = pickle.dumps(make(), protocol)
            yield Sample("data", "model.pkl", data, hostile=False)
            yield Sample("torch zip", "model.pt", torch_zip(data, {"data/0": rng.randbytes(400)}), hostile=False)
            yield Sample("gzip", "model.pkl.gz", gzip.compress(data), hostile=False)
            yield Sample("tar", "model.tar", tarred(("data.pkl", data)), hostile=False)
    yield Sample("safetensors", "model.safetensors", save({"a": np.zeros(9)}), hostile=False)
    yield Sample("text", "README.md", b"# os.system\n\nThis is how eval and pickle work.\n", hostile=False)
    yield Sample("json", "config.json", b'{"eval": "os.system"}', hostile=False)


def judged(sample: Sample) -> str:
    """Say what a scan makes of a file: found, incomplete or silent."""
    from tests.checks.content import findings
    from verifier.finding import Severity

    rules = {
        finding.rule
        for check in CONTENT_CHECKS
        for finding in findings(check, sample.data, sample.name)
        if finding.severity is Severity.ERROR
    }
    return "found" if rules - {"incomplete-scan"} else "incomplete" if rules else "silent"


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for title, samples in (("hostile", hostile(seed)), ("harmless", harmless(seed))):
        results = [(sample, judged(sample)) for sample in samples]
        counts = Counter(result for _, result in results)
        print(
            f"{title}: {len(results)} files; "
            + ", ".join(f"{counts[word]} {word}" for word in ("found", "incomplete", "silent"))
        )
        expected = ("found",) if title == "hostile" else ("silent",)
        for sample, result in results:
            if result not in expected:
                print(f"  {result}: {sample.technique}")


if __name__ == "__main__":
    main()
