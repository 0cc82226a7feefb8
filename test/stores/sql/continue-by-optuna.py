# Goes on with a study that Troupe has made, and prints what Optuna sees of it: URL NAME TRIALS
import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
study = optuna.load_study(study_name=name, storage=url, sampler=optuna.samplers.TPESampler(seed=1))


def seen():
    return [
        {
            "number": trial.number,
            "state": trial.state.name,
            "values": trial.values,
            "params": trial.params,
            "intermediate": {str(k): v for k, v in trial.intermediate_values.items()},
            "userAttrs": trial.user_attrs,
            "constraints": trial.system_attrs.get("constraints:memory"),
            "startedAt": trial.datetime_start and trial.datetime_start.astimezone().timestamp(),
        }
        for trial in study.get_trials()
    ]


def objective(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    trial.report(x, 1)
    return x if kind == "a" else x + 1


before = seen()
study.optimize(objective, n_trials=count)
print(
    json.dumps(
        {
            "directions": [d.name for d in study.directions],
            "metricNames": study.metric_names,
            "before": before,
            "after": seen(),
        }
    )
)
