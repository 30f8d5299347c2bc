"""Texts as streams of words, characters or pieces of words, for language models."""
