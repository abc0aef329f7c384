"""The tests of the house; tests/servers/ starts the real peers that they talk to."""
