"""Speed of a training step against PyTorch's, on the CPU: language models, a convnet, a GAN.

    pip install torch  # here only: the toolkit does not need it
    python tests/benchmarks/against_torch.py [mnist|gru|lstm|dcgan] … [--rounds 24] [--threads N]

Both sides train the same network on batches of the same size and make, data pipeline included;
the toolkit by its ``fit`` with all callbacks, PyTorch by the loop that its users write. Both run in
one process and take turns.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import torch
from contests import (
    BATCH,
    DROPOUT,
    LENGTH,
    STREAMS,
    UNITS,
    digits_by_toolkit,
    game_by_toolkit,
    pictures,
    text,
    words_by_toolkit,
)
from turns import Ticks, Turns, limit_threads, load, milliseconds, ratio


def main() -> None:
    """Run the contests named on the command line and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contests", nargs="*", metavar="mnist|gru|lstm|dcgan", help="default: all")
    parser.add_argument("--rounds", type=int, default=24, help="turns of each contestant")
    parser.add_argument("--threads", type=int, help="default: all cores")
    given = parser.parse_args()
    limit_threads(given.threads)
    torch.set_num_threads(given.threads or os.cpu_count() or 1)
    for name in given.contests or ["mnist", "gru", "lstm", "dcgan"]:
        sides: dict[str, Callable[[Ticks], None]]
        if name == "mnist":
            data, unit, size, turns = pictures(), "images", BATCH, Turns(10, given.rounds)
            sides = {"toolkit": digits_by_toolkit(data), "torch": digits_by_torch(data)}
        elif name == "dcgan":
            data, unit, size, turns = pictures(), "images", BATCH, Turns(2, given.rounds)
            sides = {
                "toolkit": game_by_toolkit(data),
                "torch": game_by_torch(data),
                "torch compiled": game_by_torch(data, compiled=True),
            }
        else:
            data, unit, size, turns = text(), "tokens", STREAMS * LENGTH, Turns(4, given.rounds)
            sides = {"toolkit": words_by_toolkit(data, name), "torch": words_by_torch(data, name)}
        contest(name, turns, sides, size, unit)


def contest(name: str, turns: Turns, sides: dict[str, Any], size: int, unit: str) -> None:
    """Run both sides in turns and print speeds and how many times as fast the toolkit is."""
    seconds = turns.race(sides)
    print(f"{name}: {turns.rounds} rounds of {turns.steps} steps; {load()}")
    for side, times in seconds.items():
        print(f"  {side}: {size / np.median(times[0]):,.0f} {unit}/s; {milliseconds(times)}")
    for side in sides:
        if side != "toolkit":
            print(f"  toolkit's speed / {side}'s: {ratio(seconds[side], seconds['toolkit'])}")


class LanguageModel(torch.nn.Module):
    """The recurrent network, embeddings tied to the output layer, dropout at the same places."""

    def __init__(self, words: int, cell: str):
        super().__init__()
        self.embedding = torch.nn.Embedding(words, UNITS)
        kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
        self.layers = kind(UNITS, UNITS, num_layers=2, dropout=DROPOUT)
        self.dropout = torch.nn.Dropout(DROPOUT)

    def forward(self, tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        """Return the logits, ``(time, batch, words)``, and the state after them."""
        x, state = self.layers(self.dropout(self.embedding(tokens)), state)
        return torch.nn.functional.linear(self.dropout(x), self.embedding.weight), state


def words_by_torch(data: Any, cell: str) -> Callable[[Ticks], None]:
    """Return the training loop of the language model, state carried from batch to batch."""

    def run(ticks: Ticks) -> None:
        torch.manual_seed(1)
        model = LanguageModel(len(data.spec.target.vocabulary), cell)
        ticks.weights = size_of(model)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.004, fused=True)
        (words,) = data.train.arrays.values()
        rows = np.asarray(words[: len(words) // STREAMS * STREAMS]).reshape(STREAMS, -1)
        streams = torch.from_numpy(np.ascontiguousarray(rows.T)).long()  # (time, batch)
        state = None
        for step in range(ticks.turns.total):
            ticks.tick()
            first = step * LENGTH
            x, y = streams[first : first + LENGTH], streams[first + 1 : first + LENGTH + 1]
            logits, state = model(x, state)
            state = tuple(s.detach() for s in state) if cell == "lstm" else state.detach()
            update(optimizer, logits.flatten(0, 1), y.flatten())

    return run


def digits_by_torch(data: Any) -> Callable[[Ticks], None]:
    """Return the training loop of the convnet."""

    def run(ticks: Ticks) -> None:
        torch.manual_seed(1)
        nn = torch.nn
        model = nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10)),
        )
        ticks.weights = size_of(model)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        (name,) = data.spec.inputs
        pixels = torch.from_numpy(np.moveaxis(data.train.arrays[name], -1, 1).copy())
        labels = torch.from_numpy(np.asarray(data.train.arrays["label"])).long()
        order = torch.randperm(len(labels))
        for step in range(ticks.turns.total):
            ticks.tick()
            rows = order[step * BATCH % (len(order) - BATCH) :][:BATCH]
            update(optimizer, model(pixels[rows].float() / 255), labels[rows])

    return run


def game_by_torch(data: Any, compiled: bool = False) -> Callable[[Ticks], None]:
    """Return the training loop of DCGAN, channels last, eager or compiled."""

    def run(ticks: Ticks) -> None:
        torch.manual_seed(1)
        nn, functional = torch.nn, torch.nn.functional
        up = {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False}
        generator = nn.Sequential(
            *(nn.Linear(100, 7 * 7 * 128, bias=False), nn.Unflatten(1, (128, 7, 7))),
            *(nn.BatchNorm2d(128), nn.ReLU()),
            *(nn.ConvTranspose2d(128, 128, **up), nn.BatchNorm2d(128), nn.ReLU()),
            *(nn.ConvTranspose2d(128, 64, **up), nn.BatchNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 1, 3, padding=1), nn.Tanh()),
        )
        discriminator = nn.Sequential(
            *(nn.Conv2d(1, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(64, 128, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(128)),
            *(nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(7 * 7 * 128, 1)),
        )
        networks = [n.to(memory_format=torch.channels_last) for n in (generator, discriminator)]
        ticks.weights = sum(map(size_of, networks))
        optimizers = [torch.optim.Adam(n.parameters(), lr=2e-4, fused=True) for n in networks]
        make, judge = map(torch.compile, networks) if compiled else networks
        (name,) = data.spec.inputs
        pixels = torch.from_numpy(np.moveaxis(data.train.arrays[name], -1, 1).copy())
        order = torch.randperm(len(pixels))

        def learn(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> float:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()

        for step in range(ticks.turns.total):
            ticks.tick()
            rows = order[step * BATCH % (len(order) - BATCH) :][:BATCH]
            real = (pixels[rows].float() / 127.5 - 1).to(memory_format=torch.channels_last)
            with torch.no_grad():
                fake = make(torch.randn(BATCH, 100))
            lost = (
                functional.softplus(-judge(real)).mean() + functional.softplus(judge(fake)).mean()
            )
            learn(optimizers[1], lost)
            lost = functional.softplus(-judge(make(torch.randn(BATCH, 100)))).mean()
            learn(optimizers[0], lost)

    return run


def size_of(model: torch.nn.Module) -> int:
    """Return the number of weights."""
    return sum(weight.numel() for weight in model.parameters())


def update(optimizer: torch.optim.Optimizer, logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Make one update and return the loss."""
    loss = torch.nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


if __name__ == "__main__":
    main()
