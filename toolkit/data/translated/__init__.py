"""Texts and what is to be written of them: translations and summaries."""
