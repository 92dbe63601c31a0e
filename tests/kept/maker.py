"""Makes what is kept of a release, by its own program."""
import json
import shutil
import subprocess
import sys

import kept
from kept import HERE

sys.path.insert(0, str(HERE.parent / "drills"))
import drill  # noqa: E402


class Maker:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def must(self, *words):
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"spinenet {' '.join(words)}: status {done.returncode}: {done.stderr}")
        return done.stdout

    def make_data(self):
        self.must("data", "scenes", "--out", "made", "--level", "easy", "--images", "6", "--val-images", "3", "--size",
                  "128", "-q")
        (self.folder / "data").mkdir()
        for name in ("annotations", "train", "val"):
            shutil.copytree(self.folder / "made" / name, self.folder / "data" / name)
        shutil.rmtree(self.folder / "made")
        for part in ("train", "val"):
            self.make_classes(self.folder / "data/annotations", part)

    def make_classes(self, folder, part):
        """The same images, each with a class: the category of its first object, of two."""
        coco = json.loads((folder / f"{part}.json").read_text())
        categories = coco["categories"][:2]
        coco["annotations"] = [{"id": i + 1, "image_id": image["id"], "category_id": categories[i % 2]["id"]}
                               for i, image in enumerate(coco["images"])]
        coco["categories"] = categories
        (folder / f"{part}_classes.json").write_text(json.dumps(coco))

    def make_models(self):
        for task, model in kept.TASKS.items():
            self.must("train", f"{task}.yaml", "--out", f"whole-{task}", "--threads", "1", "-q")
            shutil.copy(self.folder / f"whole-{task}/best.safetensors", self.folder / f"{model}.safetensors")
            if task != "segment":
                self.must("calibrate", f"{model}.safetensors", "data/train", "--out", f"{model}-int8.safetensors")

    def make_run(self):
        """A run of two epochs that stopped after the first."""
        self.must("train", "detect.yaml", "--out", "run", "--until", "1", "--threads", "1", "-q")
        for path in (self.folder / "run").iterdir():
            if path.name.startswith("events.") or path.name == "report.html":
                path.unlink()

    def make_study(self, kind, place):
        recipe = self.folder / f"search-{kind}.yaml"
        recipe.write_text(kept.RECIPES["search.yaml"].replace("KIND", kind))
        self.must("search", recipe.name, "--study", place, "--trials", str(kept.TRIALS), "--out", "trials", "--threads", "1",
                  "-q")
        shutil.rmtree(self.folder / "trials", ignore_errors=True)

    def ask(self, questions, answers):
        for question in questions:
            answers[question.name] = json.loads(self.must(*question.words))

    def make_files(self):
        for name, text in kept.RECIPES.items():
            if name != "search.yaml":
                (self.folder / name).write_text(text)
        self.make_data()
        self.make_models()
        self.make_run()
        self.make_study("evolution", "evolution.study")

    def make_all(self):
        self.make_files()
        shutil.copy(drill.MODEL, self.folder)
        answers = {}
        self.ask(kept.questions(), answers)
        with drill.PostgresServer() as server:
            address = server.database(kept.DATABASE)
            self.make_study("controller", address)
            self.ask(kept.questions_of_study("postgresql", address), answers)
            server.dump(kept.DATABASE, self.folder / "controller.sql")
        for task in kept.TASKS:
            answers[f"train {task}"] = kept.losses(self.folder / f"whole-{task}")
            shutil.rmtree(self.folder / f"whole-{task}")
        (self.folder / drill.MODEL.name).unlink()
        (self.folder / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
