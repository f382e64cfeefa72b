"""Answers for Optuna: one study after another, asked and told over standard
input and output, one JSON object a line. It knows no objective: values come from
the other end, which runs the searches.

First it says hello: {"versions": {...}, "lacking": {sampler: module}}.
A study is opened by {"study": {"sampler": ..., "seed": ..., "knobs": [...]}};
each answer is {"ask": [number per knob]}, replied to by {"tell": value}, until
{"best": true} ends the study, answered by {"best": {"trial": n, "value": v}},
which is what study.best_trial says.
"""
import importlib
import json
import signal
import sys
import warnings

NEEDS = {
    "tpe": [],
    "tpe-multivariate": [],
    "cma-es": ["cmaes"],
    "nsga-ii": [],
    "random": [],
    "qmc": ["scipy"],
}


def sampler(optuna, name, seed):
    of = optuna.samplers
    if name == "tpe":
        return of.TPESampler(seed=seed)
    if name == "tpe-multivariate":
        return of.TPESampler(seed=seed, multivariate=True)
    if name == "cma-es":  # categories are drawn by its independent sampler: by chance
        return of.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    if name == "nsga-ii":
        return of.NSGAIISampler(seed=seed, population_size=50)
    if name == "random":
        return of.RandomSampler(seed=seed)
    if name == "qmc":
        return of.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False)
    raise ValueError(f"no sampler {name}")


def suggest(trial, knob):
    if knob["kind"] == "choice":
        return trial.suggest_categorical(knob["name"], list(range(knob["count"])))
    if knob["kind"] == "int":
        return trial.suggest_int(knob["name"], int(knob["low"]), int(knob["high"]), log=knob["log"])
    return trial.suggest_float(knob["name"], knob["low"], knob["high"], log=knob["log"])


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def version(module):
    try:
        return importlib.import_module(module).__version__
    except ImportError:
        return ""


def hello():
    versions = {m: version(m) for m in ("optuna", "cmaes", "numpy", "scipy")}
    versions["python"] = sys.version.split()[0]
    lacking = {}
    for name, modules in NEEDS.items():
        missing = [m for m in ["optuna"] + modules if not versions[m]]
        if missing:
            lacking[name] = missing[0]
    say({"versions": {k: v for k, v in versions.items() if v}, "lacking": lacking})
    return bool(versions["optuna"])


def run(optuna, order):
    study = optuna.create_study(direction="maximize", sampler=sampler(optuna, order["sampler"], order["seed"]))
    while True:
        trial = study.ask()
        say({"ask": [suggest(trial, knob) for knob in order["knobs"]]})
        reply = json.loads(sys.stdin.readline())
        if "best" in reply:
            say({"best": {"trial": study.best_trial.number, "value": study.best_value}})
            return
        study.tell(trial, reply["tell"])


def main():
    sys.path[:] = [p for p in sys.path if p]  # not the folder that it happens to be run in
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other end says when it is over
    warnings.simplefilter("ignore")  # of samplers that call themselves experimental
    if not hello():
        return
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for line in sys.stdin:
        run(optuna, json.loads(line)["study"])


if __name__ == "__main__":
    main()
