"""spinenet_cpp.coco and cocoeval give pycocotools' arrays bit for bit, whatever the data and the parameters.

SPINENET_COCO_CASES: how many random sets are compared [200].
"""
import copy
import importlib.util
import os
import pathlib
import pickle
import tempfile
import threading
import unittest

import numpy

import coco_sets
from spinenet_cpp import _coco_sources as sources
from spinenet_cpp import coco, cocoeval, mask
from spinenet_cpp.errors import BadDataError, UnsupportedError

try:
    from pycocotools.coco import COCO as TheirCOCO
    from pycocotools.cocoeval import COCOeval as TheirCOCOeval
except ImportError:
    TheirCOCO = None

CASES = int(os.environ.get("SPINENET_COCO_CASES", "200"))
PIECE_BYTES = sources.PIECE_BYTES
WITH_PYCOCOTOOLS = unittest.skipIf(TheirCOCO is None, "pycocotools is not installed")


def ours(*arguments, **options):
    return coco_sets.evaluated(coco.COCO, cocoeval.COCOeval, *arguments, **options)


def theirs(*arguments, **options):
    return coco_sets.evaluated(TheirCOCO, TheirCOCOeval, *arguments, **options)


def small_set(seed=1, masks=False):
    return coco_sets.random_set(numpy.random.default_rng(seed), mask, masks)


@WITH_PYCOCOTOOLS
class RandomSetsTest(unittest.TestCase):
    def test_equal_pycocotools_in_every_array(self):
        at_once = 0
        with tempfile.TemporaryDirectory() as folder:
            for case in range(CASES):
                rng = numpy.random.default_rng(case)
                masks = bool(case % 2)
                truth, results = coco_sets.random_set(rng, mask, masks)
                if not results:
                    continue
                change = coco_sets.random_params(rng)
                iou = "segm" if masks or case % 6 == 0 else "bbox"
                expected = theirs(truth, results, iou, change)
                files = coco_sets.write(pathlib.Path(folder), truth, results)
                sources.PIECE_BYTES = (1, 500, PIECE_BYTES)[case % 3]
                self.addCleanup(setattr, sources, "PIECE_BYTES", PIECE_BYTES)
                for given in ((truth, results), files, (files[0], results)):
                    with self.subTest(case=case, source=type(given[0]), results=type(given[1])):
                        given = tuple(str(s) if isinstance(s, pathlib.Path) else s for s in given)
                        found = ours(*given, iou, change)
                        coco_sets.assert_same(self, found, expected)
                        at_once += found._measured is not None
                        looked = ours(*given, iou, change, look=True)
                        coco_sets.assert_same(self, looked, expected, also_images=False)
        self.assertGreater(at_once, CASES)

    def test_numbers_of_a_standard_evaluation(self):
        for masks in (False, True):
            truth, results = small_set(4, masks)
            iou = "segm" if masks else "bbox"
            found, expected = ours(truth, results, iou), theirs(truth, results, iou)
            coco_sets.quiet(found.summarize)
            coco_sets.quiet(expected.summarize)
            self.assertEqual(found.stats.tolist(), expected.stats.tolist())


@WITH_PYCOCOTOOLS
class NastySetsTest(unittest.TestCase):
    def compare(self, truth, results, change=lambda params: None, iou="bbox", at_once=None):
        found, expected = ours(truth, results, iou, change), theirs(truth, results, iou, change)
        coco_sets.assert_same(self, found, expected)
        if at_once is not None:
            self.assertEqual(found._measured is not None, at_once)
        return found

    def refused_alike(self, truth, results, iou="bbox"):
        raised = []
        for evaluate in (ours, theirs):
            try:
                evaluate(truth, results, iou)
            except Exception as error:
                raised.append(type(error))
        self.assertEqual(len(raised), 2, raised)

    def test_no_annotations(self):
        truth, results = small_set()
        truth["annotations"] = []
        self.compare(truth, results, at_once=True)

    def test_no_results_of_most_images(self):
        truth, results = small_set(3)
        self.compare(truth, results[:1], at_once=True)

    def test_an_empty_object_as_results(self):
        truth, _ = small_set()

        def evaluate(types):
            source = coco_sets.made_truth(types[0], truth)
            evaluation = types[1](source, types[0](), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            return evaluation

        found = coco_sets.quiet(evaluate, (coco.COCO, cocoeval.COCOeval))
        coco_sets.assert_same(self, found, coco_sets.quiet(evaluate, (TheirCOCO, TheirCOCOeval)))

    def test_one_image(self):
        truth, results = small_set(5)
        one = truth["images"][0]["id"]
        self.compare(truth, results, lambda params: setattr(params, "imgIds", [one]), at_once=True)

    def test_only_crowds(self):
        truth, results = small_set(6)
        for ann in truth["annotations"]:
            ann["iscrowd"] = 1
        self.compare(truth, results, at_once=True)

    def test_equal_scores(self):
        truth, results = small_set(7)
        for one in results:
            one["score"] = 0.5
        self.compare(truth, results, at_once=True)

    def test_scores_that_are_no_numbers(self):
        truth, results = small_set(8)
        results[1]["score"] = float("nan")
        results[3]["score"] = float("nan")
        self.compare(truth, results, at_once=False)

    def test_infinite_scores(self):
        truth, results = small_set(8)
        results[1]["score"] = float("inf")
        self.compare(truth, results)

    def test_annotation_ids_that_occur_twice(self):
        truth, results = small_set(9)
        truth["annotations"][1]["id"] = truth["annotations"][0]["id"]
        self.compare(truth, results, at_once=False)

    def test_annotation_id_0(self):
        truth, results = small_set(10)
        truth["annotations"][0]["id"] = 0
        self.compare(truth, results, at_once=True)

    def test_negative_ids(self):
        truth, results = small_set(11)
        for ann in truth["annotations"]:
            ann["id"] = -ann["id"]
        self.compare(truth, results)

    def test_results_of_unknown_images(self):
        truth, results = small_set()
        results[0]["image_id"] = 12345
        self.refused_alike(truth, results)

    def test_unknown_categories(self):
        truth, results = small_set()
        for one in results:
            one["category_id"] = 12345
        self.compare(truth, results, at_once=True)

    def test_a_category_without_annotations(self):
        truth, results = small_set()
        truth["categories"].append({"id": 1000, "name": "none"})
        self.compare(truth, results, at_once=True)

    def test_flags_of_odd_types(self):
        for flag in (True, False, 2, 0.0, 1.0, "0", "1", numpy.int64(1)):
            truth, results = small_set(12)
            for ann in truth["annotations"][::2]:
                ann["iscrowd"] = flag
            with self.subTest(flag=flag):
                self.compare(truth, results)

    def test_a_missing_flag_and_a_missing_area(self):
        for key in ("iscrowd", "area", "bbox"):
            truth, results = small_set(13)
            for ann in truth["annotations"]:
                del ann[key]
            with self.subTest(key=key):
                self.refused_alike(truth, results)

    def test_numbers_of_other_types(self):
        truth, results = small_set(14)
        for ann in truth["annotations"]:
            ann["bbox"] = [int(value) for value in ann["bbox"]]
            ann["area"] = int(ann["area"])
        for one in results:
            one["bbox"] = numpy.array(one["bbox"])
            one["score"] = numpy.float32(one["score"])
        self.compare_without_copy_of_types(truth, results)

    def compare_without_copy_of_types(self, truth, results):
        # A box as an array cannot be compared with [] as loadRes of pycocotools does; lists of NumPy's floats can.
        for one in results:
            one["bbox"] = list(one["bbox"])
        self.compare(truth, results)

    def test_single_precision(self):
        truth, results = small_set(15)
        rows = [[one["image_id"], *one["bbox"], one["score"], one["category_id"]] for one in results]
        for kind in (numpy.float64, numpy.float32):
            with self.subTest(kind=kind):
                self.compare(truth, numpy.array(rows, kind), at_once=True)
                self.compare(truth, numpy.array(rows, kind), iou="segm")

    def test_boxes_without_size_and_beyond_the_image(self):
        truth, results = small_set(16)
        results[0]["bbox"] = [5.0, 5.0, 0.0, 0.0]
        results[1]["bbox"] = [-50.0, -50.0, 500.0, 500.0]
        truth["annotations"][0]["bbox"] = [5.0, 5.0, 0.0, 0.0]
        self.compare(truth, results, at_once=True)
        self.compare(truth, results, iou="segm", at_once=True)

    def test_masks_of_another_size(self):
        truth, results = small_set(17, masks=True)
        code = mask.encode(numpy.asfortranarray(numpy.ones((20, 30), numpy.uint8)))
        results[0]["segmentation"] = code
        self.compare(truth, results, iou="segm")

    def test_a_file_with_masks_that_are_refused(self):
        """Boxes are measured at once whatever the masks are; masks that the reader refuses, step by step."""
        for masks, broken in ((False, [[1, 2]]), (False, 5), (True, [[1, 2, 3, 4, 5, 6, 7]]), (True, [])):
            truth, results = small_set(8, masks)
            for ann in truth["annotations"][::2]:
                ann["segmentation"] = broken
            iou = "segm" if masks else "bbox"
            raised, found = [], []
            with tempfile.TemporaryDirectory() as folder:
                files = [str(file) for file in coco_sets.write(pathlib.Path(folder), truth, results)]
                for evaluate in (ours, theirs):
                    try:
                        found.append(evaluate(*files, iou))
                    except Exception as error:
                        raised.append(type(error))
                self.assertEqual(len(found) + len(raised), 2)
                if found:
                    coco_sets.assert_same(self, *found)
                    self.assertEqual(found[0]._measured is not None, not masks)
                else:
                    self.assertEqual(raised[0], raised[1])

    def test_boxes_of_masks(self):
        truth, results = small_set(18, masks=True)
        self.compare(truth, results, iou="bbox", at_once=True)

    def test_masks_with_boxes(self):
        truth, results = small_set(19, masks=True)
        for one in results:
            one["bbox"] = [1.0, 2.0, 30.0, 40.0]
        self.compare(truth, results, iou="segm", at_once=True)

    def test_categories_that_do_not_count(self):
        truth, results = small_set(20)

        def change(params):
            params.useCats = 0
            params.catIds = [8, 3, 99]

        self.compare(truth, results, change, at_once=True)
        self.compare(truth, results, lambda params: setattr(params, "catIds", [3, 3, 8]))

    def test_thresholds_out_of_order(self):
        truth, results = small_set(21)
        self.compare(truth, results, lambda params: setattr(params, "iouThrs", [0.9, 0.5, 0.7]), at_once=True)
        self.compare(truth, results, lambda params: setattr(params, "recThrs", [0.9, 0.5, 0.7]), at_once=False)
        self.compare(truth, results, lambda params: setattr(params, "iouThrs", [0.0, 1.0, 2.0]), at_once=True)

    def test_other_parameters_for_the_sum(self):
        truth, results = small_set(22)

        def evaluate(types):
            source = coco_sets.made_truth(types[0], truth)
            evaluation = types[1](source, source.loadRes(copy.deepcopy(results)), "bbox")
            evaluation.evaluate()
            p = copy.deepcopy(evaluation.params)
            p.maxDets = [10, 100]
            p.imgIds = p.imgIds[:2]
            p.catIds = p.catIds[-1:]
            evaluation.accumulate(p)
            return evaluation

        found = coco_sets.quiet(evaluate, (coco.COCO, cocoeval.COCOeval))
        coco_sets.assert_same(self, found, coco_sets.quiet(evaluate, (TheirCOCO, TheirCOCOeval)))

    def test_results_with_ids_of_their_own(self):
        truth, results = small_set(23)
        made = copy.deepcopy(truth)
        made["annotations"] = copy.deepcopy(results)
        for place, one in enumerate(made["annotations"]):
            one.update(id=place * 3 + 1, area=17.0 * place, iscrowd=0)

        def evaluate(types, first):
            made["annotations"][0]["id"] = first
            source, found = coco_sets.made_truth(types[0], truth), coco_sets.made_truth(types[0], made)
            evaluation = types[1](source, found, "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            return evaluation

        for first in (1, 0, -5, 4):
            found = coco_sets.quiet(evaluate, (coco.COCO, cocoeval.COCOeval), first)
            expected = coco_sets.quiet(evaluate, (TheirCOCO, TheirCOCOeval), first)
            with self.subTest(first=first):
                coco_sets.assert_same(self, found, expected)


class ContentTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.truth, self.results = small_set(2)
        self.files = coco_sets.write(pathlib.Path(folder.name), self.truth, self.results)
        self.source = coco_sets.quiet(coco.COCO, str(self.files[0]))

    def measured(self, found=None, iou="bbox"):
        def work():
            evaluation = cocoeval.COCOeval(self.source, found or self.source.loadRes(str(self.files[1])), iou)
            evaluation.evaluate()
            evaluation.accumulate()
            return evaluation

        return coco_sets.quiet(work)

    def test_is_that_of_the_file(self):
        ids = [image["id"] for image in self.truth["images"]]
        self.assertEqual(self.source.getImgIds(), ids)
        self.assertEqual(self.source.getCatIds(), [one["id"] for one in self.truth["categories"]])
        self.assertEqual(self.source.cats, {one["id"]: one for one in self.truth["categories"]})
        self.assertEqual(self.source.dataset, self.truth)
        self.assertEqual(self.source.imgs, {one["id"]: one for one in self.truth["images"]})
        self.assertEqual(self.source.anns, {one["id"]: one for one in self.truth["annotations"]})
        self.assertEqual(sum(len(anns) for anns in self.source.imgToAnns.values()), len(self.truth["annotations"]))
        self.assertEqual(self.source.loadImgs(ids[0]), [self.truth["images"][0]])

    def test_changed_values_count(self):
        before = self.measured().eval["precision"]
        for ann in self.source.anns.values():
            ann["bbox"] = [0.0, 0.0, 1.0, 1.0]
        after = self.measured().eval["precision"]
        self.assertFalse(numpy.array_equal(before, after))
        self.assertLessEqual(after.max(), 0.0)

    def test_changed_results_count(self):
        listed = copy.deepcopy(self.results)
        found = coco_sets.quiet(self.source.loadRes, listed)
        before = self.measured(found).eval["scores"]
        for one in listed:
            one["score"] += 1
        after = self.measured(found).eval["scores"]
        self.assertFalse(numpy.array_equal(before, after))

    def test_a_file_that_changed_is_refused(self):
        self.files[0].write_text(self.files[0].read_text() + " ")
        with self.assertRaisesRegex(BadDataError, "has changed"):
            self.source.anns

    def test_masks_are_those_of_the_file_as_it_was_loaded(self):
        expected = self.measured(iou="segm").eval["precision"]
        self.source = coco_sets.quiet(coco.COCO, str(self.files[0]))
        self.files[0].write_text("{}")
        self.assertTrue(numpy.array_equal(self.measured(iou="segm").eval["precision"], expected))
        self.assertTrue(numpy.array_equal(self.measured(iou="segm").eval["precision"], expected))

    def test_results_as_pycocotools_completes_them(self):
        found = coco_sets.quiet(self.source.loadRes, str(self.files[1]))
        for place, ann in enumerate(found.dataset["annotations"]):
            x, y, w, h = ann["bbox"]
            self.assertEqual((ann["id"], ann["iscrowd"], ann["area"]), (place + 1, 0, w * h))
            self.assertEqual(ann["segmentation"], [[x, y, x, y + h, x + w, y + h, x + w, y]])
        self.assertEqual(found.getImgIds(), self.source.getImgIds())

    def test_can_be_copied_and_pickled(self):
        expected = self.measured().eval["precision"]
        for made in (copy.deepcopy(self.source), pickle.loads(pickle.dumps(self.source))):
            self.source = made
            self.assertTrue(numpy.array_equal(self.measured().eval["precision"], expected))

    def test_masks_of_annotations(self):
        for ann in self.source.loadAnns(self.source.getAnnIds()):
            pixels = self.source.annToMask(ann)
            self.assertEqual(pixels.shape, (coco_sets.SIDE, coco_sets.SIDE))
            self.assertEqual(int(pixels.sum()), int(mask.area(self.source.annToRLE(ann))))

    def test_is_refused_by_name_where_nothing_is_done(self):
        with self.assertRaisesRegex(UnsupportedError, "download"):
            self.source.download("/tmp", [1])
        with self.assertRaisesRegex(UnsupportedError, "keypoints"):
            cocoeval.COCOeval(self.source, self.source, "keypoints")
        if importlib.util.find_spec("matplotlib") is None:
            with self.assertRaisesRegex(UnsupportedError, "matplotlib"):
                self.source.showAnns(self.truth["annotations"])

    def test_several_threads_measure_at_once(self):
        expected = self.measured().eval["precision"]
        found = []
        threads = [threading.Thread(target=lambda: found.append(self.measured_again())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(found), 4)
        for one in found:
            self.assertTrue(numpy.array_equal(one, expected))

    def measured_again(self):
        evaluation = cocoeval.COCOeval(self.source, self.source.loadRes(str(self.files[1])), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        return evaluation.eval["precision"]

    def test_parts_can_be_put_together(self):
        """As torchvision's references do: evalImgs of each batch, joined and set before accumulate()."""
        ids = [image["id"] for image in self.truth["images"]]

        def work():
            evaluation = cocoeval.COCOeval(copy.deepcopy(self.source), iouType="bbox")
            parts = []
            for batch in (ids[:1], ids[1:]):
                found = [one for one in self.results if one["image_id"] in batch]
                evaluation.cocoDt = self.source.loadRes(copy.deepcopy(found)) if found else coco.COCO()
                evaluation.params.imgIds = list(batch)
                evaluation.evaluate()
                p = evaluation.params
                parts.append(numpy.asarray(evaluation.evalImgs).reshape(-1, len(p.areaRng), len(p.imgIds)))
            evaluation.evalImgs = list(numpy.concatenate(parts, 2).flatten())
            evaluation.params.imgIds = ids
            evaluation._paramsEval = copy.deepcopy(evaluation.params)
            evaluation.accumulate()
            return evaluation

        found, expected = coco_sets.quiet(work), self.measured()
        for name in ("precision", "recall", "scores"):
            self.assertTrue(numpy.array_equal(found.eval[name], expected.eval[name]), name)

    def test_a_sum_can_be_made_twice(self):
        evaluation = self.measured()
        before = evaluation.eval["precision"].copy()
        evaluation.eval["precision"][:] = 7
        coco_sets.quiet(evaluation.accumulate)
        self.assertTrue(numpy.array_equal(evaluation.eval["precision"], before))

    def test_a_subclass_with_a_step_of_its_own_is_heard(self):
        class Strict(cocoeval.COCOeval):
            def computeIoU(self, imgId, catId):
                found = super().computeIoU(imgId, catId)
                return found * 0 if len(found) else found

        def work():
            evaluation = Strict(self.source, self.source.loadRes(str(self.files[1])), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            return evaluation

        self.assertLessEqual(coco_sets.quiet(work).eval["recall"].max(), 0.0)


if __name__ == "__main__":
    unittest.main()
