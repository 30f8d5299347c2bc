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
from toolkit.data.texts.words import Words
from toolkit.data.translated.writing_encoder import WritingEncoder
from toolkit.training.export.export import export
from toolkit.training.export.samples import TEXTS
from toolkit.training.export.subword_graph import SubwordGraph
from toolkit.training.export.written_graph import WrittenGraph, graph_of_read

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


def run_with(folder, tokenizer: Subwords, task: str, body: list[dict] | None = None):
    """A run with a small network, of these blocks or others, that has learned nothing."""
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
        encoder = SubwordEncoder(tokenizer, 12)
        body = body or [{"conv": {"filters": [6], "kernel": 3}}]
    else:
        target = {"next": Field("next", (None,), "int32", tokenizer.vocabulary, special=special)}
        begin = tokenizer.special["end"]
        encoder = SubwordEncoder(tokenizer, framed=False, begin=begin)
        body = [{"recurrent": {"cell": "gru", "units": 6}}]
    spec = Spec({"tokens": tokens}, target)
    stem = {} if "backbone" in body[0] else {"stem": {"tokens": {"units": 6}}}
    model = {**stem, "body": body}
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


SMALL = {"layers": 1, "units": 8, "heads": 2, "intermediate": 8, "positions": 16, "dropout": 0.0}
LEFT_OPEN = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""KerasHub opens a SentencePiece model and leaves it to the garbage collector."""
PLAIN = ["The dog's blanks, DOGS", "NAÏVE Été 42", "for the class if"]


def preset_of(folder, family: str, tokenizer: Subwords):
    """A run's encoder, where it is exported, and the run's network and own ids of texts."""
    import keras

    body = [{"backbone": {"family": family, **SMALL}}]
    run, network, _ = run_with(folder, tokenizer, "classification", body)
    place = export(run=str(run), format="preset", output=str(folder / "out"))
    stages = [x for x in network.layers if x.name.endswith(("_layer_0", "_inner_layer_0"))]
    features = keras.Model(network.input, stages[-1].output)
    return place, features, [row.tolist() for row in tokenizer.ids(PLAIN)]


@LEFT_OPEN
@pytest.mark.parametrize(
    ("family", "kind", "lower", "first"),
    [
        ("bert", "wordpiece", True, "[PAD]"),
        ("roberta", "bpe", False, "<s>"),
        ("albert", "sentencepiece", True, "<pad>"),
        ("deberta", "sentencepiece", False, "[PAD]"),
        ("xlm_roberta", "sentencepiece", False, "<s>"),
        ("xlm_roberta", "sentencepiece", True, "<s>"),
    ],
)
def test_a_preset_reads_texts_as_the_run_does(tokenizers, tmp_path, family, kind, lower, first):
    import keras_hub

    tokenizer = tokenizers[kind, lower]
    place, ours, ids = preset_of(tmp_path, family, tokenizer)
    theirs = keras_hub.tokenizers.Tokenizer.from_preset(str(place))
    backbone = keras_hub.models.Backbone.from_preset(str(place))
    assert theirs.id_to_token(0) == first and theirs.vocabulary_size() == len(tokenizer)
    vocabulary = json.loads((place / "vocabulary.json").read_text())
    start, end = tokenizer.special["start"], tokenizer.special["end"]
    for text, row in zip(PLAIN, ids, strict=True):
        found = np.asarray(theirs(text)).tolist()
        assert [vocabulary[i] for i in found] == [tokenizer.vocabulary[i] for i in row]
        whole = np.array([[theirs.start_token_id, *found, theirs.end_token_id]])[:, :16]
        given = {"token_ids": whole, "padding_mask": np.ones_like(whole)}
        given["segment_ids"] = np.zeros_like(whole)
        made = backbone({name: given[name] for name in backbone.input})
        made = made["sequence_output"] if isinstance(made, dict) else made
        expected = ours(np.array([[start, *row, end]])[:, :16])
        np.testing.assert_allclose(made, expected, atol=1e-4)
    again = Subwords.open(str(place))
    assert again.special == {
        k: vocabulary.index(tokenizer.vocabulary[i]) for k, i in tokenizer.special.items()
    }


def test_a_tokenizer_that_kerashub_has_not_is_not_written(tokenizers, tmp_path, capsys):
    place, _, _ = preset_of(tmp_path, "roberta", tokenizers["bpe", True])
    said = capsys.readouterr().out
    about = json.loads((place / "signature.json").read_text())["tokenizer"]
    assert about.startswith("none: the run reads small letters only (data.lower)")
    assert not (place / "tokenizer.json").exists() and not (place / "assets").exists()
    assert "Backbone.from_preset" in said and "Tokenizer.from_preset" not in said


@LEFT_OPEN
def test_a_tokenizer_of_other_special_tokens_is_not_written(tokenizers, tmp_path):
    """XLM-RoBERTa's own tokenizer: for its encoder as it is, and for none of ALBERT's."""
    import base64
    from pathlib import Path

    from toolkit.data.subwords.families import sentencepiece
    from toolkit.data.subwords.proto import in_order_of_fairseq
    from toolkit.data.subwords.training import SENTENCEPIECE

    model = base64.b64decode(tokenizers["sentencepiece", False].proto)
    model, _ = in_order_of_fairseq(model, tuple(SENTENCEPIECE.values()))
    tokenizer = sentencepiece(model, "XLMRobertaTokenizer", Path("model"))
    for family, told in (
        ("xlm_roberta", "XLMRobertaTokenizer"),
        ("albert", "none: KerasHub's AlbertTokenizer cannot hold the run's (Cannot find"),
    ):
        place, _, _ = preset_of(tmp_path / family, family, tokenizer)
        about = json.loads((place / "signature.json").read_text())["tokenizer"]
        assert about.startswith(told)
        assert (place / "tokenizer.json").exists() == (family == "xlm_roberta")
        words = json.loads((place / "vocabulary.json").read_text())
        assert tuple(words) == tokenizer.vocabulary


STACK = {"units": 8, "layers": 1, "heads": 2, "hidden": 8, "positions": "sinusoidal"}
TRANSFORMER = {"encoder": [{"encoder": STACK}], "decoder": [{"decoder": STACK}]}
RECURRENT = {
    "encoder": [{"recurrent": {"cell": "lstm", "units": 8, "bidirectional": True}}],
    "decoder": [{"recurrent": {"cell": "gru", "units": 8}}, {"align": {"units": 8}}],
}


def run_that_writes(folder, source, target, blocks=TRANSFORMER):
    """A run with a small network of random weights that reads texts and writes texts."""
    from toolkit.tasks import TASKS
    from toolkit.training.assemble import assemble
    from toolkit.training.parts import make
    from toolkit.training.run_folder import RunFolder
    from toolkit.training.saved_spec import write_spec

    encoder = WritingEncoder(source, target, 12)
    tokens, text = encoder.fields()
    spec = Spec({"tokens": tokens}, {"text": text})
    model = {"stem": {"tokens": {"units": 8}}, **blocks}
    config = {"model": model, "task": {"name": "sequence_to_sequence", "beams": 2, "max_length": 9}}
    network = assemble(model, spec, make(TASKS, config["task"]), batch_size=2)
    run = RunFolder.create(folder / "run")
    run.config.write_text(yaml.safe_dump({**config, "data": {"name": "parallel"}, "trainer": {}}))
    write_spec(run, spec, encoder)
    network.inference.save(run.model)
    return run


@pytest.mark.parametrize("shared", [True, False])
def test_tokenizers_of_both_sides_lie_beside_a_network_that_writes(
    tokenizers, tmp_path, capsys, shared
):
    import tokenizers as hf
    from sentencepiece import SentencePieceProcessor

    source = tokenizers["bpe", False]
    target = source if shared else tokenizers["sentencepiece", False]
    run = run_that_writes(tmp_path, source, target)
    place = export(run=str(run.path), format="keras", output=str(tmp_path / "out"))
    about = json.loads((place / "signature.json").read_text())["tokenization"]
    assert about["tokens"]["special"] == source.special and about["tokens"]["max_length"] == 12
    read = hf.Tokenizer.from_file(str(place / about["tokens"]["file"]))
    assert read.encode("The dog").ids == source.ids(["The dog"])[0].tolist()
    assert about["tokens"]["file"] in capsys.readouterr().out.partition("tokenizer  ")[2]
    if shared:
        assert about["written"]["file"] == about["tokens"]["file"] == "tokenizer.json"
        return
    assert about["written"]["file"] == "written_sentencepiece.model"
    opened = SentencePieceProcessor(model_file=str(place / about["written"]["file"]))
    assert opened.encode("The dog") == target.ids(["The dog"])[0].tolist()


def of_words(texts: list[str], **options) -> Words:
    return Words.train("words", texts, **options)


def test_what_is_written_becomes_text(tokenizers):
    """Ids of real texts, and any ids at all: bytes that are no text, pieces in a wrong place."""
    import tensorflow as tf

    words = [of_words(ENGLISH), of_words(ENGLISH, lower=True), of_words(ENGLISH, unit="character")]
    draws = np.random.default_rng(0)
    for tokenizer in [*words, *(tokenizers[kind, False] for kind in KINDS)]:
        marks = {i for name, i in tokenizer.special.items() if name != "unknown"}
        drawn = draws.integers(0, len(tokenizer.vocabulary), (100, 20))
        real = tokenizer.ids([*ENGLISH, 'He said: "one", "two" (and \'three\').'])
        rows = [row[:60].tolist() for row in (real[i] for i in range(len(real)))]
        rows += [[i for i in row if i not in marks] for row in drawn.tolist()]
        padded = np.full((len(rows), 61), tokenizer.special["pad"], "int32")
        for row, into in zip(rows, padded, strict=True):
            into[: len(row)] = row
        found = tf.function(WrittenGraph(tokenizer))(tf.constant(padded)).numpy()
        assert [text.decode() for text in found] == [tokenizer.decode(row) for row in rows]


@pytest.mark.parametrize("most", [7, None])
@pytest.mark.parametrize("kind", ["words", "characters", "wordpiece"])
def test_what_is_read_becomes_ids(tokenizers, kind, most):
    import tensorflow as tf

    source = {
        "words": of_words(ENGLISH, lower=True),
        "characters": of_words(ENGLISH, unit="character"),
        "wordpiece": tokenizers["wordpiece", True],
    }[kind]
    encoder = WritingEncoder(source, source, most)
    texts = [*TEXTS, *BLANKS, "<unk> <eos> <UNK> <start> [SEP]"]
    found = tf.function(graph_of_read(encoder))(tf.constant(texts)).to_list()
    rows = encoder.encode(texts).arrays["tokens"]
    for i, text in enumerate(texts):
        assert found[i] == rows[i].tolist(), repr(text)


@pytest.mark.parametrize(
    ("sides", "blocks", "needs"),
    [
        (("words", "words"), RECURRENT, False),
        (("wordpiece", "bpe"), TRANSFORMER, True),
        (("bpe", "sentencepiece"), TRANSFORMER, True),
    ],
)
def test_a_stranger_has_texts_written(tokenizers, tmp_path, capsys, sides, blocks, needs):
    import tensorflow as tf

    from toolkit.tasks.writing.written_scores import write_texts
    from toolkit.training.reopen import reopen

    read, written = (
        of_words(ENGLISH) if kind == "words" else tokenizers[kind, False] for kind in sides
    )
    run = run_that_writes(tmp_path, read, written, blocks)
    place = export(run=str(run.path), output=str(tmp_path / "out"))
    about = json.loads((place / "signature.json").read_text())
    assert about["needs"] == ["tensorflow", *["tensorflow_text"] * needs]
    assert list(about["signatures"]["serving_default"]["outputs"]) == ["written", "score"]
    assert 'text=tf.constant(["some words"])' in capsys.readouterr().out

    texts = ["The DOG don't.", "😀 שלום [SEP]", "", "for i in a: the else clause"]
    code = (
        f"import sys, json, tensorflow as tf{', tensorflow_text' * needs}\n"
        f"held = tf.saved_model.load({str(place / '1')!r}).signatures['serving_default']\n"
        f"found = held(text=tf.constant({texts!r}))\n"
        "made = [text.decode() for text in found['written'].numpy()]\n"
        "print(json.dumps([made, found['score'].numpy().tolist(), 'toolkit' in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    made, scores, ours = json.loads(done.stdout)
    _, trainable, task, (_, encoder) = reopen(run)
    held = tf.train.list_variables(str(place / "1" / "variables" / "variables"))
    shapes = [shape for name, shape in held if name.startswith("variables_held")]
    variables = trainable.inference.variables
    assert sorted(shapes) == sorted([*variable.shape] for variable in variables), "each once"
    data = place / "1" / "variables" / "variables.data-00000-of-00001"
    assert data.stat().st_size < 1.2 * sum(v.numpy().nbytes for v in variables)
    best = write_texts(task, trainable.objective, encoder, texts, task.decoding, len(texts))
    assert made == [text for ((text, _), *_) in best] and any(made) and not ours
    np.testing.assert_allclose(scores, [score for ((_, score), *_) in best], rtol=1e-5)


def test_what_takes_a_sentence_takes_ids(tokenizers, tmp_path):
    """A summary that is a sentence of the text has no form in a graph."""
    run = run_that_writes(tmp_path, tokenizers["bpe", False], tokenizers["bpe", False])
    config = yaml.safe_load(run.config.read_text())
    config["task"]["extract"] = True
    run.config.write_text(yaml.safe_dump(config))
    place = export(run=str(run.path), output=str(tmp_path / "out"))
    about = json.loads((place / "signature.json").read_text())
    assert list(about["signatures"]) == ["serving_default"]
    assert list(about["signatures"]["serving_default"]["inputs"]) == ["tokens", "written"]
