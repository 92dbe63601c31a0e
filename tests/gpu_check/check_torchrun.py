"""Two processes that PyTorch's own launcher starts train one network; one that fails fails the start."""
import os
import pathlib
import subprocess
import tempfile

from gpu_check import ROOT, expect, libtorch, program, skip

RECIPE = """
architecture: {filter_size_scale: 0.07, endpoints_num_filters: 8, stem_filters: 6, head_convs: 1, head_filters: 8}
data: {train_images: train, val_images: val, loader_threads: 1}
image_size: 128
batch: 4
epochs: 2
threads: 1
device: cpu
"""


def python_with_torch():
    written = ROOT / "build/libtorch"
    candidates = [os.environ.get("SPINENET_PYTHON", ""), "python3"]
    if written.exists():
        torch = pathlib.Path(written.read_text().strip())
        if torch.match("lib/python3*/site-packages/torch"):
            candidates.insert(1, str(torch.parents[3] / "bin/python"))
    for python in filter(None, candidates):
        try:
            told = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
        except OSError:
            continue
        if told.returncode == 0 and told.stdout.split("+")[0].strip() == libtorch().split("+")[0]:
            return python
    skip(f"no Python with PyTorch {libtorch()}")


python = python_with_torch()
with tempfile.TemporaryDirectory() as scratch:
    root = pathlib.Path(scratch)
    (root / "recipe.yaml").write_text(RECIPE)
    made = subprocess.run([program(), "data", "scenes", "--out", root / "data", "--level", "easy", "--images", "8",
                           "--val-images", "2"], capture_output=True, text=True)
    if made.returncode != 0:
        skip(made.stderr)

    def torchrun(out, *more):
        command = [python, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29561", "--no-python",
                   program(), "train", root / "recipe.yaml", "--out", root / out, "--set", f"data.root={root / 'data'}", *more]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=500)
        return done.returncode, done.stdout + done.stderr

    status, text = torchrun("run")
    expect(status == 0, text)
    expect("as one of 2 processes" in text, text)
    expect((root / "run/last.safetensors").exists(), text)

    # Both fail: the recipe is for more data than there are.
    status, text = torchrun("wrong", "--set", "data.train_images=nowhere")
    expect(status != 0 and not (root / "wrong/last.safetensors").exists(), text)
print("passed")
