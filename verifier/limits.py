"""Every limit in one place: what is read, how much of it, and for how long it counts."""

from datetime import timedelta

KIB = 1024
MIB = 1024 * KIB

# Documents, capped before they are read.
MAX_HEAD = 32 * MIB
MAX_RECORD = 4 * MIB
MAX_TRUST = 1 * MIB
MAX_ROOT = 1 * MIB
MAX_REVOCATION = 1 * MIB
MAX_BUNDLE = 64 * KIB
MAX_LOCK = 64 * MIB
MAX_POLICY = 1 * MIB
MAX_HUB_ANSWER = 64 * MIB
MAX_TRUST_CONFIG = 4 * MIB
MAX_TOKEN = 64 * KIB

# Signing: seconds for one request, and how often it is tried again.
SIGSTORE_TIMEOUT = 30
SIGSTORE_TRIES = 2

# The registry's shape.
MAX_TRUST_FILES = 1_000
MAX_REVOCATION_FILES = 10_000
MAX_REQUIRED = 64
MAX_ALIAS_RECORDS = 200
CLOCK_SKEW = timedelta(minutes=5)
EXPIRY_NOTICE = timedelta(days=30)
WAIVER_NOTICE = timedelta(days=14)
MAX_BASELINE = timedelta(days=90)

# A checkpoint. A signature of 100,000 files is some 20 MB.
MAX_CHECKPOINT_BUNDLE = 32 * MIB
MAX_CLAIMS = 64 * MIB
MAX_CLAIM_LINES = 1_000
MAX_PREDICATE = 8 * MIB
MAX_TAR_RECORDS = 1 * MIB
# Weights hardly compress; what unpacks to more than this beside its compressed size is a bomb.
TARBALL_MAX_RATIO = 100
TARBALL_MIN_UNPACKED = 256 * MIB

# A snapshot.
MAX_SNAPSHOT_ENTRIES = 100_000
MAX_SNAPSHOT_DEPTH = 32
MAX_HUB_METADATA = 64 * KIB
READ_BUFFER = 1 * MIB

# Formats. 100 MB is the safetensors library's own limit; a header beyond ours is not followed.
SAFETENSORS_MAX_HEADER = 100_000_000
MAX_SAFETENSORS_HEADER = 32 * MIB
MAX_CONFIG = 4 * MIB
MAX_SCHEMA = 8 * MIB
MAX_TEXT = 512 * MIB
MAX_INDEX = 32 * MIB
MAX_ARCHIVE_HEADER = 4 * MIB
MAX_ARCHIVE_MEMBERS = 100_000
MAX_ARRAY_HEADER = 64 * KIB
FORMAT_WINDOW = 64 * KIB
MAX_PROTOBUF_FIELDS = 1_000_000
MAX_GGUF_VALUES = 3_000_000
MAX_GGUF_TENSORS = 100_000
MAX_TEMPLATE = 128 * KIB
MAX_TEMPLATES = 100
MAX_YAML = 512 * KIB
MAX_YAML_EVENTS = 100_000
MAX_YAML_DEPTH = 64
MAX_TORCHSCRIPT = 4 * MIB
MAX_MSGPACK_VALUES = 2_000_000
MAX_OPERATIONS = 1_000

# What following one file may cost. Work is counted, so that the same file gives the same answer everywhere; the
# time is a last resort.
MAX_NESTING = 12
MAX_RATIO = 100
MIN_INFLATED = 128 * MIB
MAX_INFLATED = 64 * 1024 * MIB
MIN_OPCODES = 16_000_000
MAX_STACK = 4_000_000
MAX_USES = 10_000
MIN_ACTS = 500_000
MAX_STREAMS = 10_000
MAX_LITERAL = 4 * KIB
MAX_TUPLE = 2**30  # values, those in inner tuples each time; Python takes ten seconds to hash as many
SCAN_SECONDS = 30
SCAN_BYTES_PER_SECOND = 2 * MIB
SPOOL_IN_MEMORY = 8 * MIB

# A report.
MAX_FINDINGS_PER_CHECK = 1_000
MAX_EXPLAINED = 20
MAX_DECOMPILED = 1 * MIB
MAX_DECOMPILED_LINES = 12
MAX_DECOMPILED_LINE = 160
MAX_FINDINGS_IN_TEXT = 5
MAX_FINDINGS_IN_LOG = 20
MAX_TERMINATION_MESSAGE = 4 * KIB  # what Kubernetes reads

# What GitHub shows: annotations a step, bytes of a job's summary, characters of a comment.
MAX_ANNOTATIONS = 10
MAX_JOB_SUMMARY = 1 * MIB
MAX_COMMENT = 60_000

# Source of a change.
MAX_SOURCE = 64 * MIB
MAX_NOTES_SHOWN = 10
