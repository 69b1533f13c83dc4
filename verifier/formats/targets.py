"""Classes that a configuration has its loader import by name: Hydra's `_target_` (NeMo), HyperPyYAML's `!new:`.

A name is judged whole. Any attribute of a module can be walked to (`nemo.collections.asr.os.system`), so a family of
modules counts only where what follows is made of its own modules and ends in a class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from verifier.formats.content import Reach
from verifier.formats.operations import Operations
from verifier.words import words

FAMILIES = (
    "nemo.collections.tts.torch.", "nemo.collections.", "nemo.core.", "nemo.lightning.",
    "torch.nn.", "torch.optim.", "torch.utils.data.", "torchaudio.transforms.", "torchmetrics.",
    "pytorch_lightning.", "lightning.pytorch.", "speechbrain.", "megatron.core.", "transformers.models.",
    "monai.",
)  # fmt: skip
"""Where the classes live of which such models are made; the longest that fits counts."""
_MODULE = re.compile(r"\w+", re.ASCII)
_CLASS = re.compile(r"_?[A-Z]\w*", re.ASCII)
_PLAIN_CALLS = frozenset(("torch.manual_seed", "numpy.random.seed", "random.seed"))
_STEPS_OUT = words(
    """abc apex argparse ast asyncio base64 bdb builtins bz2 code codecs codeop collections commands compileall
    concurrent contextlib copy copyreg csv ctypes cProfile dataclasses datetime dill distutils email enum faulthandler
    fileinput ftplib functools gc getpass glob gzip h5py hashlib http hydra idlelib imaplib imp importlib inspect io
    ipaddress itertools joblib json librosa linecache logging lzma mailbox marshal math matplotlib mmap multiprocessing
    netrc np numpy omegaconf operator os pandas pathlib pdb pickle pickletools pip pipes pkgutil platform plistlib
    poplib posix posixpath pprint profile psutil pty pydoc pytorch_lightning random re readline requests resource
    rlcompleter runpy scipy secrets select selectors setuptools shelve shlex shutil signal site smtplib socket
    socketserver soundfile sqlite3 ssl stat string struct subprocess sympy sys sysconfig tarfile telnetlib tempfile
    textwrap threading time timeit tkinter torch trace traceback tracemalloc transformers turtle types typing unittest
    urllib uuid venv warnings wave weakref webbrowser wget wrapt xml xmlrpc yaml zipapp zipfile zipimport zlib"""
)
"""Modules of others that a package's own modules hold as attributes."""
_EXPRESSION = re.compile(r"\$\s*(?:(?:import|from|lambda)\b|[^\s(]+\()")
_PROCESSES = frozenset(("Popen", "Process", "Pool", "ProcessPoolExecutor", "Thread", "Timer", "Template"))


def add(operations: Operations, name: str | None, how: str, line: int) -> None:
    """Add a class that is named under `how` (`_target_`, `!new:`), unless it is an ordinary one."""
    where = f"line {line}" if line else ""
    if name is None:
        operations.add(Reach.CODE, how, "names what is called by something else than a text", where)
    elif name in _PLAIN_CALLS:
        return
    elif (rest := _rest(name)) is None:
        what = f"is called under {how} and belongs to no library that such models are made of"
        operations.add(Reach.CODE, name, what, where)
    elif not is_own(rest):
        operations.add(Reach.CODE, name, f"is called under {how} and leads out of its library", where)
    elif not _CLASS.fullmatch(rest.rpartition(".")[2]):
        operations.add(Reach.CUSTOM, name, f"is called under {how} and is no class of its library", where)


def add_pairs(operations: Operations, pairs: Iterable[tuple[str, object]]) -> None:
    """Add what a JSON document names under `_target_`, and what MONAI evaluates: texts that begin with `$`.

    Where nothing else is MONAI's, they must also read as a call or an import.
    """
    found = list(pairs)
    is_named = any(key == "_target_" for key, _ in found)
    for key, value in found:
        if key == "_target_" and not (isinstance(value, str) and re.fullmatch(r"\w+", value, re.ASCII)):
            add(operations, value if isinstance(value, str) else None, key, 0)
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and text.startswith("$") and (is_named or _EXPRESSION.match(text)):
                operations.add(Reach.CODE, text, "is an expression of Python's, which MONAI evaluates", key)


def is_hostile(name: str) -> bool:
    """Tell a name that leads straight to a module of Python's own, for keys that have other meanings, too."""
    first, dot, _ = name.partition(".")
    return bool(dot) and first in _STEPS_OUT - {"torch", "transformers", "pytorch_lightning", "omegaconf", "numpy"}


def _rest(name: str) -> str | None:
    return next((name.removeprefix(family) for family in FAMILIES if name.startswith(family)), None)


def is_own(rest: str) -> bool:
    """Tell whether a name, below its package, goes through the package's own modules only."""
    *modules, last = rest.split(".")
    parts_fit = all(_MODULE.fullmatch(part) and not part.startswith("__") for part in (*modules, last))
    return parts_fit and not _STEPS_OUT & {*modules, last} and last not in _PROCESSES
