"""In-memory stand-ins for the outside services that tests talk to."""
