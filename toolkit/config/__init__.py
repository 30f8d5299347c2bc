"""From YAML files and command lines to checked, plain arguments."""
