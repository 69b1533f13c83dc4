"""What a person types to name a model: every accepted form, and for every malformed one a message of its own."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verifier.errors import UsageError
from verifier.reference import LegacyNameError, ModelReference, is_commit, is_path

COMMIT = "3f1" + "0" * 36 + "a"
HUB = "https://huggingface.co"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("org/name", "org/name"),
        ("Org-1/Name_2.v3", "Org-1/Name_2.v3"),
        ("0x/1", "0x/1"),
        (f"{'o' * 96}/{'n' * 96}", f"{'o' * 96}/{'n' * 96}"),
        ("org/name@main", "org/name@main"),
        ("org/name@v1.0", "org/name@v1.0"),
        ("org/name@feature/x", "org/name@feature/x"),
        ("org/name@refs/pr/3", "org/name@refs/pr/3"),
        (f"org/name@{COMMIT}", f"org/name@{COMMIT}"),
        (f"org/name@{COMMIT.upper()}", f"org/name@{COMMIT}"),
        (f"org/name@{COMMIT[:7]}", f"org/name@{COMMIT[:7]}"),
        ("hf://org/name", "org/name"),
        ("hf:org/name", "org/name"),
        ("HF://org/name@v1", "org/name@v1"),
        ("datasets/name", "datasets/name"),
        ("müller/modell", "müller/modell"),
    ],
)
def test_a_reference_in_each_of_its_forms(text: str, meant: str) -> None:
    assert str(ModelReference.parse(text)) == meant


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        (f"{HUB}/org/name", "org/name"),
        (f"{HUB}/org/name/", "org/name"),
        (f"{HUB}/org/name?library=transformers#usage", "org/name"),
        ("http://huggingface.co/org/name", "org/name"),
        ("huggingface.co/org/name", "org/name"),
        ("HuggingFace.co/org/name", "org/name"),
        ("https://www.huggingface.co/org/name", "org/name"),
        ("https://hf.co/org/name", "org/name"),
        (f"{HUB}/org/name@v1", "org/name@v1"),
        (f"{HUB}/org/name/tree/main", "org/name@main"),
        (f"{HUB}/org/name/tree/main/onnx", "org/name@main"),
        (f"{HUB}/org/name/tree/{COMMIT}", f"org/name@{COMMIT}"),
        (f"{HUB}/org/name/tree/feature%2Fx", "org/name@feature/x"),
        (f"{HUB}/org/name/tree/refs%2Fpr%2F3", "org/name@refs/pr/3"),
        (f"{HUB}/org/name/tree/refs/pr/3/onnx", "org/name@refs/pr/3"),
        (f"{HUB}/org/name/blob/v1/config.json", "org/name@v1"),
        (f"{HUB}/org/name/resolve/{COMMIT}/a/b@c.bin", f"org/name@{COMMIT}"),
        (f"{HUB}/org/name/raw/main/config.json", "org/name@main"),
        (f"{HUB}/org/name/commit/{COMMIT}", f"org/name@{COMMIT}"),
        (f"{HUB}/org/name/commits/main", "org/name@main"),
    ],
)
def test_an_address_of_the_hub_that_names_a_model(url: str, meant: str) -> None:
    assert str(ModelReference.parse(url)) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \t", "is empty"),
        ("org /name", "U+0020"),
        ("org/name\n", "U+000A"),
        ("org/na\u00a0me", "U+00A0"),
        ("org/\x1b[31mname", "U+001B"),
        ("org/na\x00me", "U+0000"),
        ("org/na\udcffme", "U+DCFF"),
        ("org\\name", "backslash"),
        ("C:\\models\\name", "backslash"),
        ("./org/name", "is a path"),
        ("/srv/models/name", "is a path"),
        ("../name", "is a path"),
        (".", "is a path"),
        ("org/name/more", "more than one slash"),
        ("org//name", "more than one slash"),
        ("hf://org/name/config.json", "more than one slash"),
        ("org/name/tree/main", "more than one slash"),
        ("name/", "no name after the slash"),
        ("hf:/name", "no publisher before the slash"),
        ("org/" + "n" * 97, "97 characters"),
        ("o" * 97 + "/name", "97 characters"),
        ("-org/name", "publisher '-org'"),
        ("org/.name", "name '.name'"),
        ("org/na:me", "name 'na:me'"),
        ("~/name", "publisher '~'"),
        ("org/name--more", "'--'"),
        ("org/na..me", "'..'"),
        ("org/name-", "ends in"),
        ("org/name.", "ends in"),
        ("org/name.git", "suffix"),
        ("org/name.ipynb", "suffix"),
        ("org/name@", "without a revision"),
        ("org/name@a@b", "more than one '@'"),
        ("org/name@-x", "no revision"),
        ("org/name@/x", "no revision"),
        ("org/name@../x", "no revision"),
        ("org/name@a..b", "no revision"),
        ("org/name@x/", "no revision"),
        ("org/name@" + "x" * 256, "no revision"),
        ("datasets/org/name", "data set"),
        ("Datasets/org/name", "data set"),
        ("hf://datasets/org/name", "data set"),
        (f"{HUB}/datasets/org/name", "data set"),
        (f"{HUB}/datasets", "data set"),
        ("spaces/org/name", "space"),
        ("hf://spaces/org/name@main", "space"),
        (f"{HUB}/spaces/org/name/tree/main", "space"),
        ("https://example.test/org/name", "not a URL of the Hugging Face Hub"),
        ("https://huggingface.co.example.test/org/name", "not a URL of the Hugging Face Hub"),
        ("https://huggingface.co@example.test/org/name", "not a URL of the Hugging Face Hub"),
        ("https://me@huggingface.co/org/name", "not a URL of the Hugging Face Hub"),
        ("https://huggingface.co:8443/org/name", "not a URL of the Hugging Face Hub"),
        ("ftp://huggingface.co/org/name", "not a URL of the Hugging Face Hub"),
        ("file:///srv/models", "not a URL of the Hugging Face Hub"),
        ("http://[::1/org/name", "is not a URL"),
        ("https://huggingface.co:x/org/name", "is not a URL"),
        (HUB, "does not name a model"),
        (f"{HUB}/", "does not name a model"),
        (f"{HUB}/org", "does not name a model"),
        (f"{HUB}/models", "does not name a model"),
        (f"{HUB}/org//name", "does not name a model"),
        (f"{HUB}/org/name/discussions/3", "is a page of the model"),
        (f"{HUB}/org/name/tree", "is a page of the model"),
        (f"{HUB}/org/name/settings", "is a page of the model"),
        (f"{HUB}/%2e%2e/%2e%2e", "publisher '..'"),
        (f"{HUB}/org%2Fname/x", "more than one slash"),
        (f"{HUB}/org/name/tree/%2e%2e", "no revision"),
    ],
)
def test_a_malformed_reference_says_what_is_wrong_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ModelReference.parse(text)

    assert message in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["gpt2", "bert-base-uncased", "gpt2@main", "hf:gpt2"])
def test_a_name_without_a_publisher_is_a_legacy_name(text: str) -> None:
    with pytest.raises(LegacyNameError) as caught:
        ModelReference.parse(text)

    assert caught.value.name == text.removeprefix("hf:").partition("@")[0]
    assert "openai-community/gpt2" in caught.value.remedy


def test_a_legacy_name_with_a_known_owner_says_what_to_write() -> None:
    assert LegacyNameError("gpt2", "openai-community/gpt2").remedy == "Write openai-community/gpt2."


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"{HUB}/m%C3%BCller%0A/name", id="line feed in a name"),
        pytest.param(f"{HUB}/m%C3%BCller%1B%5B31m/name", id="escape in a name"),
        pytest.param(f"{HUB}/m%C3%BCller%40main/name", id="at sign in a name"),
        pytest.param(f"{HUB}/m%C3%BCller%5Cx/name", id="backslash in a name"),
        pytest.param(f"{HUB}/org/namé@v1/tree/main", id="two revisions"),
        pytest.param(f"{HUB}/org/name/tree/a%20b", id="blank in a revision"),
        pytest.param(f"{HUB}/org/name/tree/%1B%5B31m", id="escape in a revision"),
        pytest.param(f"{HUB}/org/name/tree/a%5Cb", id="backslash in a revision"),
        pytest.param(f"{HUB}/org/name@a%00b", id="null in a revision"),
    ],
)
def test_an_address_does_not_bring_in_by_percent_signs_what_may_not_be_typed(url: str) -> None:
    with pytest.raises(UsageError):
        ModelReference.parse(url)


@pytest.mark.parametrize("page", ["docs/transformers", "blog/gemma", "papers/2301.00001", "settings/tokens"])
def test_a_page_of_the_hub_itself_is_not_a_model(page: str) -> None:
    with pytest.raises(UsageError):
        ModelReference.parse(f"{HUB}/{page}")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/a", True),
        ("./a", True),
        ("../a", True),
        (".", True),
        ("..", True),
        ("a", False),
        ("a/b", False),
        ("~/a", False),
        (".a/b", False),
        ("", False),
    ],
)
def test_what_starts_as_a_path_is_a_path(text: str, answer: bool) -> None:
    assert is_path(text) is answer


@given(st.sampled_from(["/", "./", "../"]), st.text(max_size=30))
def test_a_path_is_never_a_reference(start: str, rest: str) -> None:
    with pytest.raises(UsageError):
        ModelReference.parse(start + rest)


@pytest.mark.parametrize(
    ("revision", "answer"),
    [
        (COMMIT, True),
        (COMMIT.upper(), False),
        (COMMIT[:39], False),
        (COMMIT + "0", False),
        (COMMIT + "\n", False),
        ("main", False),
        (None, False),
    ],
)
def test_only_forty_lower_case_hexadecimal_digits_are_a_commit(revision: str | None, answer: bool) -> None:
    assert is_commit(revision) is answer


def test_a_reference_knows_its_model_and_its_commit() -> None:
    pinned = ModelReference.parse(f"org/name@{COMMIT}")

    assert (pinned.model, pinned.commit) == ("org/name", COMMIT)
    assert ModelReference.parse("org/name@main").commit is None
    assert ModelReference.parse("org/name@main").at(COMMIT) == pinned


PIECES = st.sampled_from(
    f"""org name / // @ main {COMMIT} hf: hf:// {HUB} huggingface.co https:// tree refs datasets
    %2F %40 %0A %20 %1B %C3%BC é . .. -- - : ? # [ ] \\""".split()
)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=9).map("".join)))
@example("https://huggingface.co:99999/org/name")
@example("https://[v1.x]/org/name")
@example("hf.co/\u2100/x")
def test_whatever_is_typed_is_a_reference_that_reads_back_or_a_usage_error(text: str) -> None:
    try:
        reference = ModelReference.parse(text)
    except UsageError:
        return
    assert ModelReference.parse(str(reference)) == reference
