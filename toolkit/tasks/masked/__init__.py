"""Pretraining encoders: hidden tokens, replaced tokens, and pairs of sentences."""
