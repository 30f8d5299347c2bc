"""A block's signature is its schema: read without TensorFlow, checked, and documented."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing

import pydantic
import pytest

from toolkit.blocks import BLOCKS, with_defaults
from toolkit.models.stems import STEMS

ENTRIES = [(table, name) for table in (BLOCKS, STEMS) for name in table]


def schema(function) -> type[pydantic.BaseModel]:
    hints = typing.get_type_hints(function, include_extras=True)
    fields = {name: (hints[name], default) for name, default in with_defaults(function, {}).items()}
    config = pydantic.ConfigDict(extra="forbid", strict=True)
    return pydantic.create_model(function.__name__, __config__=config, **fields)


def test_signatures_are_read_without_tensorflow():
    script = """
import sys, typing
from toolkit.blocks import BLOCKS
from toolkit.models.stems import STEMS
for table in (BLOCKS, STEMS):
    for name in table:
        typing.get_type_hints(table[name], include_extras=True)
        table.summary(name)
assert not {"tensorflow", "keras", "keras_hub"} & set(sys.modules), "imported"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("table", "name"), ENTRIES, ids=lambda e: getattr(e, "kind", e))
def test_defaults_are_valid_and_every_option_is_documented(table, name):
    function = table[name]
    model = schema(function)
    model.model_validate(model().model_dump())
    text = inspect.getdoc(function) or ""
    for option in with_defaults(function, {}):
        assert f"    {option}: " in text, f"{table.kind} {name}: {option} is not documented"


@pytest.mark.parametrize(
    ("name", "options", "fault"),
    [
        ("recurrent", {"cell": "grue"}, "Input should be 'rnn', 'lstm' or 'gru'"),
        ("recurrent", {"units": 0}, "greater than or equal to 1"),
        ("recurrent", {"dropout": 1.0}, "less than 1"),
        ("recurrent", {"unitts": 3}, "Extra inputs are not permitted"),
        ("conv", {"filters": []}, "at least 1 item"),
        ("dense", {"activation": "rleu"}, "Input should be 'linear', 'relu'"),
        ("generator", {"architecture": "u-net"}, "Input should be 'dcgan', 'resnet', 'unet' or"),
        ("generator", {"filters": 64}, "Input should be a valid list"),
        ("generator", {"init_std": 0.0}, "greater than 0"),
        ("discriminator", {"architecture": "unet"}, "Input should be 'dcgan', 'resnet' or 'patch'"),
        ("discriminator", {"condition_by": "project"}, "Input should be 'embedding' or 'concat"),
        ("image_decoder", {"upsampling": "bicubic"}, "'transposed', 'nearest' or 'bilinear'"),
        ("image_encoder", {"filters": []}, "at least 1 item"),
        ("sampling", {"units": 0}, "greater than or equal to 1"),
        ("resnet", {"depth": 21}, "Input should be 8, 14, 18, 20"),
    ],
)
def test_wrong_options_are_known_from_the_signature(name, options, fault):
    with pytest.raises(pydantic.ValidationError, match=fault):
        schema(BLOCKS[name]).model_validate(options)
