"""The command line: one module a group of commands, thin over the other rooms."""
