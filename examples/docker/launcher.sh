#!/bin/sh
# Starts the interpreter beside it, isolated (-I): neither the working directory, nor PYTHONPATH, nor a user's
# site-packages can put code in its way.
exec "$(dirname -- "$(readlink -f -- "$0")")/../python/bin/python3" -I -m verifier "$@"
