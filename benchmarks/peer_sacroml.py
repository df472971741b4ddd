"""LiRA by SACRO-ML on dense arrays, run by `peers.py` in an environment that has sacroml.

    python peer_sacroml.py ARRAYS.npz SHADOW_MODELS OUTPUT_FOLDER MODE [MODE ...]

The first mode trains the shadow models and is timed; the others read the same ones again, for their AUC.
"""

import json
import logging
import sys
import time
from importlib.metadata import version

import numpy as np
from sacroml.attacks.likelihood_attack import LIRAAttack
from sacroml.attacks.target import Target
from sklearn.linear_model import LogisticRegression

logging.disable(logging.INFO)
arrays, shadow_models, folder, *modes = sys.argv[1:]
with np.load(arrays) as data:
    features, label, member = data["features"], data["label"], data["member"]
model = LogisticRegression(C=10.0, max_iter=1000).fit(features[member], label[member])
target = Target(
    model=model,
    dataset_name="texts",
    X_train=features[member],
    y_train=label[member],
    X_test=features[~member],
    y_test=label[~member],
)
seconds, auc = [], {}
for mode in modes:
    attack = LIRAAttack(output_dir=folder, write_report=False, n_shadow_models=int(shadow_models), mode=mode)
    start = time.perf_counter()
    attack.attack(target)
    seconds.append(time.perf_counter() - start)
    auc[mode] = float(attack.attack_metrics[0]["AUC"])
print(json.dumps({"version": version("sacroml"), "seconds": seconds[0], "auc": auc}))
