"""``prepare``: a data set in sharded files, from which it is streamed."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.cli.cores import cores
from toolkit.config.compose import compose, config_loader
from toolkit.config.validate import check
from toolkit.data.files.named_files import missing_files
from toolkit.errors import Refused
from toolkit.quiet import start_tensorflow
from toolkit.types import PositiveInt


def prepare(
    *,
    overrides: Sequence[str] = (),
    output: str,
    workers: PositiveInt | None = None,
    sample: PositiveInt = 64,
    shard_size: PositiveInt = 64,
    config_dir: str | None = None,
    config_name: str = "config",
) -> None:
    """Write a data set as sharded files, to train from with ``data=records``: larger than memory.

    ``prepare data=text_folder data.root=FOLDER data.tokenizer=bpe output=SHARDS``, then
    ``model=gpt data=records data.root=SHARDS``. Text (``text``, ``text_folder``) is read in pieces
    and tokenized by several processes; other data is loaded and written as it is. Stopped at any
    moment, the same command goes on with the shards that are not done.

    Shards are TFRecord files of ``tf.train.Example``, with a file of offsets and a manifest.

    Args:
        overrides: The configuration, as for train: the data set and its options; a model and a task
            where they choose the tokenizer.
        output: Folder to write to; new, or one that this command was stopped in.
        workers: Processes that work side by side; null: one for each core.
        sample: MiB of training text, spread evenly (of gzipped files their beginnings), from which
            words or pieces of words are learned: that much is held in memory, several times over.
        shard_size: MiB of text, or of examples, in each shard. A process works on a shard at a
            time; a gzipped file is never divided.
        config_dir: A folder of configuration files of yours, as Hydra's ``--config-dir``.
        config_name: The primary file.
    """
    settings = check(compose(config_loader(config_dir), config_name, overrides))
    data = settings["data"]
    if data["name"] == "records":
        raise Refused("data=records: is prepared already; name the data set that it is made from.")
    if faults := missing_files(data):
        raise Refused(*faults)
    start_tensorflow()
    from toolkit.training.parts import suited
    from toolkit.training.preparing import prepare as work

    chosen = suited(data, settings["task"], settings["model"])
    work(
        chosen,
        output,
        seed=settings["seed"],
        workers=workers or cores(),
        sample=sample,
        shard_size=shard_size,
    )
