"""The short form of scripts/gpu_check, on the processor, and what it answers to wrong arguments."""
from gpu_check import SCRIPT, expect, gpu_check, program

status, text = gpu_check(SCRIPT, "--program", program(), "--device", "cpu", "--minutes", "5")
expect(status == 0, text)
for part in ("versions     ok", "training     ok", "evaluation   ok", "prediction   ok", "throughput   ok", "PASSED on cpu"):
    expect(part in text, f"no \"{part}\" in\n{text}")
expect("ratio" in text and "PyTorch" in text, text)

status, text = gpu_check(SCRIPT, "--program", "nowhere/spinenet")
expect(status == 2 and "there is no nowhere/spinenet" in text, text)

# A GPU that is not there is a failure, not a success.
status, text = gpu_check(SCRIPT, "--program", program(), "--device", "cuda", CUDA_VISIBLE_DEVICES="")
expect(status == 1 and "sees no GPU" in text and "FAILED: versions" in text, text)
print("passed")
