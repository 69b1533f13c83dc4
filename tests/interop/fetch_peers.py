"""Put cosign and sigstore-go from Debian sid into .peers, from the apt source that this machine already has.

Only sid has both in a version that knows Rekor v2. apt does the work, its signature check included, but with
all its directories inside .peers: the machine's package state is neither read nor changed, and an ordinary
user can do it. Needs only the standard library. Does nothing where the programs are there already.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).resolve().parents[2] / ".peers"
PACKAGES: Final = ("cosign", "sigstore-go")
PROGRAMS: Final = ("cosign", "sigstore-go-signing", "sigstore-go-verification")
SUITE: Final = "sid"

TRUST: Final = ("Signed-By", "Trusted", "Check-Valid-Until", "Check-Date", "Date-Max-Future")
"""What the machine's entry says about believing its archive, and ours repeats."""

Source = Mapping[str, str]
"""One apt source by the field names of sources.list(5), as in the deb822 form."""

ONE_LINE: Final = re.compile(r"(?P<type>deb)\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)")


class FetchError(Exception):
    """Why the programs can't be had here, in words for the person at the terminal."""


def main() -> int:
    """Fetch what is missing; 0 when all programs are in .peers/bin, else 1 and the reason on stderr."""
    try:
        if not all((PEERS / "bin" / program).is_file() for program in PROGRAMS):
            fetch()
    except FetchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def fetch() -> None:
    """Try the machine's apt sources in turn until one has the programs in its sid."""
    for tool in ("apt-get", "apt-config", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise FetchError(
                f"{tool} is not here: cosign and sigstore-go are fetched on Debian and its relatives only.\n"
                f"Elsewhere, put {', '.join(PROGRAMS)} into .peers/bin yourself, or go without: "
                "the tests that need them are skipped unless REQUIRE_PEERS=1."
            )
    failures = []
    for source in archives(machine_sources()):
        PEERS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=PEERS) as directory:
            try:
                install(download(source, Path(directory)), Path(directory))
            except subprocess.CalledProcessError as error:
                failures.append(f"{source['URIs']}: {(error.stderr or error.stdout).strip()}")
            else:
                return
    tried = "\n".join(failures) or "apt has no source for a Debian archive."
    raise FetchError(f"No apt source of this machine gave {' and '.join(PACKAGES)} from Debian {SUITE}.\n{tried}")


def machine_sources() -> Iterator[Source]:
    """Every enabled binary source that apt is configured with, whichever form it is written in."""
    output = run("apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d")
    one_line, parts = (Path(line.split("=", 1)[1].strip("'")) for line in output.splitlines())
    for path in [one_line, *sorted(parts.glob("*.list"))]:
        if path.is_file():
            yield from parse_one_line(path.read_text(encoding="utf-8"))
    for path in sorted(parts.glob("*.sources")):
        yield from parse_deb822(path.read_text(encoding="utf-8"))


def parse_one_line(text: str) -> Iterator[Source]:
    """The `deb [option=value] URI suite component…` lines of a sources.list."""
    for line in text.splitlines():
        if match := ONE_LINE.fullmatch(line.partition("#")[0].strip()):
            options = (option.partition("=") for option in (match["options"] or "").split())
            yield {
                **{name.title(): value for name, _, value in options},
                "Types": match["type"],
                "URIs": match["uri"],
                "Suites": match["suite"],
                "Components": match["rest"].strip(),
            }


def parse_deb822(text: str) -> Iterator[Source]:
    """The stanzas of a .sources file; a value may go on in indented lines, as a key in Signed-By does."""
    text = re.sub(r"(?m)^#.*\n?", "", text)
    for stanza in re.split(r"\n\s*\n", text):
        fields = re.findall(r"(?m)^([A-Za-z-]+)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)", stanza)
        source = {name.title().replace("Uris", "URIs"): value.rstrip() for name, value in fields}
        enabled = source.get("Enabled", "yes").lower() not in {
            "no",
            "false",
            "0",
            "off",
            "without",
            "disable",
        }
        if enabled and "deb" in source.get("Types", "").split() and source.get("URIs"):
            yield source


def archives(sources: Iterator[Source]) -> list[Source]:
    """A source for each address that may be a Debian archive, the likely ones first; security has no sid."""
    found: dict[str, Source] = {}
    for source in sources:
        if "main" in source.get("Components", "").split() and "-security" not in source["Suites"]:
            for uri in source["URIs"].split():
                found.setdefault(uri.rstrip("/"), {**source, "URIs": uri})
    return sorted(found.values(), key=lambda source: "debian" not in source["URIs"])


def download(source: Source, directory: Path) -> list[Path]:
    """The two packages, downloaded and verified by apt into the directory."""
    for name in ("state/lists/partial", "cache/archives/partial", "sources.d", "preferences.d", "packages"):
        (directory / name).mkdir(parents=True)
    for name in ("status", "sources.list", "preferences"):
        (directory / name).touch()
    entry = {
        "Types": "deb",
        "URIs": source["URIs"],
        "Suites": SUITE,
        "Components": "main",
        "Targets": "Packages",
    }
    entry |= {name: source[name] for name in TRUST if name in source}
    stanza = "".join(f"{name}: {value}\n" for name, value in entry.items())
    (directory / "sources.d" / "sid.sources").write_text(stanza, encoding="utf-8")

    configuration = directory / "apt.conf"
    configuration.write_text(
        f'''
        Dir::State "{directory / "state"}";
        Dir::State::status "{directory / "status"}";
        Dir::Cache "{directory / "cache"}";
        Dir::Etc::sourcelist "{directory / "sources.list"}";
        Dir::Etc::sourceparts "{directory / "sources.d"}";
        Dir::Etc::preferences "{directory / "preferences"}";
        Dir::Etc::preferencesparts "{directory / "preferences.d"}";
        // The machine's hooks tidy the machine's directories.
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        // As root, apt would download as a user who may not be able to reach this directory.
        APT::Sandbox::User "root";
        APT::Update::Error-Mode "any";
        Acquire::Retries "3";
        ''',
        encoding="utf-8",
    )
    apt = ("apt-get", "--config-file", str(configuration), "--quiet", "--yes")
    run(*apt, "update", cwd=directory)
    run(*apt, "download", *PACKAGES, cwd=directory / "packages")
    return sorted((directory / "packages").glob("*.deb"))


def install(packages: list[Path], directory: Path) -> None:
    """Unpack into .peers/root, and link the programs from .peers/bin once they are known to start.

    The programs call themselves "devel", so the packages' versions are kept beside them.
    """
    root = directory / "root"
    versions = ""
    for package in packages:
        run("dpkg-deb", "--extract", str(package), str(root))
        versions += run("dpkg-deb", "--show", "--showformat", "${Package} ${Version}\\n", str(package))
    (root / "versions").write_text(versions, encoding="utf-8")
    for program in PROGRAMS:
        run(str(root / "usr" / "bin" / program), "--help")
    shutil.rmtree(PEERS / "root", ignore_errors=True)
    root.rename(PEERS / "root")
    (PEERS / "bin").mkdir(exist_ok=True)
    for program in PROGRAMS:
        link = PEERS / "bin" / program
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..") / "root" / "usr" / "bin" / program)


def run(*command: str, cwd: Path | None = None) -> str:
    """The command's standard output; CalledProcessError with both outputs if it fails."""
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
