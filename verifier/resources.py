"""Where the data that travels with the package lies: `policies/`, the demonstration `registry/`, workflows to copy."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_directory(name: str) -> Path:
    """Find `name` ("policies", "registry" or ".github/workflows") in the installed wheel, or else in the checkout."""
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
