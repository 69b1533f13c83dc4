"""The adapter to Sigstore: the only importer of sigstore, cryptography and their kin. Import its parts late."""
