"""`python -I -m verifier`: what actions, hooks and images run."""

from verifier.cli import main

main()
