// spinenet compare, on networks so small that a training takes about a second.
#ifdef SPINENET_TRAIN_PROGRAM
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/encode.h"

namespace spinenet {
namespace {

std::string recipe(std::string_view base, std::string_view more = "") {
  return fmt::format(R"(architecture:
  base: {}
  filter_size_scale: 0.0625
  endpoints_num_filters: 8
  stem_filters: 4
  head_convs: 1
  head_filters: 8
data:
  root: scenes
  train_images: train
  val_images: val
  scenes: easy
  scenes_images: 10
  scenes_val_images: 3
  loader_threads: 1
image_size: 128
batch: 4
epochs: 2
optimizer:
  kind: adamw
  learning_rate: 0.002
schedule:
  warmup_steps: 1
checkpoint_every: 1
{})",
                     base, more);
}

class CompareProgram : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    fixture::put_file(folder_ / "spine.yaml", recipe("spinenet-49"));
    fixture::put_file(folder_ / "nas.yaml", recipe("resnet-50-nas-fpn"));
  }

  std::string text_of(const std::string& file) const { return read_file(folder_ / file); }

  // The program in a process of its own, killed as soon as `reached` says so.
  void kill_when(const std::vector<std::string>& arguments, const std::function<bool()>& reached) const {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::chdir(folder_.c_str()) != 0) ::_exit(1);
      ::execv(SPINENET_PROGRAM, argv.data());
      ::_exit(127);
    }
    int status = 0;
    while (!reached() && ::waitpid(pid, &status, WNOHANG) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it had ended before it was killed";
  }
};

TEST_F(CompareProgram, TrainsMeasuresAndShows) {
  const Json json = run_json("compare spine.yaml nas.yaml --seeds 4,2 --out out --threads 1 --json -q");
  EXPECT_EQ(json, parse_json(text_of("out/compare.json"), "compare.json"));
  EXPECT_EQ(json["task"], "detect");
  EXPECT_EQ(json["seeds"], (Json{4, 2}));
  ASSERT_EQ(json["recipes"].size(), 2U);
  EXPECT_EQ(json["recipes"][1]["recipe"], "nas");
  EXPECT_EQ(json["recipes"][1]["architecture"], "resnet-50-nas-fpn");
  EXPECT_GT(json["recipes"][1]["multiply_adds"], 0);
  EXPECT_EQ(json["recipes"][0]["runs"][1]["seed"], 2);
  for (const char* number : {"AP50", "AP_agnostic", "AR100", "ARs", "ARm"}) {
    EXPECT_TRUE(json["recipes"][0]["mean"].contains(number)) << number;
  }
  EXPECT_EQ(json["baseline"], "spine");
  const Json& difference = json["differences"][0];
  EXPECT_EQ(difference["recipe"], "nas");
  EXPECT_EQ(difference["number"], "AP");
  EXPECT_EQ(difference["seeds"], (Json{4, 2}));
  const auto mean = [&](int recipe) { return json["recipes"][recipe]["mean"]["AP"].get<double>(); };
  EXPECT_NEAR(difference["mean"].get<double>(), mean(1) - mean(0), 1e-12);
  EXPECT_LE(difference["low"], difference["mean"]);
  EXPECT_GE(difference["high"], difference["mean"]);
  for (const char* file : {"spine/seed-4/report.html", "nas/seed-2/best.safetensors", "nas/seed-2.json"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / file)) << file;
  }
  const std::string page = text_of("out/compare.html");
  size_t images = 0;
  for (size_t at = page.find("<figure>"); at != std::string::npos; at = page.find("<figure>", at + 1)) ++images;
  EXPECT_EQ(images, 3U * 3) << "three images: the truth and two answers";
  EXPECT_NE(page.find("Difference in AP_agnostic"), std::string::npos);

  // Once more: nothing is trained, and the table stands on standard output.
  std::filesystem::remove(folder_ / "out" / "compare.html");
  const Outcome again = run("compare spine.yaml nas.yaml --seeds 4,2 --out out --threads 1");
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.err.find("nas, seed 2: finished before"), std::string::npos) << again.err;
  EXPECT_NE(again.err.find("multiply-adds differ by"), std::string::npos) << again.err;
  EXPECT_NE(again.out.find("resnet-50-nas-fpn"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("\nminus spine  seeds  AP "), std::string::npos) << again.out;
  EXPECT_EQ(text_of("out/compare.html"), page);
}

// Finished runs are read again: no training is needed for another look at them.
TEST_F(CompareProgram, TakesTheSameStepOfAllAndAnyBaseline) {
  const std::string line = "compare spine.yaml nas.yaml --seeds 2 --out out --threads 1 -q ";
  ASSERT_EQ(run(line).status, 0);
  const Json best = parse_json(text_of("out/compare.json"), "compare.json");
  EXPECT_EQ(best["at"], "best");
  std::vector<Json> steps;
  for (const Json& point : best["difference_curves"][0]["points"]) steps.push_back(point["step"]);
  ASSERT_EQ(steps.size(), 2U) << "both epochs are measured";

  EXPECT_EQ(best["difference_curves"][1]["number"], "AP_agnostic");
  EXPECT_EQ(best["difference_curves"][1]["points"].size(), 2U) << "at every measurement";

  const Json last = run_json(line + "--at last --baseline nas --json");
  EXPECT_EQ(last["at"], "last");
  EXPECT_EQ(last["baseline"], "nas");
  EXPECT_EQ(last["differences"][0]["recipe"], "spine");
  for (const Json& recipe : last["recipes"]) {
    for (const Json& one : recipe["runs"]) EXPECT_EQ(one["step"], steps.back());
  }
  EXPECT_NEAR(last["differences"][0]["mean"].get<double>(),
              -best["difference_curves"][0]["points"][1]["mean"].get<double>(), 1e-12);

  const Json first = run_json(line + "--json --at " + steps.front().dump());
  EXPECT_EQ(first["at"], steps.front());
  EXPECT_NEAR(first["differences"][0]["mean"].get<double>(),
              best["difference_curves"][0]["points"][0]["mean"].get<double>(), 1e-12);

  const Outcome between = run(line + "--at 1000");
  EXPECT_EQ(between.status, 2);
  EXPECT_NE(between.err.find(
                fmt::format("one of the steps at which it was measured: {}, {}", steps[0].dump(), steps[1].dump())),
            std::string::npos)
      << between.err;
}

// A run of a program that did not have all the keys of today is the same run, with the defaults of those.
TEST_F(CompareProgram, ReadsFinishedRunsWhoseRecipesLackLaterKeys) {
  const std::string line = "compare spine.yaml nas.yaml --seeds 1 --out out --threads 1 -q --json";
  const Json before = run_json(line);
  const std::filesystem::path kept = folder_ / "out" / "spine" / "seed-1" / "recipe.yaml";
  std::string recipe = text_of("out/spine/seed-1/recipe.yaml");
  const size_t begin = recipe.find("\nbatch_norm:\n"), end = recipe.find("\naugment:\n");
  ASSERT_LT(begin, end);
  ASSERT_NE(end, std::string::npos);
  recipe.erase(begin, end - begin);
  fixture::put_file(kept, recipe);
  EXPECT_EQ(run_json(line), before);
  const size_t rate = recipe.find("learning_rate: ");
  ASSERT_NE(rate, std::string::npos);
  const size_t digits = rate + std::string_view("learning_rate: ").size();
  fixture::put_file(kept, recipe.substr(0, digits) + "1" + recipe.substr(digits));
  const Outcome other = run(line);
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("holds a run of another recipe"), std::string::npos) << other.err;
}

TEST_F(CompareProgram, KilledAtAnyTimeItEndsInTheSameBytes) {
  const std::string rest = " --seeds 2 --threads 1 -q";
  ASSERT_EQ(run("compare spine.yaml nas.yaml --out whole" + rest).status, 0);
  const std::vector<std::string> line{"spinenet", "compare", "spine.yaml", "nas.yaml", "--out", "killed",
                                      "--seeds",  "2",       "--threads",  "1",        "-q"};
  // In the middle of the first run, of the third, and between a run's end and the note of it.
  const std::filesystem::path killed = folder_ / "killed";
  const auto has_checkpoint = [&](const char* run) {
    const std::filesystem::path folder = killed / run / "checkpoints";
    return std::filesystem::exists(folder) && !std::filesystem::is_empty(folder);
  };
  kill_when(line, [&] { return has_checkpoint("spine/seed-1"); });
  kill_when(line, [&] { return std::filesystem::exists(killed / "nas/seed-1/last.safetensors"); });
  kill_when(line, [&] { return has_checkpoint("spine/seed-2"); });
  EXPECT_FALSE(std::filesystem::exists(killed / "compare.json"));
  ASSERT_EQ(run("compare spine.yaml nas.yaml --out killed" + rest).status, 0);
  EXPECT_EQ(text_of("killed/compare.json"), text_of("whole/compare.json"));
  for (const char* run : {"spine/seed-1", "nas/seed-1", "spine/seed-2", "nas/seed-2"}) {
    const std::string file = std::string(run) + "/metrics.jsonl";
    EXPECT_EQ(text_of("killed/" + file), text_of("whole/" + file)) << run;
  }
}

TEST_F(CompareProgram, RefusesWhatCannotBeCompared) {
  fixture::put_file(folder_ / "longer.yaml", recipe("spinenet-49", "eval_every: 2\n"));
  const Outcome unlike = run("compare spine.yaml longer.yaml --out out");
  EXPECT_EQ(unlike.status, 2);
  EXPECT_NE(unlike.err.find("eval_every is 1 in spine.yaml and 2 in longer.yaml"), std::string::npos) << unlike.err;
  EXPECT_EQ(run("compare spine.yaml spine.yaml --out out").status, 2);
  EXPECT_EQ(run("compare spine.yaml --seeds 0 --out out").status, 2);
  EXPECT_EQ(run("compare --out out").status, 2);
  const Outcome at = run("compare spine.yaml --at first --out out");
  EXPECT_EQ(at.status, 2);
  EXPECT_NE(at.err.find("give --at best, --at last or the number of a step"), std::string::npos) << at.err;
  const Outcome baseline = run("compare spine.yaml nas.yaml --baseline nsa --out out");
  EXPECT_EQ(baseline.status, 2);
  EXPECT_NE(baseline.err.find("unknown recipe \"nsa\"; did you mean \"nas\"?"), std::string::npos) << baseline.err;
  const Outcome seed = run("compare spine.yaml --set seed=3 --out out");
  EXPECT_EQ(seed.status, 2);
  EXPECT_NE(seed.err.find("use --seeds"), std::string::npos) << seed.err;
  const Outcome half = run("compare spine.yaml --set precision=bf16 --set device=cpu --out out");
  EXPECT_EQ(half.status, 1);
  EXPECT_NE(half.err.find("bf16 trains on a GPU only"), std::string::npos) << half.err;
  fixture::put_file(folder_ / "resnet.yaml", recipe("resnet-50"));
  EXPECT_NE(run("compare spine.yaml resnet.yaml --out out").err.find("use one with a pyramid"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));

  ASSERT_EQ(run("compare spine.yaml --seeds 1 --out out --threads 1 -q").status, 0);
  const Outcome other = run("compare spine.yaml --seeds 1 --out out --threads 1 --set batch=2 -q");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("holds a run of another recipe than spine.yaml is now"), std::string::npos) << other.err;
}

TEST_F(CompareProgram, ATrainingThatFailsIsPartOfTheResult) {
  fixture::put_file(folder_ / "wild.yaml", recipe("spinenet-49", "seed: 1\n"));
  std::string wild = text_of("wild.yaml");
  wild.replace(wild.find("learning_rate: 0.002"), 20, "learning_rate: 1.0e+30\n  kind: sgd");
  wild.replace(wild.find("  kind: adamw\n"), 14, "");
  fixture::put_file(folder_ / "wild.yaml", wild);
  const Outcome outcome = run("compare wild.yaml spine.yaml --seeds 1 --out out --threads 1 --set epochs=6 --json -q");
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  const Json json = parse_json(outcome.out, "compare");
  EXPECT_NE(json["recipes"][0]["failed"][0]["reason"].get<std::string>().find("not finite"), std::string::npos);
  EXPECT_EQ(json["recipes"][1]["runs"].size(), 1U);
  EXPECT_TRUE(json["differences"][0]["mean"].is_null()) << "the baseline has no run";
  EXPECT_NE(text_of("out/compare.html").find("wild, seed 1 has no result"), std::string::npos);
}

TEST_F(CompareProgram, ComparesMasks) {
  std::string heads;
  for (const char* key : {"rpn_filters", "box_head_filters", "mask_head_filters", "box_head_dense"}) {
    heads += fmt::format(" --set architecture.{}=8", key);
  }
  const Json json = run_json("compare spine.yaml --seeds 1 --out out --threads 1 --json -q --set task=segment" + heads);
  EXPECT_EQ(json["task"], "segment");
  EXPECT_TRUE(json["recipes"][0]["mean"].contains("AP"));
  EXPECT_TRUE(json["recipes"][0]["mean"].contains("box_AP"));
  EXPECT_NE(text_of("out/compare.html").find("AP of masks"), std::string::npos);
}

TEST_F(CompareProgram, ComparesClassifiers) {
  for (const char* split : {"train", "val"}) {
    for (int i = 0; i < 8; ++i) {
      const std::filesystem::path folder = folder_ / "images" / split / (i % 2 == 0 ? "even" : "odd");
      std::filesystem::create_directories(folder);
      fixture::put_file(folder / fmt::format("{}.png", i), image::encode_png(test_image(40, 32, 7 * (i % 2))));
    }
  }
  for (const char* base : {"spinenet-49", "resnet-50"}) {
    fixture::put_file(folder_ / fmt::format("{}.yaml", base), fmt::format(R"(task: classify
architecture:
  base: {}
  filter_size_scale: 0.0625
  endpoints_num_filters: 8
  stem_filters: 4
data:
  root: images
  train_images: train
  val_images: val
image_size: 32
batch: 4
epochs: 2
)",
                                                                          base));
  }
  const Json json = run_json("compare spinenet-49.yaml resnet-50.yaml --seeds 1 --out out --threads 1 --json -q");
  EXPECT_EQ(json["metric"], "top1");
  EXPECT_TRUE(json["recipes"][1]["mean"].contains("top5"));
  EXPECT_EQ(json["differences"][0]["number"], "top1");
  EXPECT_TRUE(json["differences"][0]["low"].is_null()) << "one seed has no interval";
  const std::string page = text_of("out/compare.html");
  EXPECT_EQ(page.find("By object size"), std::string::npos);
  EXPECT_NE(page.find("<figure>"), std::string::npos);
}

}  // namespace
}  // namespace spinenet
#endif
