#!/usr/bin/env python3
"""Writes top_k_oracle.txt: what scikit-learn and torchmetrics say of made scores.

First the scores, a line for each picture: its label, then the scores of all classes. Then a line for each answer: its
name and numbers. Needs numpy, scikit-learn, torch and torchmetrics; run: make_top_k_oracle.py [FOLDER].
"""
import pathlib
import sys

import numpy as np
import torch
from sklearn import metrics
from torchmetrics.classification import MulticlassCalibrationError

CLASSES, PICTURES = 8, 60
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent

rng = np.random.default_rng(11)
labels = rng.integers(0, CLASSES - 1, PICTURES)  # the last class has no image
logits = rng.normal(0, 1.5, (PICTURES, CLASSES))
logits[np.arange(PICTURES), labels] += 1.2
scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
scores = np.round(scores, 6).astype(np.float32)
found = scores.argmax(1)
known = np.arange(CLASSES)

lines = [f"{label} " + " ".join(f"{s:.6f}" for s in row) for label, row in zip(labels, scores)]


def answer(name, *values):
    lines.append(name + " " + " ".join(repr(float(v)) for v in values))


answer("top1", metrics.accuracy_score(labels, found))
answer("top5", metrics.top_k_accuracy_score(labels, scores, k=5, labels=known))
answer("log_loss", -np.log(scores[np.arange(PICTURES), labels].astype(np.float64)).mean())
answer("mean_class_top1", metrics.recall_score(labels, found, average="macro", labels=known[:-1], zero_division=0))
ece = MulticlassCalibrationError(CLASSES, n_bins=15, norm="l1")
answer("ece", ece(torch.from_numpy(scores).double(), torch.from_numpy(labels)))
answer("recall", *metrics.recall_score(labels, found, average=None, labels=known[:-1], zero_division=0))
precision = metrics.precision_score(labels, found, average=None, labels=known, zero_division=np.nan)
answer("precision", *np.nan_to_num(precision, nan=-1))
answer("confusion", *metrics.confusion_matrix(labels, found, labels=known).ravel())
(folder / "top_k_oracle.txt").write_text("\n".join(lines) + "\n")
