"""torch.compile and two processes, where PyTorch is installed."""
import unittest

from torch_support import load_cases

globals().update(load_cases("torch_compile_cases"))

if __name__ == "__main__":
    unittest.main()
