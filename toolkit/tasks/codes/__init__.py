"""Autoencoders, plain, denoising and variational, and what their codes are worth."""
