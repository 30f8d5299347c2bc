"""Runs beside each other: what differs, what came of it, and pictures of both."""
