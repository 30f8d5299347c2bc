"""What happens around the steps of ``fit``."""
