"""Downloads against a server on loopback."""

from __future__ import annotations

import errno
import gzip
import hashlib
import importlib.util
import io
import multiprocessing
import os
import shutil
import socket
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from toolkit.data.files import sources
from toolkit.data.files.archives import extract
from toolkit.data.files.download import fetch, fetch_members, verify_recorded
from toolkit.data.files.sources import Download, Source, locate
from toolkit.errors import Refused

_spec = importlib.util.spec_from_file_location("server", Path(__file__).with_name("server.py"))
_server = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_server)

BODY = bytes(range(256)) * 4000
HASH = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def site():
    with _server.serve() as site:
        site.files["/a.bin"] = BODY
        yield site


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "toolkit"


def quiet(line: str) -> None:
    pass


def test_fetches_and_leaves_nothing_else(site, tmp_path):
    path = fetch([f"{site.url}/a.bin"], tmp_path / "in" / "a.bin", HASH)
    assert path.read_bytes() == BODY
    assert sorted(p.name for p in path.parent.iterdir() if p.suffix != ".lock") == [
        "a.bin",
        "a.bin.sha256",
    ]


def test_resumes_a_cut_connection_from_the_byte_where_it_broke(site, tmp_path):
    site.cut["/a.bin"] = [300_000, 200_000]
    fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", HASH, say=quiet)
    assert [asked for _, asked in site.requests] == [None, "bytes=300000-", "bytes=500000-"]


def test_resumes_in_a_later_run(site, tmp_path):
    site.cut["/a.bin"] = [300_000]
    with pytest.raises(Refused, match=r"cut after 300,000 of 1,024,000 bytes \(tried 1 times\)"):
        site.status["/b.bin"] = 404
        # the first try got bytes and so does not count; the next ones get none
        site.cut["/a.bin"] += [0]
        fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", HASH, tries=1, say=quiet)
    assert not (tmp_path / "a.bin").exists()
    fetch([f"{site.url}/b.bin", f"{site.url}/a.bin"], tmp_path / "a.bin", HASH, say=quiet)
    assert site.requests[-1] == ("/a.bin", "bytes=300000-")
    assert len([path for path, _ in site.requests if path == "/b.bin"]) == 0


def test_starts_afresh_where_the_file_has_changed_or_ranges_are_ignored(site, tmp_path):
    site.cut["/a.bin"] = [300_000, 0]
    with pytest.raises(Refused):
        fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", tries=1, say=quiet)
    site.files["/a.bin"], site.tags["/a.bin"] = BODY[::-1], '"two"'
    assert fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", say=quiet).read_bytes() == BODY[::-1]
    site.ranges = False
    site.cut["/a.bin"] = [300_000]
    assert fetch([f"{site.url}/a.bin"], tmp_path / "b.bin", say=quiet).read_bytes() == BODY[::-1]


def test_a_part_that_is_longer_than_the_file_is_dropped(site, tmp_path):
    site.cut["/a.bin"] = [300_000, 0]
    with pytest.raises(Refused):
        fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", tries=1, say=quiet)
    site.files["/a.bin"] = BODY[:1000]
    assert fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", say=quiet).read_bytes() == BODY[:1000]


def test_next_mirror_where_one_has_nothing_or_something_else(site, tmp_path):
    site.files |= {"/wrong": b"x" * 100, "/page": b"<html>"}
    site.types["/page"] = "text/html"
    urls = [f"{site.url}/{name}" for name in ("none", "wrong", "page", "a.bin")]
    assert fetch(urls, tmp_path / "a.bin", HASH, say=quiet).read_bytes() == BODY


def test_says_why_each_mirror_failed_and_what_to_do(site, tmp_path):
    site.files |= {"/wrong": b"x" * 100, "/page": b"<html>"}
    site.types["/page"] = "text/html"
    urls = [f"{site.url}/{name}" for name in ("none", "wrong", "page")]
    with pytest.raises(Refused) as refused:
        fetch(urls, tmp_path / "a.bin", HASH, say=quiet)
    found = hashlib.sha256(b"x" * 100).hexdigest()
    assert str(refused.value) == (
        f"Could not download a.bin. {urls[0]}: HTTP 404 Not Found. {urls[1]}: wrong contents: "
        f"sha256 of a.bin is {found}, not {HASH}. {urls[2]}: answered with a web page in place of "
        f"the file. By hand: fetch it from one of these addresses and put it into '{tmp_path}'."
    )
    assert not (tmp_path / "a.bin").exists()


def test_server_errors_are_tried_again(site, tmp_path):
    site.status["/a.bin"] = 503
    with pytest.raises(Refused, match=r"HTTP 503 Service Unavailable \(tried 2 times\)"):
        fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", tries=2, say=quiet)
    assert len(site.requests) == 2


def test_no_network(tmp_path, monkeypatch):
    def no_host(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_host)
    with pytest.raises(Refused, match="no network, or no such host"):
        fetch(["http://data.invalid/a.bin"], tmp_path / "a.bin", say=quiet)


def test_nobody_listens_and_nobody_answers(site, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Refused, match=r"no connection \(.*refused\) \(tried 1 times\)"):
        fetch([f"http://127.0.0.1:{port}/a"], tmp_path / "a", tries=1, say=quiet)
    site.delay.clear()
    with pytest.raises(Refused, match="timed out"):
        fetch([f"{site.url}/a.bin"], tmp_path / "a", tries=1, timeout=0.3, say=quiet)


def test_first_checksum_is_recorded_said_and_held_to(site, tmp_path):
    said = []
    path = fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", say=said.append)
    record = tmp_path / "a.bin.sha256"
    assert record.read_text() == f"{HASH}  a.bin\n"
    assert f"a.bin: no published sha256 is known; recorded in {record}" in said
    path.write_bytes(b"edited")
    with pytest.raises(Refused, match=r"changed since it was downloaded .* Delete a.bin to fetch"):
        verify_recorded(path)
    path.unlink()
    site.files["/a.bin"] = b"something else"
    with pytest.raises(Refused, match=r"wrong contents.*delete that if upstream has changed"):
        fetch([f"{site.url}/a.bin"], path, say=quiet)


def test_full_disk_before_and_while_writing(site, tmp_path, monkeypatch):
    full = f"disk full: no room for the download in '{tmp_path}'. Free some, or name another"
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 0, 10))
        with pytest.raises(Refused, match=full):
            fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", say=quiet)

    def full_disk(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(Refused, match=full):
        fetch([f"{site.url}/a.bin"], tmp_path / "a.bin", say=quiet)
    assert not (tmp_path / "a.bin").exists()


def test_a_folder_that_cannot_be_made(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match=r"cannot write to '.*file': (Not a directory|File exists)"):
        fetch([f"{site.url}/a.bin"], tmp_path / "file" / "a.bin", say=quiet)


def test_two_threads_at_once_fetch_once(site, tmp_path):
    site.delay.clear()
    said = []
    threads = [
        threading.Thread(
            target=fetch, args=([f"{site.url}/a.bin"], tmp_path / "a.bin", HASH), kwargs={"say": s}
        )
        for s in (quiet, said.append)
    ]
    threads[0].start()
    while not site.requests:
        pass
    threads[1].start()
    while not said:
        pass
    site.delay.set()
    for thread in threads:
        thread.join(20)
    assert said == ["a.bin: another process is fetching it; waiting"]
    assert len(site.requests) == 1


def test_two_processes_at_once_fetch_once(site, tmp_path):
    context = multiprocessing.get_context("spawn")
    job = (([f"{site.url}/a.bin"], tmp_path / "a.bin", HASH), {"say": quiet})
    workers = [context.Process(target=fetch, args=job[0]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(site.requests) == 1


def tar_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_members_are_checked_and_the_archive_goes(site, tmp_path, pack):
    site.files["/x"] = pack({"./d/a.txt": b"one", "d/b.txt": b"two", "../evil": b"no"})
    right = {"a.txt": hashlib.sha256(b"one").hexdigest()}
    members = {"a.txt": "d/a.txt", "b.txt": "d/b.txt"}
    folder = tmp_path / "to"
    fetch_members([f"{site.url}/x"], folder, members, sha256=right, say=quiet)
    assert (folder / "a.txt").read_bytes() == b"one"
    names = {p.name for p in folder.iterdir() if p.suffix != ".lock"}
    assert names == {"a.txt", "b.txt", "a.txt.sha256", "b.txt.sha256"}
    assert not (tmp_path / "evil").exists()
    (folder / "a.txt").unlink()
    with pytest.raises(Refused, match="wrong contents: sha256 of a.txt"):
        fetch_members([f"{site.url}/x"], folder, members, sha256={"a.txt": "0" * 64}, say=quiet)
    assert not (folder / "a.txt").exists()


def test_damaged_archives_are_named(tmp_path):
    for data in (tar_of({"a": BODY})[:-500], zip_of({"a": BODY})[:-500], gzip.compress(BODY)[:-99]):
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(Refused, match=r"x: a damaged or truncated archive \(.*Delete it"):
            extract(tmp_path / "x", {"a": "a"}, tmp_path)
    (tmp_path / "x").write_bytes(b"<html> sorry")
    with pytest.raises(Refused, match="neither tar, zip nor gzip; it starts with b'<html> sorry'"):
        extract(tmp_path / "x", {"a": "a"}, tmp_path)
    (tmp_path / "x").write_bytes(tar_of({"a": b"1"}))
    with pytest.raises(Refused, match="x: holds no file b"):
        extract(tmp_path / "x", {"b": "b"}, tmp_path)


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as tar:
        info = tarfile.TarInfo("a")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(Refused, match="holds no file a"):
        extract(tmp_path / "x.tgz", {"a": "a"}, tmp_path)


@pytest.fixture
def toy(site, monkeypatch):
    """A source on the loopback server."""
    site.files["/toy.tgz"] = tar_of({"toy/a.txt": b"one"})
    site.files["/b.txt"] = b"two"
    source = Source(
        ("toy",),
        (
            Download((f"{site.url}/toy.tgz",), {"a.txt": "toy/a.txt"}),
            Download((f"{site.url}/b.txt",), {"b.txt": None}),
        ),
        {},
        extra=("c.txt",),
    )
    monkeypatch.setitem(sources.SOURCES, "toy", source)
    return source


def test_locate_downloads_into_the_root_what_is_missing(site, toy, tmp_path, cache):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "b.txt.gz").write_bytes(gzip.compress(b"mine"))
    found = locate("toy", tmp_path)
    assert found == {"a.txt": tmp_path / "toy/a.txt", "b.txt": tmp_path / "toy/b.txt.gz"}
    assert [path for path, _ in site.requests] == ["/toy.tgz"]
    assert not cache.exists()


def test_locate_without_root_or_with_a_closed_one_uses_the_cache(site, toy, tmp_path, cache):
    root = tmp_path / "closed"
    root.mkdir()
    root.chmod(0o555)
    assert locate("toy", root)["a.txt"] == cache / "toy" / "a.txt"
    assert locate("toy")["a.txt"] == cache / "toy" / "a.txt"
    assert len(site.requests) == 2
    (cache / "toy" / "a.txt").write_text("damaged")
    with pytest.raises(Refused, match="changed since it was downloaded"):
        locate("toy")


def test_locate_takes_an_archive_that_was_fetched_by_hand(site, toy, tmp_path):
    (tmp_path / "toy.tgz").write_bytes(site.files["/toy.tgz"])
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "b.txt").write_text("two")
    assert locate("toy", tmp_path)["a.txt"].read_text() == "one"
    assert site.requests == []


def test_locate_says_what_was_looked_for_and_where(site, toy, tmp_path, cache):
    site.files.clear()
    with pytest.raises(Refused) as refused:
        locate("toy", tmp_path)
    first, second = refused.value.faults
    assert first == (
        f"data=toy: no a.txt (plain or .gz) in '{tmp_path / 'toy'}' or '{cache / 'toy'}'. Connect "
        "to the network, or name the folder that holds them with data.root=FOLDER."
    )
    assert second.startswith(f"Could not download toy.tgz. {site.url}/toy.tgz: HTTP 404 Not Found.")


def test_locate_refuses_a_root_that_is_no_folder(tmp_path):
    with pytest.raises(Refused, match=r"data.root: '.*nowhere' does not exist; expected"):
        locate("ptb", tmp_path / "nowhere")


def test_sources_hold_the_checksums_of_the_files_at_hand(data_root):
    from toolkit.data.files.finding import sha256

    for name, source in sources.SOURCES.items():
        for path in sources.find_all(name, data_root).values():
            if path.name in source.sha256:
                assert sha256(path) == source.sha256[path.name], path
