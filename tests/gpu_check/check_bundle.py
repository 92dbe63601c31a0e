"""The folder that scripts/gpu_check --bundle makes: small enough, whole, and working where the build is not."""
import json
import pathlib
import shutil
import subprocess
import tempfile

from gpu_check import SCRIPT, expect, gpu_check, program, skip

if not shutil.which("strip") or not shutil.which("ldd"):
    skip("no strip or no ldd here")
with tempfile.TemporaryDirectory() as scratch:
    made = pathlib.Path(scratch) / "made"
    status, text = gpu_check(SCRIPT, "--program", program(), "--bundle", made)
    if "dataset-fashion-mnist" in text or "the system's LibTorch" in text:
        skip(text)
    expect(status == 0, text)
    bytes_ = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
    expect(bytes_ <= 60 << 20, f"{bytes_} bytes")
    print(text.strip())

    status, text = gpu_check(SCRIPT, "--program", program(), "--bundle", made)
    expect(status == 1 and "is not empty" in text, text)

    # Elsewhere, and the libraries that it brings are its own.
    moved = pathlib.Path(scratch) / "carried"
    made.rename(moved)
    names = {file.name for file in (moved / "lib").iterdir()}
    expect(not any(name.startswith(("libtorch", "libc10", "libgomp", "libc.so")) for name in names), str(names))
    loaded = subprocess.run(["ldd", moved / "bin/spinenet"], env={"LD_LIBRARY_PATH": str(moved / "lib"), "PATH": "/usr/bin:/bin"},
                            capture_output=True, text=True).stdout
    expect("not found" not in loaded and str(moved / "lib") in loaded, loaded)

    # Another PyTorch than that of the programs is named, with what to do.
    manifest = json.loads((moved / "manifest.json").read_text())
    (moved / "manifest.json").write_text(json.dumps({**manifest, "libtorch": "1.0.0"}))
    text = subprocess.run([moved / "gpu_check", "--device", "cpu"], capture_output=True, text=True).stdout
    expect("no Python with PyTorch" in text or "built with LibTorch 1.0.0" in text, text)
    (moved / "manifest.json").write_text(json.dumps(manifest))

    status, text = gpu_check(moved / "gpu_check", "--device", "cpu", "--minutes", "5")
    expect(status == 0 and "PASSED on cpu" in text, text)
print("passed")
