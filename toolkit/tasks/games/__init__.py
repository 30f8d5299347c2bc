"""Networks that play against each other: GANs of images and of texts, and translation of images."""
