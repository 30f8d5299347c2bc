"""Tokenizers of pieces of words in TensorFlow operations, and in a SavedModel."""

from __future__ import annotations

import json
import subprocess
import sys
from pydoc_data.topics import topics

import numpy as np
import pytest
import yaml

from toolkit.data.spec import Field, Spec
from toolkit.data.subwords import SubwordEncoder, Subwords
from toolkit.training.export.export import export
from toolkit.training.export.samples import TEXTS
from toolkit.training.export.subword_graph import SubwordGraph

HELP = [line for name in ("if", "for", "class") for line in topics[name].split("\n") if line]
ENGLISH = [*HELP, *(text for text in TEXTS if text.strip())]
BLANKS = ["  a   b ", "a \n\n  b", "\n\na", "x" * 100 + " " + "é" * 101, "a.b,c", "İ Σ ΣΑΣ"]
KINDS = ("wordpiece", "bpe", "sentencepiece")


@pytest.fixture(scope="module")
def tokenizers() -> dict[tuple[str, bool], Subwords]:
    """One of each kind, in small letters or not."""
    made = {}
    for lower in (True, False):
        made |= {
            (kind, lower): Subwords.train(kind, ENGLISH, 400, lower=lower)[0]
            for kind in ("bpe", "sentencepiece")
        }
        pieces = sorted({c for text in ENGLISH for c in text if not c.isspace()})
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "blank", "##s", "##e"]
        words += [*pieces, *(f"##{c}" for c in "abcdefghijklmnop"), "qqq", "##qq"]
        special = {"pad": 0, "unknown": 1, "start": 2, "end": 3, "mask": 4}
        vocabulary = tuple(dict.fromkeys(words))
        made["wordpiece", lower] = Subwords(
            "wordpiece", vocabulary, special, lower, strip_accents=lower
        )
    return made


def assert_same(encoder: SubwordEncoder, texts: list[str], seconds: list[str] | None = None):
    import tensorflow as tf

    given = texts if seconds is None else list(zip(texts, seconds, strict=True))
    rows = encoder.encode(given).arrays["tokens"]
    graph = tf.function(SubwordGraph(encoder))
    found = graph(tf.constant(texts), None if seconds is None else tf.constant(seconds)).to_list()
    for i, text in enumerate(given):
        begin = [] if encoder.begin is None else [encoder.begin]
        assert found[i] == (rows[i].tolist() or begin), repr(text)


@pytest.mark.parametrize(
    ("kind", "lower"), [*((kind, True) for kind in KINDS), ("wordpiece", False)]
)
def test_hard_texts_and_pairs(tokenizers, kind, lower):
    tokenizer = tokenizers[kind, lower]
    texts = [*TEXTS, *BLANKS]
    assert_same(SubwordEncoder(tokenizer), texts)
    for most in (None, 8) if kind == "bpe" else (9,):
        assert_same(SubwordEncoder(tokenizer, most), texts, texts[::-1])


@pytest.mark.parametrize("kind", KINDS)
def test_streams(tokenizers, kind):
    texts = [*TEXTS, *BLANKS]
    for most, lines in ((None, True), (3, False)):
        assert_same(SubwordEncoder(tokenizers[kind, False], most, False, lines, 5), texts)


def test_other_order_of_special_tokens(tokenizers):
    """XLM-RoBERTa's ids are not those of its SentencePiece model."""
    import base64
    from pathlib import Path

    from toolkit.data.subwords.families import sentencepiece

    model = base64.b64decode(tokenizers["sentencepiece", False].proto)
    tokenizer = sentencepiece(model, "XLMRobertaTokenizer", Path("model"))
    assert tokenizer.vocabulary[:4] == ("<s>", "<pad>", "</s>", "<unk>")
    assert_same(SubwordEncoder(tokenizer), TEXTS[3:])


def run_with(folder, tokenizer: Subwords, task: str):
    """A run with a small network that has learned nothing."""
    import keras

    from toolkit.tasks import TASKS
    from toolkit.training.assemble import assemble
    from toolkit.training.parts import make
    from toolkit.training.run_folder import RunFolder
    from toolkit.training.saved_spec import write_spec

    special = dict(tokenizer.special)
    tokens = Field("tokens", (None,), "int32", tokenizer.vocabulary, special=special)
    if task == "classification":
        target = {"label": Field("label", (), "int32", classes=("no", "yes"))}
        encoder, body = SubwordEncoder(tokenizer, 12), [{"conv": {"filters": [6], "kernel": 3}}]
    else:
        target = {"next": Field("next", (None,), "int32", tokenizer.vocabulary, special=special)}
        begin = tokenizer.special["end"]
        encoder = SubwordEncoder(tokenizer, framed=False, begin=begin)
        body = [{"recurrent": {"cell": "gru", "units": 6}}]
    spec = Spec({"tokens": tokens}, target)
    model = {"stem": {"tokens": {"units": 6}}, "body": body}
    config = {"model": model, "task": {"name": task}, "data": {"name": "text"}, "trainer": {}}
    keras.utils.set_random_seed(0)
    network = assemble(model, spec, make(TASKS, config["task"]), batch_size=2)
    run = RunFolder.create(folder / task)
    run.config.write_text(yaml.safe_dump(config))
    write_spec(run, spec, encoder)
    network.inference.save(run.model)
    return run.path, network.inference, encoder


def test_a_stranger_reads_texts_and_pairs(tokenizers, tmp_path):
    run, network, encoder = run_with(tmp_path, tokenizers["wordpiece", True], "classification")
    place = export(run=str(run), output=str(tmp_path / "out"))
    about = json.loads((place / "signature.json").read_text())
    assert about["needs"] == ["tensorflow", "tensorflow_text"]
    assert about["tokenization"]["special"]["end"] == 3
    texts, seconds = ["The DOG don't.", "😀 שלום [SEP]", ""], ["a", "the blanks", "no"]
    code = (
        "import sys, json, tensorflow as tf, tensorflow_text\n"
        f"held = tf.saved_model.load({str(place / '1')!r}).signatures\n"
        f"texts, seconds = tf.constant({texts!r}), tf.constant({seconds!r})\n"
        "one = held['serving_default'](text=texts)['probabilities'].numpy().tolist()\n"
        "two = held['pairs'](text=texts, second=seconds)['probabilities'].numpy().tolist()\n"
        "print(json.dumps([one, two, 'toolkit' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    one, two, ours = json.loads(done.stdout)
    pairs = list(zip(texts, seconds, strict=True))
    for found, given in ((one, texts), (two, pairs)):
        rows = encoder.encode(given).arrays["tokens"]
        padded = np.zeros((3, rows.lengths.max()), "int32")
        for i in range(3):
            padded[i, : rows.lengths[i]] = rows[i]
        np.testing.assert_allclose(found, np.asarray(network(padded)), rtol=1e-4)
    assert not ours


def test_bytes_need_nothing_but_tensorflow(tokenizers, tmp_path):
    import tensorflow as tf

    tokenizer = tokenizers["bpe", False]
    run, network, encoder = run_with(tmp_path, tokenizer, "language_modelling")
    place = export(run=str(run), output=str(tmp_path / "out"))
    assert json.loads((place / "signature.json").read_text())["needs"] == ["tensorflow"]
    out = tf.saved_model.load(str(place / "1")).signatures["serving_default"](
        text=tf.constant(["do n't 😀", ""])
    )
    rows = [encoder.encode(["do n't 😀"]).arrays["tokens"][0], np.array([2])]
    expected = [np.asarray(network(row[None]))[0, -1] for row in rows]
    np.testing.assert_allclose(out["logits"], expected, rtol=1e-4, atol=1e-6)
    import tokenizers as hf

    opened = hf.Tokenizer.from_file(str(place / "tokenizer.json"))
    assert opened.encode("do n't 😀").ids == rows[0].tolist()
