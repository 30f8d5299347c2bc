"""The command line: verbs, and Hydra's syntax for everything else."""
