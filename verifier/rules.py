"""The one catalogue of rules: id, default severity, whether it judges content, and what `explain` prints.

A rule has one file in `verifier/checks/`, one test file, and one entry here; a test holds the three equal.
Content rules can be waived by a signed record; the others can be neither waived, lowered nor excepted, save
for those about a publisher's name, which a policy may move.
"""

from __future__ import annotations

from dataclasses import dataclass

from verifier.finding import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `content`: it judges what a file holds; `fixed`: no policy may move it."""

    id: str
    severity: Severity
    summary: str
    why: str
    example: str
    remedy: str
    content: bool = False
    fixed: bool = False


_RULES = (
    Rule(
        "unapproved-model",
        Severity.ERROR,
        "Nobody whom the registry trusts has approved this model at this commit.",
        "Anybody can publish on the Hub, and a name says nothing about the bytes behind it. Only a record that "
        "enough principals of the trust file signed, and that the signed head lists, makes a model approved. "
        "Under a lock the question is whether models.lock pins the model.",
        "model-verifier verify evil/llama --path ./llama\n  unapproved-model: evil/llama is not in the registry",
        "Use an approved model (the report names those of the same publisher), or ask the principals of the "
        "registry's 'approve' role to review and sign this one.",
        fixed=True,
    ),
    Rule(
        "revoked-model",
        Severity.ERROR,
        "The model was approved once and is revoked.",
        "An approval can turn out wrong: a backdoor is found, a publisher's account is taken over, a licence is "
        "withdrawn. A revocation names a model, a commit, a file's digest or a record, and counts wherever a "
        "validly signed one is in sight, even if an older head still lists the record. The letters' case does "
        "not matter.",
        "model-verifier verify acme/tiny@b52… --path ./tiny\n  revoked-model: revoked on 2026-03-01: weights leak "
        "training data",
        "Move to another approved commit. Only a new approval that names the revocation in 'lifts' undoes it.",
        fixed=True,
    ),
    Rule(
        "expired-approval",
        Severity.ERROR,
        "The approval's time is over.",
        "Every approval ends, so that somebody looks at each model again. An approval past 'valid_until', or a "
        "baseline past the trust file's 'baseline_until', is no approval.",
        "expired-approval: the approval of acme/tiny@3f1… ended on 2026-06-30",
        "Ask the registry's approvers to renew it, or move to a commit that is approved today.",
        fixed=True,
    ),
    Rule(
        "unapproved-dependency",
        Severity.ERROR,
        "The model needs another model that is not approved with it.",
        "A LoRA adapter loads its base, a configuration can name another repository's tokenizer or draft model. "
        "Those bytes run too. Each must stand in the record's 'requires', at a commit, and be approved itself.",
        'adapter_config.json: "base_model_name_or_path": "evil/base"\n  unapproved-dependency: evil/base is not in '
        "the approval's requires",
        "Have the other model approved, and this one again with the other in 'requires'.",
        fixed=True,
    ),
    Rule(
        "unpinned-revision",
        Severity.WARNING,
        "A branch, a tag or a short commit was named instead of a whole commit.",
        "Branches and tags move: what 'main' means today is not what it meant at the review. The bytes are "
        "compared with the one approved commit all the same; the name is what misleads.",
        "model-verifier verify acme/tiny@main --path ./tiny\n  unpinned-revision: 'main' moves; judged as 3f1…",
        "Write the 40-hex commit that the report shows, or pin the model in models.lock.",
    ),
    Rule(
        "digest-mismatch",
        Severity.ERROR,
        "A file is not the approved file.",
        "The SHA-256 of the bytes on this disk, computed here, differs from the one in the signed record (or the "
        "lock). A swapped shard keeps its name and its size; the Hub's own client does not compare content.",
        "digest-mismatch: model-00002-of-00004.safetensors is sha256:9c1…, approved is sha256:53a…",
        "Delete the file and fetch it again; if it differs again, its source was changed: tell whoever runs it.",
        fixed=True,
    ),
    Rule(
        "missing-file",
        Severity.ERROR,
        "A file of the chosen set is not there.",
        "A model with a part missing loads something else: random weights, a default tokenizer, or a download.",
        "missing-file: tokenizer.json belongs to the set 'default' and is not there",
        "Fetch the whole set again at the approved commit, or choose another set with --set.",
        fixed=True,
    ),
    Rule(
        "unlisted-file",
        Severity.ERROR,
        "There is a file that nobody approved.",
        "What lies beside the weights can be loaded with them: a modeling_x.py, a second tokenizer, another "
        "format that a loader prefers. The snapshot must be exactly the approved closed set.",
        "unlisted-file: modeling_llama.py is not in the approval",
        "Remove the file, or download the model into an empty directory.",
        fixed=True,
    ),
    Rule(
        "unsafe-path",
        Severity.ERROR,
        "Something below the model's directory is no regular file, or has a name that misleads.",
        "A link can lead out of what was verified, a FIFO never ends, a name with control characters rewrites a "
        "terminal. Only links as the Hub's cache makes them, into the repository's own blobs, are followed.",
        "unsafe-path: tokenizer.json is a link to '/home/other/tokenizer.json'",
        "Replace it by the regular file from the approved commit.",
        fixed=True,
    ),
    Rule(
        "typosquatted-publisher",
        Severity.ERROR,
        "The publisher's name imitates a known one.",
        "A look-alike works because people read words, not letters. What is looked for, with cases that happened:\n"
        "- letters missing, doubled, exchanged or hit beside the key: EleuterAI/gpt-j-6B was not EleutherAI's, and its "
        "weights had been edited to lie (PoisonGPT, 2023); crossenv took npm tokens for cross-env (2017)\n"
        "- letters that look alike, plain (rn for m, 1 for l) or foreign (a Cyrillic e): a project that said it was "
        "jellyfish was jeIlyfish, with a capital i, and stole SSH keys (PyPI, 2019)\n"
        "- an affix that claims a name (-official, -ai, real-), a word left out, added or moved: "
        "python3-dateutil stood beside python-dateutil (PyPI, 2019)\n"
        "- other separators (metallama, open-ai), a name from another catalogue, a model's name as a publisher\n"
        "How sure it is: 'high' denies, 'medium' warns. At one imitation in a thousand look-ups, about one 'medium' "
        "in five is one. Names of the registry, of the policy and of a list that ships with the package are known.",
        "typosquatted-publisher: EleuterAI is not EleutherAI (one letter missing; high, score 0.89). Did you mean "
        "EleutherAI/gpt-j-6B?",
        "Type the publisher's name as the report shows it. If both are real, list the other one under "
        "[publishers] known in the policy.",
    ),
    Rule(
        "cloned-model",
        Severity.WARNING,
        "A well-known model's name stands under a publisher that nobody here knows.",
        "A copy under another name needs no misspelling: Open-OSS/privacy-filter carried a flagship's name and card "
        "(2026). Honest mirrors and quantisations do the same, one third-party id in seventy, so this only warns; "
        "whether the copy's bytes are the original's is for the digests to say.",
        "cloned-model: foo/Llama-3.1-8B-Instruct is not meta-llama/Llama-3.1-8B-Instruct (a known model's name)",
        "Name the original, or approve the copy after its digests were compared with the original's.",
    ),
    Rule(
        "renamed-model",
        Severity.ERROR,
        "The Hub, or its cache, knows the model by another id, or its namespace changed hands.",
        "A renamed repository is redirected. A name that was given up can be registered again by anybody, and then "
        "overrides the redirect: the same id leads to other bytes. Signs of that are a repository that was created "
        "after its approval, a history that lost the approved commit, and (a warning) a publisher that the Hub called "
        "verified and does no more. A pinned commit and digests hold in all cases.",
        "renamed-model: the Hub answers acme/tiny with acme-labs/tiny",
        "Find out whether the publisher moved or the name was taken over; then use the new id, approved anew.",
    ),
    Rule(
        "unsigned-checkpoint",
        Severity.ERROR,
        "Nothing proves that anybody signed this checkpoint.",
        "Whoever can write to the bucket can exchange a checkpoint. Its bundle, <name>.sigstore.json beside it, must "
        "hold offline under a trusted root, a key or a certificate chain of the policy: certificate, log proof, "
        "timestamp and signature, each of them.",
        "model-verifier verify ./run-17 --policy deploy.toml\n  unsigned-checkpoint: there is no bundle "
        "'run-17.sigstore.json'",
        "Sign it where it was trained (model-verifier sign PATH) and copy the bundle beside it, or fetch both again.",
        fixed=True,
    ),
    Rule(
        "wrong-signer",
        Severity.ERROR,
        "The checkpoint was signed by somebody whom the policy does not name.",
        "Anybody can sign with an identity of their own; a workflow can be called from another repository or run in a "
        "fork. The issuer and the identity must be exactly those of one [[signers]] entry, and so must the forge's "
        "repository, owner, ref and trigger where the entry gives them.",
        "wrong-signer: found https://github.com/evil/train/…, expected https://github.com/acme/train/…",
        "Deploy what the expected pipeline signed. If the found signer is the right one, change [[signers]] after a "
        "review.",
        fixed=True,
    ),
    Rule(
        "wrong-checkpoint",
        Severity.ERROR,
        "The checkpoint is rightly signed, but it is not the one to be deployed.",
        "A bucket's owner can put back last year's checkpoint, or another model's by the same workflow: both are "
        "rightly signed. So the name, the age and, with --digest, the digest are compared with what is deployed; "
        "the time is the log's or a timestamp authority's.",
        "wrong-checkpoint: found acme/support-agent-eval, expected acme/support-agent",
        "Deploy the checkpoint that the policy names, sign a fresh one, or change [checkpoint] in the policy.",
        fixed=True,
    ),
    Rule(
        "missing-claim",
        Severity.ERROR,
        "A claim that the policy requires is not there, or does not count.",
        "Provenance, evaluations and scans reach the gate as signed statements about exactly these files. One that is "
        "missing, too old, about other files, signed by others or changed says nothing.",
        "missing-claim: no claim of the type https://acme.example/eval/v1 counts: there is https://slsa.dev/provenance/v1",
        "Have the tool's result signed: model-verifier attest PATH --type URI --predicate FILE; copy the claims beside "
        "the checkpoint.",
        fixed=True,
    ),
    Rule(
        "remote-code",
        Severity.ERROR,
        "The model brings code that trust_remote_code would run.",
        "transformers and diffusers run Python from a repository when auto_map, custom_pipelines, custom_generate "
        "or a Hub kernel asks for it. An entry such as org/repo--module.Class takes the code from another "
        "repository, at whatever it holds today; that can't be waived.",
        'config.json: "auto_map": {"AutoModel": "modeling.Model"}\n  remote-code: AutoModel is taken from '
        "modeling.Model",
        "Use a model whose architecture the library knows, or have the code reviewed and a dated waiver signed.",
        content=True,
    ),
    Rule(
        "pickle",
        Severity.ERROR,
        "The file bears a pickle, which can run any code when it is loaded.",
        "Unpickling calls whatever the file says: pytorch_model.bin, .pt, .joblib and object arrays of numpy are "
        "programs. What a file is is told by its content, not by its name.",
        "pickle: pytorch_model.bin is a PyTorch archive with a pickle in archive/data.pkl",
        "Use the approved safetensors twin; else convert it (torch.load in a sandbox, then "
        "safetensors.torch.save_file) and have the result approved; else ask for a dated waiver in the record.",
        content=True,
    ),
    Rule(
        "unsafe-pickle",
        Severity.ERROR,
        "A pickle names or does what data does not need.",
        "A pickle is a program: it imports by name and calls what it imported. What weights need is on a reviewed list "
        "of exact globals and uses; all else is refused, known as dangerous or not, since new ways to run code are "
        "found every month. Names that are computed, extension codes and calls of computed values hide what is done. "
        "A framework's own classes (sklearn, xgboost, …) are a list apart that a policy has to allow.",
        "unsafe-pickle: model.bin calls posix.system('true')\n"
        "  decompiled: from posix import system\n"
        "              _var0 = system('true')\n"
        "              result = _var0",
        "Do not load it. Use a safetensors file; or, where the publisher is trusted, convert it in a sandbox without "
        'network: python -c "import torch, safetensors.torch as s; '
        "s.save_file(torch.load('model.bin', weights_only=True), 'model.safetensors')\". Else waive it by a signed, "
        "dated record with the reason.",
        content=True,
    ),
    Rule(
        "unparsable-pickle",
        Severity.ERROR,
        "A pickle can't be followed as the unpickler would.",
        "Whatever stands before the place where a stream breaks has run by the time the loader notices; a payload "
        "before a broken stream is a known way past scanners (nullifAI, 2025). Opcodes that no pickler writes so are "
        "refused, too: unpicklers disagree about them.",
        "unparsable-pickle: model.bin can't be followed as a pickle: the stream ends before its STOP",
        "Ask the publisher for a whole file. A file that a well-known library wrote never looks like this.",
        content=True,
    ),
    Rule(
        "unsafe-archive",
        Severity.ERROR,
        "An archive says two things at once, or leads out of its directory.",
        "A zip has two lists of its members, and loaders choose differently: another name, size, flag or checksum in "
        "one of them hides a member from a scanner and not from the loader. A path with .., a link or a device writes "
        "where nobody looked.",
        "unsafe-archive: model.pt: the member 'archive/data.pkl' calls itself 'archive/other' in its own header",
        "Ask the publisher for an archive that their own library wrote.",
        content=True,
    ),
    Rule(
        "disguised-format",
        Severity.ERROR,
        "A file is another format than its name says, two formats at once, or a program under another name.",
        "Loaders choose by the name or by the content, and people by the name. What lies behind a file's end, or in "
        "the same bytes as another format, is read by one of them and seen by nobody: a zip is read from its end, a "
        "pickle from its beginning, and one file can be both. Files under another extension passed scanners that "
        "went by it (CVE-2025-1889 and CVE-2025-10155 in picklescan).",
        "disguised-format: tokenizer.json is no json file but pickle, told by its content",
        "Give the file its right name if it is what you want; else ask where it comes from.",
        content=True,
    ),
    Rule(
        "malformed-safetensors",
        Severity.ERROR,
        "A safetensors file is not what the format demands, or not what its index promises.",
        "Offsets that overlap or leave the file, bytes that no tensor owns, a tensor in another shard than the "
        "index says: loaders disagree about such files, and hidden bytes can be another format.",
        "malformed-safetensors: model-00001-of-00002.safetensors: 512 bytes at offset 4096 belong to no tensor",
        "Ask the publisher for a file that their own library wrote; save it again with safetensors after a review.",
        content=True,
    ),
    Rule(
        "writable-path",
        Severity.ERROR,
        "What exec verified can still be exchanged before COMMAND opens it.",
        "Between verifying and opening, whoever can write a file, or a directory on the way to it, can put other bytes "
        "there. What others than root and this user can write denies; what only this user can, and so COMMAND "
        "itself, warns. A read-only mount settles both.",
        "model-verifier exec acme/tiny --path /models/tiny -- python train.py\n  writable-path: /models can be written "
        "by others: its mode 0777 lets everybody write",
        "Mount the model's directory read-only; else let root own it and every directory above, writable by nobody "
        "else.",
        content=True,
    ),
    Rule(
        "template-injection",
        Severity.ERROR,
        "A chat template reaches for more than a conversation.",
        "Tokenizers and GGUF files carry Jinja templates, which are programs. One that walks from a text to its class "
        "and on to every module runs any command in a loader without a sandbox: llama-cpp-python did until 0.2.72 "
        "(CVE-2024-34359), and sandboxes have had holes. Ordinary templates read messages, tools and flags, and need "
        "no name that begins with an underscore, no name that is put together, and no other template.",
        "template-injection: tokenizer_config.json: chat_template walks to Python's own attribute '__globals__'",
        "Take the template from the publisher's original model, or pass your own when you load this one.",
        content=True,
    ),
    Rule(
        "unsafe-layer",
        Severity.ERROR,
        "A layer, an operator or a class that the model names runs code or touches the machine.",
        "Formats without pickles can name code, too. A Keras Lambda layer holds Python bytecode (CVE-2024-3660), and "
        "Keras's config.json could import any module (CVE-2025-1550); a TensorFlow graph can read and write files "
        "(ReadFile, WriteFile) or call Python (PyFunc); NeMo calls what stands under '_target_' (CVE-2025-23304); a "
        "YAML tag can construct anything. What only the loader's own author could have added is a warning, and what "
        "the format's library offers a note.",
        "unsafe-layer: config.json in model.keras: Lambda (lambda_1) runs Python code from the file when the model is "
        "loaded",
        "Ask for a model made of the library's own layers, or have the code reviewed and a dated waiver signed.",
        content=True,
    ),
    Rule(
        "external-data",
        Severity.ERROR,
        "A model takes bytes from a file outside its own directory.",
        "ONNX and HDF5 files can keep tensors in other files. A path that is absolute or climbs up makes a loader read "
        "any file of the machine as weights, from where it leaks through the model's answers (CVE-2022-25882 and "
        "CVE-2024-27318 in onnx).",
        "external-data: model.onnx takes bytes of 'w' from '../../../etc/passwd', which leads out of the model's "
        "directory",
        "Ask for a model whose external data lie beside it, or save it again with all tensors inside.",
        content=True,
    ),
    Rule(
        "incomplete-scan",
        Severity.ERROR,
        "The file's content could not be followed to its end.",
        "A file that is larger, deeper or stranger than what is read here may hide anything. Not having looked is "
        "not the same as having found nothing.",
        "incomplete-scan: config.json is not UTF-8",
        "Ask the publisher for a plain file, or have this one reviewed by hand and a dated waiver signed.",
        content=True,
    ),
    Rule(
        "trust-remote-code",
        Severity.ERROR,
        "Source switches on that a model's files may run code.",
        "With trust_remote_code transformers imports Python from the model's repository, at whatever it holds when it "
        "is loaded; custom_pipeline and a kernel from the Hub do the same. An approved digest covers that code only "
        "where a person reviewed it. weights_only=False, which unpickles a file, is reported as a warning.",
        "src/train.py:12: AutoModel.from_pretrained(..., trust_remote_code=True)\n  trust-remote-code: lets the "
        "model's repository run its own Python here",
        "Use an architecture that the library has built in. Where the code was reviewed, add an exception with owner, "
        "reason and end to the policy on the target branch.",
        content=True,
    ),
    Rule(
        "unresolved-reference",
        Severity.WARNING,
        "Source names a model in a way that can't be followed.",
        "A name that comes from a parameter, a file or the environment is known only when the program runs. The gate "
        "does not guess: it says where it could not see, and 'verify' or 'exec' must look at the bytes there.",
        "src/serve.py:30: from_pretrained(name)\n  unresolved-reference: name is a parameter without a default",
        "Name the model by a literal or a constant, or verify it where it is loaded (model-verifier exec).",
    ),
    Rule(
        "new-suppression",
        Severity.ERROR,
        "The change adds the suppression that it needs itself.",
        "A comment '# model-verifier: ignore[rule] reason' silences a warning beside it. Whoever adds a model could "
        "add the comment, too, so one that comes with the change is refused until somebody else has let it in.",
        "src/train.py:12: # model-verifier: ignore[unresolved-reference] legacy\n  new-suppression: the change adds "
        "a suppression of unresolved-reference",
        "Remove it; or put an exception with owner, reason and end into the policy on the target branch, in a change "
        "of its own.",
    ),
)

RULES = {rule.id: rule for rule in _RULES}
"""Every rule by its id."""
