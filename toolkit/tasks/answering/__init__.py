"""Answering questions by passages of texts."""
