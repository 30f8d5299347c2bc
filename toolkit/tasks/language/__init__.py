"""Predicting the next token."""
