"""Steps of optimizers that need the loss, and its gradient, at several points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnkit.engine.mirrors import reading

if TYPE_CHECKING:
    from nnkit.engine.step import Step
    from nnkit.training.loops import Batches, Run
    from nnkit.training.session import Session

__all__ = ["search"]


def search(session: Session, step: Step, run: Run, batches: Batches) -> None:
    """Have the optimizer do its step: it changes the weights, and evaluates them as it likes.

    Parameters
    ----------
    session : Session
    step : Step
        It computes loss and gradients, and leaves the weights as they are.
    run : Run
    batches : Batches

    Raises
    ------
    ValueError
        The data is more than one batch; layers keep states; weights have constraints; or numbers
        are to be checked.
    """
    optimizer: Any = session.optimizer
    counters, storage = session.counters, session.storage
    name = type(optimizer).__name__
    if run.source.steps != 1:
        raise ValueError(
            f"{name} takes all data in each step, as one batch: fit(batch_size=len(x)), or one "
            f"batch an epoch; got {run.source.steps or 'some number of'} batches"
        )
    if session.network.states():
        raise ValueError(f"{name} evaluates a batch several times, so layers can't be stateful")
    if session.constrained:
        paths = ", ".join(variable.path for variable in session.constrained)
        raise ValueError(f"{name} knows no constraints; {paths} have some")
    if run.check_numerics:
        raise ValueError(f"{name} tries points where numbers may be infinite: no check_numerics")

    def evaluate() -> tuple[float, np.ndarray]:
        session.objective.clear()
        counters.batch[0], counters.position[0] = batches.at, 0
        counters.iteration[0] = optimizer.steps_done
        step.run(run.block.bound, 1, run.meanwhile)
        for variable in storage.trainable_variables:
            variable.gradient  # noqa: B018  (rows of tables that were not used become 0)
        total, count = session.objective.losses[0].tolist()
        return total / count, reading(storage.gradients).astype(np.float64)

    optimizer.search(evaluate, storage, session.flat_slots, optimizer.steps_done)
    counters.iteration[0] = optimizer.steps_done + 1
