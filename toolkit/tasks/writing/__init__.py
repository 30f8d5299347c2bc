"""Writing a text from another: training, decoding and scores."""
