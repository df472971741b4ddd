"""A user's training code, as ``--trainer`` names it: word counts per class, and a little noise."""

import numpy as np

N_CLASSES = 3


def train(texts, labels, seed):
    rng = np.random.default_rng(seed)
    counts = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        for word in text.split():
            counts.setdefault(word, np.ones(N_CLASSES))[label] += 1
    noise = rng.normal(0, 0.01, N_CLASSES)

    def predict(texts):
        rows = [[np.log(counts[word]) for word in text.split() if word in counts] for text in texts]
        return np.array([np.sum(row, axis=0) + noise if row else noise for row in rows])

    return predict
