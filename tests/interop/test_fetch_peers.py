"""Reading the machine's apt sources, in both of the forms that sources.list(5) describes; no network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.interop import fetch_peers
from tests.interop.fetch_peers import FetchError, Source, archives, machine_sources, parse_deb822, parse_one_line

ARCHIVE = "http://archive.test/debian"


def uris(sources: Iterable[Source]) -> list[str]:
    return [source["URIs"] for source in archives(iter(sources))]


class TestOneLine:
    def test_every_part(self) -> None:
        (source,) = parse_one_line(f"deb [arch=amd64 signed-by=/keys/debian.gpg] {ARCHIVE} trixie main contrib\n")
        assert source == {
            "Arch": "amd64",
            "Signed-By": "/keys/debian.gpg",
            "Types": "deb",
            "URIs": ARCHIVE,
            "Suites": "trixie",
            "Components": "main contrib",
        }

    def test_without_options(self) -> None:
        (source,) = parse_one_line(f"  deb\t{ARCHIVE}   trixie  main")
        assert source == {"Types": "deb", "URIs": ARCHIVE, "Suites": "trixie", "Components": "main"}

    def test_a_value_may_hold_an_equals_sign(self) -> None:
        (source,) = parse_one_line(f"deb [ signed-by=/keys/a=b.gpg ] {ARCHIVE} trixie main")
        assert source["Signed-By"] == "/keys/a=b.gpg"

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "# a comment",
            f"# deb {ARCHIVE} trixie main",
            f"deb-src {ARCHIVE} trixie main",
            "deb",
            f"deb {ARCHIVE}",
            f"rpm {ARCHIVE} trixie main",
        ],
    )
    def test_nothing_to_fetch_from(self, line: str) -> None:
        assert list(parse_one_line(line)) == []

    def test_a_comment_after_the_entry(self) -> None:
        (source,) = parse_one_line(f"deb {ARCHIVE} trixie main # the archive")
        assert source["Components"] == "main"

    def test_several_lines(self) -> None:
        text = f"deb {ARCHIVE} trixie main\n\n# more\ndeb http://other.test/debian sid main\n"
        assert [source["URIs"] for source in parse_one_line(text)] == [ARCHIVE, "http://other.test/debian"]


class TestDeb822:
    def test_every_field(self) -> None:
        text = f"""\
# The archive.
Types: deb deb-src
URIs: {ARCHIVE}
Suites: trixie trixie-updates
Components: main
Signed-By: /keys/debian.gpg
"""
        (source,) = parse_deb822(text)
        assert source == {
            "Types": "deb deb-src",
            "URIs": ARCHIVE,
            "Suites": "trixie trixie-updates",
            "Components": "main",
            "Signed-By": "/keys/debian.gpg",
        }

    def test_a_key_in_the_stanza_goes_on_in_indented_lines(self) -> None:
        text = f"""\
Types: deb
URIs: {ARCHIVE}
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 # no comment, but a line of the key
 -----END PGP PUBLIC KEY BLOCK-----
Suites: trixie
"""
        (source,) = parse_deb822(text)
        assert source["Signed-By"].splitlines()[1:] == [
            " -----BEGIN PGP PUBLIC KEY BLOCK-----",
            " .",
            " # no comment, but a line of the key",
            " -----END PGP PUBLIC KEY BLOCK-----",
        ]
        assert source["Suites"] == "trixie"

    def test_names_of_fields_in_any_case(self) -> None:
        (source,) = parse_deb822(f"types: deb\nuris: {ARCHIVE}\nSUITES: trixie\nsigned-by: /keys/debian.gpg\n")
        assert source == {"Types": "deb", "URIs": ARCHIVE, "Suites": "trixie", "Signed-By": "/keys/debian.gpg"}

    def test_a_comment_inside_a_stanza_does_not_end_it(self) -> None:
        (source,) = parse_deb822(f"Types: deb\n# in between\nURIs: {ARCHIVE}\n#\nSuites: trixie\n")
        assert (source["URIs"], source["Suites"]) == (ARCHIVE, "trixie")

    def test_several_stanzas(self) -> None:
        text = f"Types: deb\nURIs: {ARCHIVE}\n \t\n\nTypes: deb\nURIs: http://other.test/debian\n"
        assert [source["URIs"] for source in parse_deb822(text)] == [ARCHIVE, "http://other.test/debian"]

    @pytest.mark.parametrize("value", ["no", "No", "false", "0", "off"])
    def test_disabled(self, value: str) -> None:
        assert list(parse_deb822(f"Enabled: {value}\nTypes: deb\nURIs: {ARCHIVE}\n")) == []

    @pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "Types: deb\n", f"Types: deb-src\nURIs: {ARCHIVE}\n"])
    def test_nothing_to_fetch_from(self, text: str) -> None:
        assert list(parse_deb822(text)) == []


class TestArchives:
    def source(self, uri: str, suite: str = "trixie", components: str = "main", **more: str) -> Source:
        return {"Types": "deb", "URIs": uri, "Suites": suite, "Components": components, **more}

    def test_each_address_once_with_what_was_said_first(self) -> None:
        first = self.source(ARCHIVE, **{"Signed-By": "/keys/debian.gpg"})
        (found,) = archives(iter([first, self.source(f"{ARCHIVE}/", "trixie-updates")]))
        assert found == first

    def test_several_addresses_in_one_entry(self) -> None:
        other = "http://mirror.test/debian"
        assert uris([self.source(f"{ARCHIVE} {other}")]) == [ARCHIVE, other]

    def test_debian_like_addresses_come_first(self) -> None:
        vendor = "http://packages.test/tool"
        assert uris([self.source(vendor), self.source(ARCHIVE)]) == [ARCHIVE, vendor]

    def test_security_archives_and_other_components_are_left_out(self) -> None:
        security = self.source("http://archive.test/debian-security", "trixie-security")
        flat = {"Types": "deb", "URIs": "file:/srv/flat", "Suites": "./", "Components": ""}
        assert uris([security, self.source(ARCHIVE, components="contrib"), flat]) == []


class TestMachine:
    @pytest.fixture
    def apt(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An /etc/apt without entries, which `apt-config` names."""
        (tmp_path / "sources.list.d").mkdir()
        answer = f"LIST='{tmp_path}/sources.list'\nPARTS='{tmp_path}/sources.list.d/'\n"
        monkeypatch.setattr(fetch_peers, "run", lambda *_command, **_options: answer)
        return tmp_path

    def test_no_entries(self, apt: Path) -> None:
        assert list(machine_sources()) == []

    def test_both_forms_and_all_files(self, apt: Path) -> None:
        (apt / "sources.list").write_text("deb http://one.test sid main\n")
        (apt / "sources.list.d" / "b.list").write_text("deb http://two.test sid main\n")
        (apt / "sources.list.d" / "a.sources").write_text("Types: deb\nURIs: http://three.test\nSuites: sid\n")
        (apt / "sources.list.d" / "a.sources.save").write_text("Types: deb\nURIs: http://four.test\nSuites: sid\n")
        assert [source["URIs"] for source in machine_sources()] == [
            "http://one.test",
            "http://two.test",
            "http://three.test",
        ]


class TestMain:
    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetch_peers, "PEERS", tmp_path / ".peers")

    def test_does_nothing_where_all_programs_are_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (fetch_peers.PEERS / "bin").mkdir(parents=True)
        for program in fetch_peers.PROGRAMS:
            (fetch_peers.PEERS / "bin" / program).touch()
        monkeypatch.setattr(fetch_peers, "fetch", lambda: pytest.fail("fetched"))
        assert fetch_peers.main() == 0

    def test_another_system_is_told_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("shutil.which", lambda _tool: None)
        assert fetch_peers.main() == 1
        answer = capsys.readouterr().err
        assert "apt-get is not here" in answer
        assert "cosign, sigstore-go-signing, sigstore-go-verification" in answer

    def test_no_archive(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}")
        monkeypatch.setattr(fetch_peers, "machine_sources", lambda: iter(()))
        with pytest.raises(FetchError, match="no source for a Debian archive"):
            fetch_peers.fetch()
