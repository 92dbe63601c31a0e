"""The package can be imported, and says the version that the program says."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import spinenet_cpp
from support import PROGRAM


class PackageTest(unittest.TestCase):
    def test_has_the_version_of_the_program(self):
        said = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(said.split()[-1], spinenet_cpp.__version__)

    def test_names_what_it_has(self):
        for name in spinenet_cpp.__all__:
            self.assertTrue(hasattr(spinenet_cpp, name), name)

    def test_errors_are_what_a_python_user_expects(self):
        expected = {"UsageError": ValueError, "BadDataError": ValueError, "InputOutputError": OSError,
                    "UnsupportedError": RuntimeError, "FailedError": RuntimeError}
        for name, base in expected.items():
            kind = getattr(spinenet_cpp, name)
            self.assertTrue(issubclass(kind, spinenet_cpp.Error) and issubclass(kind, base), name)

    def test_a_numpy_that_it_does_not_know_is_refused(self):
        """Arrays would hold false numbers."""
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder) / "numpy"
            fake.mkdir()
            (fake / "__init__.py").write_text('__version__ = "2.9.0"\n')
            path = os.pathsep.join([folder, str(pathlib.Path(spinenet_cpp.__file__).parents[1])])
            done = subprocess.run([sys.executable, "-c", "import spinenet_cpp"], env={**os.environ, "PYTHONPATH": path},
                                  capture_output=True, text=True)
        if done.returncode == 0:
            self.skipTest("built with a pybind11 that knows NumPy 2")
        self.assertIn("NumPy 2.9.0", done.stderr)
        self.assertIn("numpy<2", done.stderr)


if __name__ == "__main__":
    unittest.main()
