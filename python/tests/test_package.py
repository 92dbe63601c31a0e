"""The package can be imported, and says the version that the program says."""
import subprocess
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


if __name__ == "__main__":
    unittest.main()
