"""Reads, or goes on with, a study by Optuna itself.

exchange.py dump URL NAME            prints all that Optuna reads back, as JSON
exchange.py optimize URL NAME COUNT  runs COUNT trials more with TPE, over the parameters that are there
exchange.py claim URL NAME           takes the trials that wait, and tells each its `x`
exchange.py replace URL NAME OTHER   deletes the study, and makes one of the name OTHER with two trials
exchange.py add URL NAME COUNT       adds COUNT trials of its own, each as the process that runs it does
"""

import json
import math
import sys
from datetime import timezone

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def storage_of(url):
    if url.startswith("journal:"):
        backend = optuna.storages.journal.JournalFileBackend(url[len("journal:"):])
        return optuna.storages.JournalStorage(backend)
    return optuna.storages.RDBStorage(url)


def spelled(value):
    """Numbers that JSON has no words for, as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): spelled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [spelled(item) for item in value]
    return value


def utc(local):
    return None if local is None else local.astimezone(timezone.utc).timestamp() * 1000


def dump(study):
    return {
        "name": study.study_name,
        "directions": [direction.name for direction in study.directions],
        "metricNames": study.metric_names,
        "userAttrs": study.user_attrs,
        "trials": [
            {
                "number": trial.number,
                "state": trial.state.name,
                "values": trial.values,
                "params": trial.params,
                "types": {name: type(value).__name__ for name, value in trial.params.items()},
                "distributions": {
                    name: json.loads(optuna.distributions.distribution_to_json(distribution))
                    for name, distribution in trial.distributions.items()
                },
                "intermediate": trial.intermediate_values,
                "userAttrs": trial.user_attrs,
                "constraints": trial.constraints,
                "fixed": trial.system_attrs.get("fixed_params"),
                "startedAt": utc(trial.datetime_start),
                "endedAt": utc(trial.datetime_complete),
            }
            for trial in study.get_trials(deepcopy=False)
        ],
    }


def objective(study):
    distributions = {}
    for trial in study.trials:
        distributions.update(trial.distributions)

    def run(trial):
        total = 0.0
        for name, distribution in sorted(distributions.items(), key=lambda item: ("=" in item[0], item[0])):
            # `act=relu/width` is a parameter of the branch in which act is relu.
            act, _, rest = name.removeprefix("act=").partition("/")
            if name.startswith("act=") and rest and act != trial.params["act"]:
                continue
            value = trial._suggest(name, distribution)
            total += float(value) if isinstance(value, (int, float)) else 1.0
        trial.set_user_attr("by", "optuna")
        if len(study.directions) > 1:
            return [total] * len(study.directions)
        trial.report(total + 1, 1)
        trial.report(total, 2)
        return total

    return run


def main(command, url, name, count="0"):
    sampler = optuna.samplers.TPESampler(seed=1, n_startup_trials=2)
    if command == "replace":
        optuna.delete_study(study_name=name, storage=storage_of(url))
        name, command, count = count, "add", "2"
        optuna.create_study(study_name=name, storage=storage_of(url))
    study = optuna.load_study(study_name=name, storage=storage_of(url), sampler=sampler)
    if command == "optimize":
        study.optimize(objective(study), n_trials=int(count))
    elif command == "claim":
        waiting = sum(trial.state.name == "WAITING" for trial in study.trials)
        for _ in range(waiting):
            trial = study.ask()
            study.tell(trial, trial.suggest_float("x", 0, 1))
    elif command == "add":
        for i in range(int(count)):
            trial = study.ask()
            trial.report(float(i), 1)
            study.tell(trial, trial.suggest_float("x", 0, 1))
    print(json.dumps(spelled(dump(study)), allow_nan=False))


main(*sys.argv[1:])
