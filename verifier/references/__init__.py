"""Where source code names a model: one file a language, all of them pure over a file's bytes.

Nothing here runs, imports or loads what it reads, and nothing here judges: the gate does, with a policy. The search
itself is in `find`, which every other command does without.
"""

from __future__ import annotations

from verifier.references.mention import FileMentions, Mention, NoProject, Note, Pragma, Project

__all__ = ["FileMentions", "Mention", "NoProject", "Note", "Pragma", "Project"]
