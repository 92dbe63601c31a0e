"""The losses of YOLO's head and of the two stages in PyTorch, where it is installed."""
import unittest

from torch_support import load_cases

globals().update(load_cases("torch_losses_cases"))

if __name__ == "__main__":
    unittest.main()
