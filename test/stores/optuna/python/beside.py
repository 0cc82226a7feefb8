# Works on a study while Troupe runs it as an experiment, and prints what there is in the end: URL NAME TRIALS
import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
study = optuna.load_study(study_name=name, storage=url, sampler=optuna.samplers.TPESampler(seed=1))


def objective(trial):
    trial.set_user_attr("by", "optuna")
    x = trial.suggest_float("x", 0.0, 1.0)
    for step in range(3):
        trial.report(x + 1 / (step + 1), step + 1)
    if trial.number % 5 == 4:
        raise optuna.TrialPruned()
    return x


study.enqueue_trial({"x": 0.125})
study.enqueue_trial({"x": 0.375})
print("begun", flush=True)
study.optimize(objective, n_trials=count)
# This one nobody takes.
study.enqueue_trial({"x": 0.625})
trials = study.get_trials()
print(
    json.dumps(
        [
            {
                "number": trial.number,
                "state": trial.state.name,
                "values": trial.values,
                "params": trial.params,
                "by": trial.user_attrs.get("by"),
            }
            for trial in trials
        ]
    ),
    flush=True,
)
