"""What scripts/setup --torch finds and writes, and what cmake/SpinenetTorch.cmake makes of it or refuses.

    check_torch.py CMAKE COMPILER

Made folders stand for LibTorch, made programs for dpkg-query and python3, so that nothing is installed and no network asked.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CMAKE, COMPILER = sys.argv[1:3]
PYTHON = """#!/bin/sh
# In the place of python3 and of the python of an environment.
case "$*" in
  "-c import ensurepip") ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip install "*)
    echo "$*" >"$ASKED"
    torch="$(dirname "$0")/../lib/python3.11/site-packages/torch"
    mkdir -p "$torch/lib" "$torch/include/ATen"
    touch "$torch/lib/libtorch_cpu.so" "$torch/include/ATen/ATen.h" ;;
  *) exit 9 ;;
esac
"""


def make_libtorch(folder, abi="__cxx11"):
    for name, text in {"lib/libtorch_cpu.so": "", "lib/libc10.so": f"xx{abi}yyyyyy\n", "lib/libgomp.so.1": "",
                       "include/ATen/ATen.h": ""}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


class Torch(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.scratch.name).resolve()
        (self.root / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/setup", self.root / "scripts/setup")
        (self.root / "cmake").mkdir()
        shutil.copy(ROOT / "cmake/SpinenetTorch.cmake", self.root / "cmake")
        programs = self.root / "programs"
        programs.mkdir()
        for name, text in {"dpkg-query": "#!/bin/sh\nprintf installed\n", "python3": PYTHON}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "ASKED": str(self.root / "asked")}
        self.environment.pop("SPINENET_LIBTORCH", None)

    def tearDown(self):
        self.scratch.cleanup()

    def setup(self, *words):
        done = subprocess.run([self.root / "scripts/setup", *map(str, words)], capture_output=True, text=True,
                              env=self.environment)
        return done.returncode, done.stdout + done.stderr

    def written(self):
        return (self.root / "build/libtorch").read_text().strip()

    def test_a_folder_of_three_kinds(self):
        unpacked = make_libtorch(self.root / "libtorch")
        package = make_libtorch(self.root / "environment/lib/python3.11/site-packages/torch")
        for given, found in ((unpacked, unpacked), (package.parent, package), (self.root / "environment", package)):
            status, text = self.setup("--torch", given)
            self.assertEqual(status, 0, text)
            self.assertEqual(self.written(), str(found))

    def test_pip_makes_an_environment(self):
        for words, asked, folder in ((["--torch", "pip"], "torch numpy", ".venv"),
                                     (["--torch", "pip==2.11.0", "--venv", self.root / "other"], "torch==2.11.0 numpy", "other")):
            status, text = self.setup(*words)
            self.assertEqual(status, 0, text)
            self.assertIn(" " + asked, (self.root / "asked").read_text())
            self.assertEqual(self.written(), str(self.root / folder / "lib/python3.11/site-packages/torch"))

    def test_what_is_refused(self):
        status, text = self.setup("--torch", self.root / "nothing")
        self.assertEqual(status, 1)
        self.assertIn("no LibTorch in", text)
        for words in (["--torch"], ["--torch", "pipx"], ["--torch", "pip=="], ["--venv"], ["--fast"]):
            status, text = self.setup(*words)
            self.assertEqual(status, 2, f"{words}: {text}")
            self.assertIn("usage:", text)
        self.assertFalse((self.root / "build").exists())

    def configure(self, *settings, **variables):
        (self.root / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.22)\nproject(small LANGUAGES CXX)\n"
            "list(APPEND CMAKE_MODULE_PATH ${PROJECT_SOURCE_DIR}/cmake)\ninclude(SpinenetTorch)\n"
            "get_target_property(libraries ${TORCH_LIBRARIES} INTERFACE_LINK_LIBRARIES)\n"
            'message("libraries: ${libraries}; gomp: ${SPINENET_LIBTORCH_GOMP}; shares: ${SPINENET_LIBTORCH_SHARES}")\n')
        shutil.rmtree(self.root / "made", ignore_errors=True)
        done = subprocess.run([CMAKE, "-S", self.root, "-B", self.root / "made", f"-DCMAKE_CXX_COMPILER={COMPILER}",
                               *(f"-D{setting}" for setting in settings)],
                              capture_output=True, text=True, env={**self.environment, **variables})
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def test_the_build_takes_it(self):
        libtorch = make_libtorch(self.root / "libtorch")
        self.assertEqual(self.setup("--torch", libtorch)[0], 0)
        expected = f"libraries: {libtorch}/lib/libtorch_cpu.so;{libtorch}/lib/libc10.so; gomp: {libtorch}/lib/libgomp.so.1; shares: OFF"
        status, text = self.configure("SPINENET_TORCH=pip")
        self.assertEqual(status, 0, text)
        self.assertIn(expected, text)
        other = make_libtorch(self.root / "other")
        for settings, variables in ((["SPINENET_TORCH=pip"], {"SPINENET_LIBTORCH": str(other)}),
                                    ([f"SPINENET_TORCH={other}"], {})):
            status, text = self.configure(*settings, **variables)
            self.assertEqual(status, 0, text)
            self.assertIn(f"libraries: {other}/lib/libtorch_cpu.so", text)

    def test_the_build_refuses(self):
        status, text = self.configure("SPINENET_TORCH=pip")
        self.assertNotEqual(status, 0)
        self.assertIn("run scripts/setup --torch pip", text)
        status, text = self.configure(f"SPINENET_TORCH={self.root / 'nothing'}")
        self.assertNotEqual(status, 0)
        self.assertIn("a folder of LibTorch?", text)
        old = make_libtorch(self.root / "old", abi="Ss")
        status, text = self.configure(f"SPINENET_TORCH={old}")
        self.assertNotEqual(status, 0)
        self.assertIn("C++ ABI of before 2011", text)
        status, text = self.configure("SPINENET_TORCH_CUDA=ON")
        self.assertNotEqual(status, 0)
        self.assertIn("set SPINENET_TORCH, too", text)
        libtorch = make_libtorch(self.root / "libtorch")
        status, text = self.configure(f"SPINENET_TORCH={libtorch}", "SPINENET_TORCH_CUDA=ON")
        self.assertNotEqual(status, 0)
        self.assertIn("libtorch_cuda.so", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
