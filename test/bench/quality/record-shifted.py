"""Records what Optuna and pycma reach on the two problems whose optimum is moved away from the centre of the box:
python record-shifted.py > ../../fixtures/bench/shifted.json (Optuna 5.0.0, cma 4.5.0).
The samplers and their seeds are those of baseline.json."""

import json
import math
import sys

import cma
import numpy as np
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
SEEDS = 20


def ackley(x):
    x = np.asarray(x)
    spread = math.exp(np.cos(2 * math.pi * x).mean())
    return float(-20 * math.exp(-0.2 * math.sqrt((x**2).mean())) - spread + 20 + math.e)


def rastrigin(x):
    x = np.asarray(x)
    return float((10 + x**2 - 10 * np.cos(2 * math.pi * x)).sum())


def moved(function, by):
    signs = np.array([1 if i % 2 == 0 else -1 for i in range(5)])
    return lambda x: function(np.asarray(x) - by * signs)


PROBLEMS = {
    "ackley5-shifted": (moved(ackley, 11.3), 32.768),
    "rastrigin5-shifted": (moved(rastrigin, 1.7), 5.12),
}


def by_optuna(sampler, function, bound, trials):
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda t: function([t.suggest_float(f"x{i}", -bound, bound) for i in range(5)]), n_trials=trials)
    return [trial.value for trial in study.trials]


def by_cma(seed, function, bound, trials):
    values = []
    while len(values) < trials:
        options = {"bounds": [0, 1], "seed": 1 + seed + len(values), "verbose": -9}
        strategy = cma.CMAEvolutionStrategy([0.5] * 5, 1 / 6, options)
        while not strategy.stop() and len(values) < trials:
            points = strategy.ask()
            losses = [function(bound * (2 * np.asarray(point) - 1)) for point in points]
            strategy.tell(points, losses)
            values += losses
    return values[:trials]


def budgets(runs, marks):
    best = [np.minimum.accumulate(run) for run in runs]
    return {str(mark): {"values": [float(f"{run[mark - 1]:.7g}") for run in best]} for mark in marks}


recorded = {}
for name, (function, bound) in PROBLEMS.items():
    tpe = [by_optuna(optuna.samplers.TPESampler(seed=s), function, bound, 200) for s in range(SEEDS)]
    random = [by_optuna(optuna.samplers.RandomSampler(seed=s), function, bound, 500) for s in range(SEEDS)]
    nsga2 = [by_optuna(optuna.samplers.NSGAIISampler(seed=s), function, bound, 500) for s in range(SEEDS)]
    pycma = [by_cma(s, function, bound, 500) for s in range(SEEDS)]
    recorded[name] = {
        "random": {"budgets": budgets(random, [25, 50, 100, 200, 500])},
        "tpe": {"budgets": budgets(tpe, [25, 50, 100, 200])},
        "nsga2": {"budgets": budgets(nsga2, [100, 200, 500])},
        "cma": {"budgets": budgets(pycma, [25, 50, 100, 200, 500])},
    }
    print(name, "done", file=sys.stderr)
print(json.dumps(recorded))
