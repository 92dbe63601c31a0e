"""Architectures as objects: what they cost, their text, their drawing and their mutations."""
import json
import pickle
import subprocess
import unittest
import xml.etree.ElementTree

from spinenet_cpp import Architecture, Model, architectures
from support import FolderTest, PROGRAM, model_path


def described(*arguments):
    run = subprocess.run([PROGRAM, "describe", *arguments, "--json"], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


class ArchitectureTest(FolderTest):
    def test_knows_the_names(self):
        self.assertIn("spinenet-49", architectures())
        for name in architectures():
            self.assertEqual(Architecture(name).name, name)

    def test_costs_what_the_program_says(self):
        cost = Architecture("spinenet-49").cost()
        said = described("spinenet-49")
        self.assertEqual((cost.parameters, cost.multiply_adds), (said["parameters"], said["multiply_adds"]))
        self.assertEqual(repr(cost), f"Cost(parameters={cost.parameters}, multiply_adds={cost.multiply_adds})")
        cost = Architecture("spinenet-49").cost(384, "segment", 5)
        said = described("spinenet-49", "--size", "384", "--task", "segment", "--classes", "5")
        self.assertEqual((cost.parameters, cost.multiply_adds), (said["parameters"], said["multiply_adds"]))

    def test_describes_as_the_program(self):
        self.assertEqual(Architecture("resnet-50").describe(), described("resnet-50"))
        self.assertEqual(Architecture("yolov4").describe(image_size=416), described("yolov4", "--size", "416"))
        self.assertEqual((Architecture("resnet-50").task, Architecture("yolov4").task), ("classify", "detect"))

    def test_draws_as_the_program(self):
        path = self.folder / "a.svg"
        described("spinenet-49", "--svg", str(path), "--quiet")
        self.assertEqual(Architecture("spinenet-49").svg(), path.read_text())
        self.assertEqual(Architecture("spinenet-49")._repr_svg_(), path.read_text())
        for name in architectures():
            xml.etree.ElementTree.fromstring(Architecture(name).svg())

    def test_text_goes_there_and_back(self):
        for name in architectures():
            one = Architecture(name)
            text = one.to_json()
            self.assertEqual(Architecture.from_json(text), one)
            self.assertEqual(Architecture(text), one)
            self.assertEqual(Architecture(json.loads(text)), one)
            self.assertEqual(pickle.loads(pickle.dumps(one)), one)
        path = self.folder / "a.json"
        path.write_text(Architecture("spinenet-96").to_json())
        self.assertEqual(Architecture(path), Architecture("spinenet-96"))
        self.assertEqual(Architecture(str(path)), Architecture("spinenet-96"))

    def test_is_compared_by_value(self):
        self.assertNotEqual(Architecture("spinenet-49"), Architecture("spinenet-96"))
        self.assertNotEqual(Architecture("spinenet-49"), "spinenet-49")
        self.assertEqual(repr(Architecture("spinenet-49")), "<Architecture spinenet-49>")

    def test_mutates_one_decision(self):
        parent = Architecture("spinenet-49")
        self.assertEqual(parent.mutate(7), parent.mutate(7))
        children = [parent.mutate(seed) for seed in range(20)]
        self.assertGreater(len({child.name for child in children}), 10)
        for child in children:
            self.assertNotEqual(child.describe()["blocks"], parent.describe()["blocks"])
            self.assertTrue(child.name.startswith("mutated-"))
            child.mutate(1).cost()
        self.assertEqual(parent, Architecture("spinenet-49"))
        self.assertTrue(Architecture("r0-sp53").mutate(1, space="r0-sp53").cost().parameters > 0)

    def test_of_a_model(self):
        model = Model(model_path("detect"))
        one = model.architecture
        del model
        self.assertEqual(Architecture(one.to_json()), one)


if __name__ == "__main__":
    unittest.main()
