"""What a checkpoint is signed as, what lies beside it, and how a tarball is packed, read and unpacked."""
