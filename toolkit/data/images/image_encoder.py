"""From picture files to what an image network reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.data.images import pictures
from toolkit.data.spec import Split
from toolkit.errors import Refused


@dataclass(frozen=True)
class ImageEncoder:
    """Turns picture files that a user gives into a Split, for ``predict``.

    Attributes:
        size: Height and width in pixels.
        channels: 1 for grey, 3 for colour.
        resize: What happens to pictures of another size: ``stretch``, ``pad`` or ``crop``.
        palette: Where the pictures are label maps, the colour of each class. Files may hold these
            colours or the classes' numbers; none of their pixels are blended.
    """

    size: tuple[int, int]
    channels: int
    resize: pictures.Resize = "stretch"
    palette: pictures.Palette | None = None

    def encode(self, paths: Sequence[str | os.PathLike[str]]) -> Split:
        """Return the pictures as examples, in order; they are decoded when a batch is made.

        Raises:
            Refused: If there is none, or a file is no picture; every such file is named.
        """
        if not len(paths):
            raise Refused(f"input: no picture; expected {', '.join(pictures.ENDINGS)} files.")
        pictures.refuse(pictures.faults(paths), "input: leave these files out.")
        decode = pictures.decoder(self.size, self.channels, self.resize, self.palette)
        return Split({"image": pictures.as_array(paths)}, decode)

    def decoder_of_bytes(self) -> Callable[[Any], Any]:
        """Return a function from a file's bytes, a scalar string tensor, to pixels."""
        return pictures.decoder_of_bytes(self.size, self.channels, self.resize, self.palette)

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` needs."""
        saved = {"size": list(self.size), "channels": self.channels, "resize": self.resize}
        return saved if self.palette is None else {**saved, "palette": list(self.palette)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> ImageEncoder:
        """Return the encoder that :meth:`to_json` described."""
        height, width = saved["size"]
        palette = saved.get("palette")
        colours = None if palette is None else tuple(map(tuple, palette))
        return cls((height, width), saved["channels"], saved["resize"], colours)
