"""A run's network in the forms that other programs read."""
