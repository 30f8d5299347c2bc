"""What is wrong is told: all at once, where it was written, what was expected, what is near."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("model.units=abc", "model.units: expected a whole number from 1; got 'abc'"),
        ("model.units='400'", "model.units: expected a whole number from 1; got '400'"),
        ("model.units=true", "model.units: expected a whole number from 1; got true"),
        ("model.units=", "model.units: expected a whole number from 1; it is empty"),
        ("model.units=0", "model.units: expected a whole number from 1; got 0"),
        ("model.dropout=1", "model.dropout: expected a number from 0, below 1; got 1"),
        ("model.unitz=3", "model.unitz: unknown. Did you mean units?"),
        ("+model.unitz=3", "model.unitz: gru has no such knob. Did you mean units?"),
        ("modle.units=3", "modle.units: unknown. Did you mean model?"),
        ("model.units.x=3", "model.units.x: model.units holds no further keys"),
        ("model=grru", "model: no 'grru'. Did you mean gru?"),
        ("model=", "model: nothing chosen. There is:"),
        ("data=mnits", "data: no 'mnits'. Did you mean mnist?"),
        ("task=regresion", "task: no 'regresion'. Did you mean regression?"),
        ("optimizer=adamm", "optimizer: no 'adamm'. Did you mean adam or nadam or adamw?"),
        ("recipe=lm/ptb_gruu", "recipe: no 'lm/ptb_gruu'. Did you mean lm/ptb_gru"),
        ("data.batch_size=2.5", "data.batch_size: expected a whole number from 1 or auto; got 2.5"),
        ("data.name=foo", "data.name: no 'foo'."),
        ("trainer.precision=float8", "trainer.precision: expected float32, float64, bfloat16,"),
        ("logger.profile=[1,a]", "logger.profile: expected a list of two: a whole number from 1"),
        ("trainer.jit=yes", "trainer.jit: expected true or false or null; got 'yes'"),
        ("seed=-1", "seed: expected a whole number from 0, below 4294967296; got -1"),
        ("seed=4294967296", "seed: expected a whole number from 0, below 4294967296; got"),
        ("logger.profile=[9,8]", "logger.profile: expected the first step, then the last; got"),
        (
            "data=digits model=mlp data.batch_size=8 optimizer.gradient_accumulation_steps=9",
            "gradient_accumulation_steps: a batch of data.batch_size=8 cannot be cut into 9 parts",
        ),
        ("optimizer.lr=3", "optimizer.lr: unknown. Did you mean learning_rate or learning_rates?"),
        ("epochs=3", "epochs: unknown. Did you mean trainer.epochs?"),
        (
            "optimizer.clipnorm=1 optimizer.clipvalue=1",
            "command line: optimizer.clipnorm: clipnorm and clipvalue exclude each other",
        ),
        ("data=text", "data.train: must be given: text (The text that is learned from, plain"),
        ("plugins=abc", "plugins: expected a list, each text; got 'abc'"),
        ("plugins=[no_such_module]", "plugins: no module 'no_such_module'."),
        ("schedule=cosine schedule.decay=10", "schedule.decay: expected a length with its unit"),
        ("model.body=3", "model.body: expected a list of blocks; got 3"),
        ("model.body=[densee]", "model.body[0].densee: no such block. Did you mean dense?"),
        (
            "model.body=[{dense:{unit:3}}]",
            "model.body[0].dense.unit: unknown option of block dense. Did you mean units?",
        ),
        ("model.body=[{dense:3}]", "model.body[0].dense: expected a mapping of options; got 3"),
        (
            "model.body=[{dense:{},conv:{}}]",
            "model.body[0]: expected one block and its options, such as `- dense: {units: 128}`",
        ),
        ("+model.stem.tokenz={}", "model.stem.tokenz: no such stem. Did you mean tokens?"),
        ("model.units=${model.unitz}", "model.units: ${model.unitz} refers to nothing."),
        ("model.units=${model.units}", "model.units: ${model.units} refers to itself"),
        ("data.root=${oc.env:NO_SUCH}", "data.root: ${oc.env:NO_SUCH} cannot be resolved: Env"),
        ("+model.x._target_=os.system", "model.x._target_: classes are not named"),
        ("data=mnist data.augment={flp:{}}", "data.augment.flp: no such augmentation. Did you"),
        (
            "data=mnist data.augment={flip:{horizontl:1}}",
            "data.augment.flip.horizontl: unknown option of augmentation flip. Did you mean hor",
        ),
        (
            "data.augment={flip:{}}",
            "data.augment: ptb holds inputs of kind tokens, and flip changes image. For tokens",
        ),
        ("model.dropout=nan", "model.dropout: expected a number from 0, below 1; got nan"),
        ("optimizer.learning_rate=inf", "optimizer.learning_rate: expected a number"),
        ("+model=gru", "'+model=gru': write it without the +"),
        ("=3", "cannot read '=3': there is no key"),
        ("model.units=a=b", "(text with signs in it needs quotes: key='…')"),
        ("hydra/launcher=joblib", "hydra/launcher: no 'joblib'. There is: basic."),
        ("hydra.foo=1", "hydra.foo: Hydra has no such key"),
        ("data=mnist data.augment=3", "data.augment: expected a mapping of mappings or null; got"),
        ("foo=1", "foo: unknown. There is: data, "),
        ("+foo=1", "foo: unknown. There is: "),
        ("~task", "task: none is chosen"),
    ],
)
def test_a_fault_of_the_command_line(faults, word, told):
    found = faults("data=ptb", *word.split(" "))
    assert any(told in fault for fault in found), found
    assert len(found) <= 2


def test_all_faults_are_told_at_once(faults):
    found = faults(
        "model.unitz=1", "model.units=0", "trainer.epochs=x", "optimizer=adma", "seed=1.5", "x=[1,"
    )
    assert [fault.partition(":")[0] for fault in found] == ["command line"] * 6
    assert "cannot read 'x=[1,'" in found[0]


def test_a_sweep_without_its_flag(faults):
    (fault,) = faults("seed=1,2")
    assert fault.startswith("command line: 'seed=1,2' gives several values: add -m")


def test_a_fault_has_the_users_file_and_line(faults, write):
    write(
        "model/mine.yaml",
        "name: mine\n\nunits: many\nbody:\n  - dense:\n      units: ${model.units}\n",
    )
    (fault,) = faults("model=mine", "data=digits")
    assert fault == (
        "mine/model/mine.yaml:3: model.units: expected a whole number from 1, "
        "or a list of at least 1, each a whole number from 1; got 'many'"
    )


def test_keys_of_blocks_and_data_in_files(faults, write):
    write("model/mine.yaml", "name: mine\nbody:\n  - dense:\n      unit: 3\n  - densee:\n")
    write(
        "data/mine.yaml",
        "defaults:\n  - override /task@_global_.task: classification\n"
        "name: mnist\nbatch_sise: 3\nbatch_size: 0\n",
    )
    assert faults("model=mine", "data=mine") == [
        "mine/model/mine.yaml:4: model.body[0].dense.unit: "
        "unknown option of block dense. Did you mean units?",
        "mine/model/mine.yaml:5: model.body[1].densee: no such block. Did you mean dense?",
        "mine/data/mine.yaml:5: data.batch_size: expected a whole number from 1 or auto; got 0",
        "mine/data/mine.yaml:4: data.batch_sise: unknown option of data mnist. "
        "Did you mean batch_size or eval_batch_size?",
    ]


def test_keys_of_a_recipe(faults, write):
    write(
        "recipe/mine.yaml",
        "# @package _global_\ndefaults:\n  - override /model: lstm\n\nmodel:\n  unitz: 3\n"
        "trainer:\n  epochz: 3\nsede: 1\nexpect: {}\n",
    )
    assert faults("recipe=mine") == [
        "mine/recipe/mine.yaml:9: sede: unknown. Did you mean seed or schedule?",
        "mine/recipe/mine.yaml:6: model.unitz: lstm has no such knob. Did you mean units?",
        "mine/recipe/mine.yaml:8: trainer.epochz: unknown option of trainer. Did you mean epochs?",
    ]


def test_a_choice_in_a_recipe(faults, write):
    write("recipe/mine.yaml", "# @package _global_\ndefaults:\n  - override /model: lstmm\n")
    (fault,) = faults("recipe=mine")
    assert fault == "mine/recipe/mine.yaml:3: model: no 'lstmm'. Did you mean lstm?"


def test_a_group_in_a_recipe(faults, write):
    write("recipe/mine.yaml", "# @package _global_\ndefaults:\n  - override /modle: lstm\n")
    (fault,) = faults("recipe=mine")
    assert fault == (
        "mine/recipe/mine.yaml:3: modle: no such group in the defaults. Did you mean model?"
    )


def test_a_file_that_is_no_yaml(faults, write):
    write("model/mine.yaml", "name: mine\nunits: [1\nbody: x\n")
    (fault,) = faults("model=mine")
    assert fault.startswith("mine/model/mine.yaml:3: not valid YAML: ")


def test_a_reference_that_is_not_closed(faults, write):
    write("model/mine.yaml", "name: mine\nunits: ${model.layers\nlayers: 3\nbody: []\n")
    (fault,) = faults("model=mine")
    assert fault.startswith("mine/model/mine.yaml:2: units: ")


def test_a_knob_that_nothing_reads(faults, write):
    write("model/mine.yaml", "defaults:\n  - gru\n  - _self_\nname: mine\nunit: 3\n")
    assert faults("model=mine") == [
        "mine/model/mine.yaml:5: model.unit: nothing reads this knob. Did you mean units?"
    ]


@pytest.mark.parametrize("text", ["", "hello\n", "name: x\n"])
def test_a_model_without_body(faults, write, text):
    write("model/mine.yaml", text)
    assert faults("model=mine")[-1] == (
        "mine/model/mine.yaml:1: model.body: must be given: a list of blocks (or in its place both "
        "encoder and decoder)"
    )


def test_a_data_set_without_name(faults, write):
    write("data/mine.yaml", "batch_size: 3\n")
    assert faults("data=mine")[0].startswith(
        "mine/data/mine.yaml:1: data.name: must be given. There is: abc, camvid, cifar10, "
    )


def test_a_key_that_a_file_has_twice(faults, write):
    write("model/mine.yaml", "name: mine\nunits: 1\nunits: 2\n")
    (fault,) = faults("model=mine")
    assert fault.startswith("mine/model/mine.yaml:3: not valid YAML: ")
    assert "duplicate key units" in fault


def test_a_file_that_is_not_utf8(faults, write):
    write("model/mine.yaml", "").write_bytes(b"name: \xff\xfe\n")
    (fault,) = faults("model=mine")
    assert "mine.yaml" in fault and "UTF-8" in fault


def test_a_file_that_holds_a_list(faults, write):
    write("model/mine.yaml", "- 1\n- 2\n")
    (fault,) = faults("model=mine")
    assert fault.startswith("mine/model/mine.yaml")


def test_a_reference_in_a_file_to_nothing(faults, write):
    write(
        "model/mine.yaml", "name: mine\nunits: 3\nbody:\n  - dense:\n      units: ${model.unitz}\n"
    )
    (fault,) = faults("model=mine", "data=digits")
    assert fault == (
        "mine/model/mine.yaml:5: model.body[0].dense.units: "
        "${model.unitz} refers to nothing. Did you mean units?"
    )


def test_target_in_a_file(faults, write):
    write("model/mine.yaml", "name: mine\nbody:\n  - dense:\n      _target_: os.system\n")
    assert "mine/model/mine.yaml:4: model.body[0].dense._target_: classes are not named in a " in (
        " ".join(faults("model=mine", "data=digits"))
    )


def test_a_folder_of_ones_own_that_is_not_there():
    from toolkit.config.compose import config_loader
    from toolkit.errors import Refused

    with pytest.raises(Refused, match="--config-dir: no folder nowhere"):
        config_loader("nowhere")
