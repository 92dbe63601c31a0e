"""The stubs (_core.pyi) say what the compiled module has: the same names, the same arguments with the same defaults."""
import ast
import inspect
import pathlib
import re
import unittest

import spinenet_cpp
from spinenet_cpp import _core

STUBS = ast.parse(pathlib.Path(_core.__file__).with_name("_core.pyi").read_text())
# What every class has, or what stands in the stubs only where it says something.
COMMON = set(dir(object)) | {"__module__", "__getstate__", "__setstate__", "__call__", "__len__"}


def functions_of(node):
    """Name -> definitions, several where it is overloaded."""
    found = {}
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            found.setdefault(item.name, []).append(item)
    return found


def classes():
    return [node for node in STUBS.body if isinstance(node, ast.ClassDef)]


def stated_arguments(definition):
    """Pairs of name and default, "" where there is none, of a stub."""
    arguments = definition.args
    names = [one.arg for one in arguments.posonlyargs + arguments.args]
    defaults = [""] * (len(names) - len(arguments.defaults)) + [ast.unparse(one) for one in arguments.defaults]
    pairs = list(zip(names, defaults))
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        pairs.append((one.arg, ast.unparse(default) if default else ""))
    return [pair for pair in pairs if pair[0] != "self"]


def real_arguments(function):
    """The same of a compiled function, from the signature that its documentation begins with."""
    signature = function.__doc__.splitlines()[0]
    text = signature[signature.index("(") + 1 : signature.rindex(") ->")]
    pairs, depth, part = [], 0, ""
    for letter in text + ",":
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            match = re.fullmatch(r"\s*(\w+)(?::[^=]*?)?(?:\s*=\s*(.*))?\s*", part)
            if match:
                pairs.append((match.group(1), match.group(2) or ""))
            part = ""
        else:
            part += letter
    return [pair for pair in pairs if pair[0] != "self"]


def has_names(definition):
    """Whether its arguments do: those before "/" are the stub's words for what has no name in the module."""
    return not [one for one in definition.args.posonlyargs if one.arg != "self"]


def is_property(definition):
    return any(isinstance(one, ast.Name) and one.id == "property" for one in definition.decorator_list)


class StubsTest(unittest.TestCase):
    def test_have_the_names_of_the_module(self):
        stated = set(functions_of(STUBS)) | {node.name for node in classes()}
        real = {name for name in vars(_core) if not name.startswith("__")}
        self.assertEqual(stated, real)
        self.assertLess({"Model", "_CocoTruth", "_coco_measure", "_mask_ious", "_box_ious"}, real)

    def test_have_the_names_of_each_class(self):
        for node in classes():
            real = {name for name in vars(getattr(_core, node.name))} - COMMON
            real = {name for name in real if not name.startswith("__") and not name.startswith("_pybind11")}
            stated = {name for name in functions_of(node) if not name.startswith("__")}
            self.assertEqual(stated, real, node.name)
            for name in functions_of(node):
                self.assertTrue(hasattr(getattr(_core, node.name), name), f"{node.name}.{name}")

    def test_have_the_arguments_of_each_function(self):
        compared = 0
        for node in [STUBS, *classes()]:
            owner = _core if node is STUBS else getattr(_core, node.name)
            for name, definitions in functions_of(node).items():
                function = getattr(owner, name)
                if is_property(definitions[0]):
                    self.assertIsInstance(inspect.getattr_static(owner, name), property, name)
                    continue
                if name.startswith("__") and name not in ("__init__", "__call__"):
                    continue
                for definition in definitions:
                    stated, real = stated_arguments(definition), real_arguments(function)
                    if not has_names(definition):
                        stated = [(f"arg{i}", default) for i, (_, default) in enumerate(stated)]
                    self.assertEqual(stated, real, f"{node}.{name}")
                    compared += 1
        self.assertGreater(compared, 10)

    def test_document_each_name(self):
        for node in [STUBS, *classes()]:
            self.assertTrue(ast.get_docstring(node))
        for definitions in functions_of(STUBS).values():
            self.assertTrue(any(ast.get_docstring(one) for one in definitions))

    def test_stand_beside_the_marker_of_typed_packages(self):
        self.assertTrue(pathlib.Path(spinenet_cpp.__file__).with_name("py.typed").exists())


if __name__ == "__main__":
    unittest.main()
