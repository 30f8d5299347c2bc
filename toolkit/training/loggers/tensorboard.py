"""TensorBoard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.types import Count, PositiveInt, Steps

if TYPE_CHECKING:
    import keras

    from toolkit.training.run_folder import RunFolder
    from toolkit.training.setup import Setup


def tensorboard(
    setup: Setup,
    folder: RunFolder,
    config_text: str,
    *,
    every: PositiveInt = 50,
    samples: Count = 12,
    graph: bool = True,
    histograms: bool = False,
    projector: bool = False,
    profile: Steps | None = None,
) -> list[keras.callbacks.Callback]:
    """Write event files for ``tensorboard --logdir runs``.

    Args:
        setup: What is trained.
        folder: The run's; everything lies in its ``tensorboard/``.
        config_text: The configuration, as YAML.
        every: Steps from one point of the curves by step to the next.
        samples: Validation examples that are shown with their predictions at each epoch's end, with
            a confusion matrix, forecasts, generated text or images, reconstructions, as the task
            has them; 0: nothing of it.
        graph: Whether the network's graph is shown.
        histograms: Whether there are histograms of the weights at each epoch's end.
        projector: Whether the embeddings of the vocabulary are shown, or the codes of validation
            examples where an encoder makes such.
        profile: First and last step (from 1) of the first epoch that are profiled; None: none.
    """
    from toolkit.training.callbacks.figures import Figures
    from toolkit.training.callbacks.profile import ProfileSteps
    from toolkit.training.callbacks.projected_codes import ProjectedCodes
    from toolkit.training.callbacks.samples import Samples
    from toolkit.training.callbacks.tensorboard import Embeddings, Graph, Histograms
    from toolkit.training.loggers.event_files import EventFiles
    from toolkit.training.loggers.views import Predict, views_of

    sink, predict = EventFiles(folder.tensorboard), Predict(setup)
    watch: list[keras.callbacks.Callback] = [Figures(sink, setup, config_text, every)]
    if graph:
        watch.append(Graph(sink, predict))
    if samples:
        watch.append(Samples(sink, views_of(setup, predict, samples)))
    if histograms:
        watch.append(Histograms(sink, setup))
    if projector:
        encodes = "codes" in getattr(setup.task, "views", ())
        watch.append(ProjectedCodes(sink, setup) if encodes else Embeddings(sink, setup))
    if profile is not None:
        watch.append(ProfileSteps(folder.tensorboard, *profile))
    return watch
