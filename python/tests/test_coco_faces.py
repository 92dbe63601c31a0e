"""Who wears the place of pycocotools and faster-coco-eval: evaluation code of others runs on this package unchanged.

What needs a package that is not installed is skipped by name.
"""
import copy
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy

import coco_sets
from spinenet_cpp import faster_coco_eval, mask
from spinenet_cpp.errors import UnsupportedError


def installed(name):
    return importlib.util.find_spec(name) is not None


def run(script, *arguments):
    """Standard output of a new process, in which the names mean this package."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.truth, self.results = coco_sets.random_set(numpy.random.default_rng(1), mask)
        self.files = [str(path) for path in coco_sets.write(self.folder, self.truth, self.results)]


class InstallTest(FolderTest):
    def test_the_names_mean_this_package(self):
        script = (
            "import sys, spinenet_cpp.coco as coco; coco.install()\n"
            "from pycocotools.coco import COCO; from pycocotools.cocoeval import COCOeval, Params\n"
            "import pycocotools.mask as maskUtils; from pycocotools import mask; import pycocotools.coco\n"
            "import faster_coco_eval; from faster_coco_eval import COCO as Faster, COCOeval_faster\n"
            "from faster_coco_eval.core.coco import COCO; from faster_coco_eval.core import mask as m\n"
            "truth = pycocotools.coco.COCO(sys.argv[1])\n"
            "e = COCOeval(truth, truth.loadRes(sys.argv[2]), 'bbox'); e.evaluate(); e.accumulate(); e.summarize()\n"
            "print(type(e).__module__, COCOeval_faster.__module__)\n"
        )
        self.assertIn("spinenet_cpp.cocoeval spinenet_cpp.faster_coco_eval", run(script, *self.files))


class FasterTest(FolderTest):
    def evaluated(self, module, truth, results, iou="bbox", change=lambda params: None):
        source = module.COCO(copy.deepcopy(truth) if isinstance(truth, dict) else truth)
        found = source.loadRes(copy.deepcopy(results))
        evaluation = module.COCOeval_faster(source, found, iouType=iou, print_function=lambda text: None)
        change(evaluation.params)
        evaluation.run()
        return evaluation

    @unittest.skipUnless(installed("faster_coco_eval"), "faster-coco-eval is not installed")
    def test_equals_faster_coco_eval(self):
        """But for the last digit of precision, where faster-coco-eval differs from pycocotools, whose value this one is."""
        import faster_coco_eval as theirs

        for case in range(20):
            masks = bool(case % 2)
            truth, results = coco_sets.random_set(numpy.random.default_rng(100 + case), mask, masks)
            if not results:
                continue
            changes = [lambda params: None, lambda params: setattr(params, "maxDets", [1, 5, 7, 300])]
            for change in changes:
                pair = [self.evaluated(m, truth, results, "segm" if masks else "bbox", change)
                        for m in (faster_coco_eval, theirs)]
                for name in ("recall", "scores"):
                    self.assertTrue(numpy.array_equal(pair[0].eval[name], pair[1].eval[name]), (case, name))
                apart = numpy.abs(pair[0].eval["precision"] - pair[1].eval["precision"]).max()
                self.assertLess(apart, 1e-15)
                named = [one.stats_as_dict for one in pair]
                self.assertEqual(list(named[0]), list(named[1]))
                self.assertLess(numpy.abs(numpy.subtract(*(list(one.values()) for one in named))).max(), 1e-14)
                self.assertEqual(len(pair[0].stats), len(pair[1].stats))

    def test_numbers_have_names(self):
        found = self.evaluated(faster_coco_eval, *self.files).stats_as_dict
        self.assertEqual(list(found)[:3], ["AP_all", "AP_50", "AP_75"])
        self.assertEqual(len(found), 14)
        self.assertEqual(found, self.evaluated(faster_coco_eval, self.truth, self.results).stats_as_dict)

    def test_a_flag_may_be_absent(self):
        expected = self.evaluated(faster_coco_eval, self.truth, self.results)
        for ann in self.truth["annotations"]:
            if not ann["iscrowd"]:
                del ann["iscrowd"]
        found = self.evaluated(faster_coco_eval, self.truth, self.results)
        self.assertTrue(numpy.array_equal(found.eval["precision"], expected.eval["precision"]))

    def test_no_results_are_a_set_without_results(self):
        empty = self.folder / "empty.json"
        empty.write_text("[]")
        for results in ([], str(empty)):
            self.assertLessEqual(self.evaluated(faster_coco_eval, self.files[0], results).stats[0], 0.0)

    def test_low_scores_are_left_out(self):
        source = faster_coco_eval.COCO(self.files[0])
        found = source.loadRes(self.files[1], min_score=0.5)
        self.assertEqual(len(found.anns), sum(one["score"] >= 0.5 for one in self.results))

    def test_is_refused_by_name_where_nothing_is_computed(self):
        source = faster_coco_eval.COCO(self.files[0])
        for options in ({"lvis_style": True}, {"extra_calc": True}, {"iouType": "keypoints"}, {"iouType": "boundary"}):
            with self.assertRaises(UnsupportedError):
                faster_coco_eval.COCOeval_faster(source, source, **options)


@unittest.skipUnless(installed("ultralytics"), "ultralytics is not installed")
class UltralyticsTest(FolderTest):
    def test_its_validation_runs_unchanged(self):
        script = pathlib.Path(__file__).with_name("ultralytics_validation.py")
        environment = dict(os.environ, YOLO_CONFIG_DIR=str(self.folder), YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
        done = subprocess.run([sys.executable, str(script), str(self.folder)], capture_output=True, text=True,
                              env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("evaluated by spinenet_cpp.faster_coco_eval", done.stdout)


if __name__ == "__main__":
    unittest.main()
