"""The notebooks run from top to bottom, hold no outputs, and name what the package has."""
import ast
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import spinenet_cpp
from notebook_runner import code_cells
from support import FolderTest, PROGRAM

TESTS = pathlib.Path(__file__).parent
NOTEBOOKS = TESTS.parent / "notebooks"
MODEL = TESTS.parent.parent / "models" / "scenes-easy.safetensors"
PACKAGE = pathlib.Path(spinenet_cpp.__file__).parent
NAMES = ("evaluate", "predict", "train")


def cells_of(name):
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())["cells"]


class Execution(FolderTest):
    def run_notebook(self, name):
        """What each cell gave, in a new process and a folder laid out like a clone."""
        place = self.folder / "python" / "notebooks"
        place.mkdir(parents=True)
        (self.folder / "models").mkdir()
        (self.folder / "models" / MODEL.name).symlink_to(MODEL)
        notebook = place / f"{name}.ipynb"
        notebook.write_bytes((NOTEBOOKS / notebook.name).read_bytes())
        # One thread of PyTorch: several wait for each other for long where the machine is busy.
        environment = dict(os.environ, PATH=f"{pathlib.Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}",
                           OMP_NUM_THREADS="1")
        result = self.folder / "result.json"
        done = subprocess.run([sys.executable, TESTS / "notebook_runner.py", notebook, result], cwd=place,
                              env=environment, capture_output=True, text=True, timeout=540)
        self.assertEqual(done.returncode, 0, done.stderr)
        entries = json.loads(result.read_text())
        self.assertEqual(len(entries), len(code_cells(notebook)))
        for number, entry in enumerate(entries, 1):
            self.assertTrue(entry["text"] or entry["shown"], f"cell {number} gives nothing")
        self.assertEqual(os.listdir(place), [notebook.name])
        return entries

    def numbers_after(self, entry, words):
        return [float(number) for number in re.findall(words + r"\D*?(-?\d+\.\d+)", entry["text"])]

    def test_predict(self):
        entries = self.run_notebook("predict")
        self.assertIn("image/png", entries[2]["shown"])
        self.assertGreater(len(entries[3]["text"].splitlines()), 0)
        self.assertIn("image/png", entries[5]["shown"])

    def test_evaluate(self):
        entries = self.run_notebook("evaluate")
        ap, = self.numbers_after(entries[3], r"Precision  \(AP\) @\[ IoU=0.50:0.95 \| area=   all \| maxDets=100 \] =")
        self.assertGreater(ap, 0.5)
        program, = self.numbers_after(entries[5], "spinenet eval:")
        notebook, = self.numbers_after(entries[5], "this notebook:")
        self.assertEqual(program, notebook)

    @unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed")
    def test_train(self):
        entries = self.run_notebook("train")
        self.assertEqual(len(self.numbers_after(entries[3], "loss")), 8)
        self.assertIn("image/png", entries[5]["shown"])
        torch, = self.numbers_after(entries[6], "PyTorch")
        engine, = self.numbers_after(entries[6], "the engine")
        self.assertAlmostEqual(torch, engine, delta=1e-4)
        self.assertGreater(engine, 0.5)


class Form(unittest.TestCase):
    def test_are_those_that_are_executed(self):
        self.assertEqual([path.stem for path in sorted(NOTEBOOKS.iterdir())], list(NAMES))

    def test_hold_no_outputs(self):
        for name in NAMES:
            notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())
            self.assertEqual(notebook["nbformat"], 4)
            self.assertLessEqual(set(notebook["metadata"]), {"kernelspec", "language_info"})
            for cell in notebook["cells"]:
                self.assertEqual(cell["metadata"], {})
                if cell["cell_type"] == "code":
                    self.assertEqual((cell["outputs"], cell["execution_count"]), ([], None), name)

    def test_are_explained_and_short(self):
        for name in NAMES:
            kinds = [cell["cell_type"] for cell in cells_of(name)]
            self.assertEqual(kinds, ["markdown", "code"] * (len(kinds) // 2), name)
            self.assertLessEqual(len(kinds), 20)
            for code in code_cells(NOTEBOOKS / f"{name}.ipynb"):
                self.assertLessEqual(len(code.splitlines()), 16, code)

    def test_have_ids(self):
        for name in NAMES:
            ids = [cell["id"] for cell in cells_of(name)]
            self.assertEqual(len(ids), len(set(ids)))


def names_of_module(module):
    """What a module of the package has for users, without importing it: it may need PyTorch."""
    if module == "spinenet_cpp":
        modules = {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("_")}
        return set(spinenet_cpp.__all__) | modules
    path = PACKAGE / (module.partition(".")[2] + ".py")
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                names |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def names_used(tree):
    """Pairs of a module of the package and a name of it that the code uses."""
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "spinenet_cpp":
            used |= {(node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("spinenet_cpp."):
                    used.add(("spinenet_cpp", alias.name.partition(".")[2]))
        elif isinstance(node, ast.Attribute) and re.match(r"spinenet_cpp(\.[a-z_]+)?\.\w+$", ast.unparse(node)):
            module, _, name = ast.unparse(node).rpartition(".")
            used.add((module, name))
    return used


class PublicNames(unittest.TestCase):
    def test_exist(self):
        for notebook in NAMES:
            used = set()
            for code in code_cells(NOTEBOOKS / f"{notebook}.ipynb"):
                used |= names_used(ast.parse(code))
            self.assertTrue(used)
            for module, name in used:
                self.assertIn(name, names_of_module(module), f"{module}.{name} in {notebook}")

    def test_exist_where_the_text_names_them(self):
        for notebook in NAMES:
            for cell in cells_of(notebook):
                for module, name in re.findall(r"`(spinenet_cpp(?:\.[a-z_]+)*)\.(\w+)`", "".join(cell["source"])):
                    self.assertIn(name, names_of_module(module), f"{module}.{name} in {notebook}")

    def test_are_the_only_ones(self):
        for notebook in NAMES:
            for code in code_cells(NOTEBOOKS / f"{notebook}.ipynb"):
                for node in ast.walk(ast.parse(code)):
                    name = getattr(node, "attr", getattr(node, "id", ""))
                    self.assertFalse(name.startswith("_") and name != "__name__", f"{name} in {notebook}")


if __name__ == "__main__":
    unittest.main()
