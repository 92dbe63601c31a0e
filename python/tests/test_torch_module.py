"""The networks as PyTorch modules, where PyTorch is installed."""
import unittest

from torch_support import torch

if torch is None:
    class PyTorch(unittest.TestCase):
        @unittest.skip("PyTorch is not installed")
        def test_is_installed(self):
            pass
else:
    from torch_module_cases import *  # noqa: F403


if __name__ == "__main__":
    unittest.main()
