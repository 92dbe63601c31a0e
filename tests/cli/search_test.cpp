// spinenet search and study, on networks so small that a trial takes about a second.
#ifdef SPINENET_TRAIN_PROGRAM
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"

namespace spinenet {
namespace {

constexpr std::string_view kTraining = R"(architecture:
  base: spinenet-49
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
  scenes_val_images: 2
  loader_threads: 1
image_size: 128
batch: 4
optimizer:
  kind: adamw
  learning_rate: 0.002
schedule:
  warmup_steps: 1
seed: 1
)";

constexpr std::string_view kSearch = R"(algorithm:
  kind: evolution
  evolution:
    population: 3
    tournament: 2
proxy:
  recipe: training.yaml
  epochs: 2
  hold_out: 0.3
trials: 5
lag: 3
)";

class SearchProgram : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    fixture::put_file(folder_ / "training.yaml", kTraining);
    fixture::put_file(folder_ / "search.yaml", kSearch);
  }

  Json trials(const std::string& study) const {
    Json kept = Json::array();
    const Json shown = run_json("study show " + study + " --json");
    for (Json trial : shown["trial_list"]) {
      for (const char* key : {"worker", "started", "finished", "attempts"}) trial.erase(key);
      trial["metrics"].erase("seconds");
      kept.push_back(std::move(trial));
    }
    return kept;
  }
};

TEST_F(SearchProgram, FindsShowsAndExports) {
  const Json summary = run_json("search search.yaml --study a.study --workers 2 --json -q");
  EXPECT_EQ(summary["complete"], 5);
  EXPECT_EQ(summary["running"], 0);
  EXPECT_EQ(summary["failed"], 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.study.trials" / "trial-000000-1"));

  const Json best = run_json("study best a.study --json");
  ASSERT_FALSE(best.empty());
  EXPECT_EQ(best[0]["score"], summary["best"]["score"]);
  EXPECT_EQ(run("study show a.study").status, 0);

  EXPECT_EQ(run("study export a.study --architecture found.json --csv all.csv --json all.json --html page.html").status,
            0);
  const Json described = run_json("describe found.json --size 128 --classes 4 --json");
  EXPECT_EQ(described["multiply_adds"].get<double>(), best[0]["metrics"]["multiply_adds"].get<double>());
  const std::string csv = read_file(folder_ / "all.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 6);
  EXPECT_NE(read_file(folder_ / "page.html").find("data:image/svg+xml"), std::string::npos);
  EXPECT_EQ(read_json(folder_ / "all.json")["trial_list"].size(), 5U);

  // Once more: there is nothing left to do, and nothing changes.
  EXPECT_EQ(run_json("search search.yaml --study a.study --json -q"), summary);
  EXPECT_EQ(run_json("search search.yaml --study a.study --trials 6 --json -q")["complete"], 6);
}

TEST_F(SearchProgram, TheSameTrialsForAnyNumberOfWorkersAndAfterAKill) {
  ASSERT_EQ(run("search search.yaml --study one.study --workers 1 --threads 1 -q").status, 0);
  ASSERT_EQ(run("search search.yaml --study three.study --workers 3 --threads 1 -q").status, 0);
  const Json undisturbed = trials("one.study");
  EXPECT_EQ(undisturbed, trials("three.study"));

  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    if (::chdir(folder_.c_str()) != 0) ::_exit(1);
    ::execl(SPINENET_PROGRAM, "spinenet", "search", "search.yaml", "--study", "killed.study", "--workers", "2",
            "--threads", "1", "--lease", "2", "-q", nullptr);
    ::_exit(127);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  ::kill(-pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_EQ(run("search search.yaml --study killed.study --workers 2 --threads 1 --lease 2 -q").status, 0);
  EXPECT_EQ(trials("killed.study"), undisturbed);
}

TEST_F(SearchProgram, FailedTrialsAreStatesWithReasons) {
  const Json late =
      run_json("search search.yaml --study late.study --trials 2 --set proxy.timeout_minutes=0.0005 --json -q");
  EXPECT_EQ(late["failed"], 2);
  EXPECT_TRUE(late["best"].is_null());
  EXPECT_EQ(trials("late.study")[0]["failure"], "timeout");

  const Json wild = run_json(
      "search search.yaml --study wild.study --trials 1 --set proxy.epochs=12 --set "
      "'proxy.settings=[optimizer.learning_rate=1e30, optimizer.kind=sgd]' --json -q");
  EXPECT_EQ(wild["failed"], 1) << wild;
  EXPECT_EQ(trials("wild.study")[0]["failure"], "non_finite") << trials("wild.study");

  const Json large = run_json("search search.yaml --study large.study --trials 1 --set proxy.memory_gb=0.06 --json -q");
  EXPECT_EQ(large["failed"], 1);
  EXPECT_EQ(trials("large.study")[0]["failure"], "out_of_memory") << trials("large.study");

  const Json dear =
      run_json("search search.yaml --study dear.study --trials 2 --set constraints.max_multiply_adds=1000 --json -q");
  EXPECT_EQ(dear["rejected"], 2);
  EXPECT_NE(trials("dear.study")[1]["reason"].get<std::string>().find("multiply-adds, more than"), std::string::npos);
}

// The file's name and its fault have the words of other failures; the network has no part in it.
TEST_F(SearchProgram, ABrokenImageIsNotChargedToTheArchitecture) {
  ASSERT_EQ(run("data scenes --out scenes --level easy --images 10 --val-images 2 -q").status, 0);
  const std::filesystem::path annotations = folder_ / "scenes" / "annotations" / "train.json";
  Json scenes = read_json(annotations);
  for (Json& image : scenes["images"]) {
    const std::string name = "out of memory, not finite " + image["file_name"].get<std::string>();
    fixture::put_file(folder_ / "scenes" / "train" / name, "bad_alloc: can't allocate memory");
    image["file_name"] = name;
  }
  fixture::put_file(annotations, to_text(scenes));
  std::string training(kTraining);
  training.replace(training.find("  scenes: easy\n"), 15, "");
  for (const char* key : {"  scenes_images: 10\n", "  scenes_val_images: 2\n"}) {
    training.replace(training.find(key), std::string_view(key).size(), "");
  }
  fixture::put_file(folder_ / "training.yaml", training);
  const Outcome broken = run("search search.yaml --study a.study --trials 1 --json -q");
  EXPECT_EQ(broken.status, 1) << broken.err;
  EXPECT_NE(broken.err.find("out of memory, not finite"), std::string::npos) << broken.err;
  const Json trial = trials("a.study")[0];
  EXPECT_EQ(trial["state"], "running") << trial;
  const Json left = read_json(folder_ / "a.study.trials" / "trial-000000-1" / "run" / "failure.json");
  EXPECT_EQ(left["kind"], "bad_data");
}

// All of these but the first two have earlier ones to begin with.
constexpr const char* kInherits = " --set proxy.inherit=true --set lag=2 --trials 6 --threads 1 -q";

// Values of a model that a training moves by its gradients: of all tensors, or of the named ones.
double trained_values(const formats::ModelFile& model, const std::set<std::string>& names) {
  double values = 0;
  for (const auto& [name, tensor] : model.weights) {
    if (name.ends_with("running_mean") || name.ends_with("running_var")) continue;
    if (names.empty() || names.contains(name)) values += static_cast<double>(element_count(tensor.shape));
  }
  return values;
}

TEST_F(SearchProgram, TrialsInheritTheSameForAnyNumberOfWorkersAndAfterAKill) {
  const auto inheriting_trials = [&](const std::string& study) {
    Json all = trials(study);
    for (Json& trial : all) trial.erase("weights");  // the files also say where their training lay
    return all;
  };
  // Of each trial in turn, tensor by tensor.
  const auto weights_of = [&](const std::string& study) {
    std::map<std::string, std::vector<float>> values;
    for (const Json& trial : trials(study)) {
      const std::string file = trial["weights"];
      const formats::ModelFile model = formats::read_model(folder_ / (study + ".trials") / "weights" / file);
      for (const auto& [name, tensor] : model.weights) {
        values[fmt::format("{} {}", trial["number"].get<int64_t>(), name)] = tensor.data;
      }
    }
    EXPECT_GT(values.size(), 1000U);
    return values;
  };
  ASSERT_EQ(run(std::string("search search.yaml --study one.study --workers 1 --keep-runs") + kInherits).status, 0);
  ASSERT_EQ(run(std::string("search search.yaml --study two.study --workers 2") + kInherits).status, 0);
  const Json undisturbed = inheriting_trials("one.study");
  EXPECT_EQ(undisturbed, inheriting_trials("two.study"));
  EXPECT_TRUE(weights_of("one.study") == weights_of("two.study")) << "to the last bit";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    if (::chdir(folder_.c_str()) != 0) ::_exit(1);
    ::execl(
        "/bin/sh", "sh", "-c",
        (std::string(SPINENET_PROGRAM) + " search search.yaml --study killed.study --workers 2 --lease 2" + kInherits)
            .c_str(),
        nullptr);
    ::_exit(127);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(4000));
  ::kill(-pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_EQ(run(std::string("search search.yaml --study killed.study --workers 2 --lease 2") + kInherits).status, 0);
  EXPECT_EQ(inheriting_trials("killed.study"), undisturbed);
  EXPECT_TRUE(weights_of("killed.study") == weights_of("one.study"));

  int inherited = 0;
  for (const Json& trial : trials("one.study")) {
    const Json& metrics = trial["metrics"];
    const int64_t number = trial["number"];
    if (!trial["duplicate_of"].is_null()) continue;
    const std::filesystem::path weights =
        folder_ / "one.study.trials" / "weights" / trial["weights"].get<std::string>();
    const formats::ModelFile model = formats::read_model(weights);
    const double share = metrics["inherited"], age = metrics["age"];
    if (number < 2) {
      EXPECT_FALSE(metrics.contains("parent")) << trial;
      EXPECT_EQ(age, 2) << trial;
      continue;
    }
    EXPECT_LE(metrics["parent"].get<int64_t>(), number - 2) << trial;
    EXPECT_GE(age, 4) << trial;
    EXPECT_LE(trial["score"], metrics["AP"]) << trial;
    // What is kept of the trial is what the training said that it took.
    const Json carried =
        read_json(folder_ / "one.study.trials" / fmt::format("trial-{:06}-1", number) / "run" / "carried-weights.json");
    const double all = trained_values(model, {});
    EXPECT_NEAR(share, trained_values(model, carried["taken"].get<std::set<std::string>>()) / all, 1e-12) << trial;
    EXPECT_GT(share, 0) << trial;
    ++inherited;
  }
  EXPECT_GE(inherited, 3);

  ASSERT_EQ(run("study export one.study --csv one.csv --html one.html").status, 0);
  EXPECT_NE(read_file(folder_ / "one.csv").find(",age,"), std::string::npos);
  EXPECT_NE(run("study show one.study").out.find("parent  inherited  age"), std::string::npos);
}

TEST_F(SearchProgram, WeightsThatAreGoneOrDamagedAreToldAndMarked) {
  const std::string line =
      "search search.yaml --study a.study --weights kept --set proxy.inherit=true --set lag=1"
      " --threads 1 --trials ";
  ASSERT_EQ(run(line + "2 -q").status, 0);
  const auto file = [&](size_t number) { return folder_ / "kept" / trials("a.study")[number]["weights"]; };
  EXPECT_GT(trials("a.study")[1]["metrics"]["inherited"], 0);
  for (const size_t number : {size_t{0}, size_t{1}}) {
    std::string bytes = read_file(file(number));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    fixture::put_file(file(number), bytes);
  }
  const Outcome damaged = run(line + "3");
  EXPECT_EQ(damaged.status, 0) << damaged.err;
  EXPECT_NE(damaged.err.find("trial 2 begins with new weights"), std::string::npos) << damaged.err;
  EXPECT_NE(damaged.err.find("checksum"), std::string::npos) << damaged.err;
  const Json marked = trials("a.study")[2];
  EXPECT_EQ(marked["metrics"]["inherited"], 0) << marked;
  EXPECT_TRUE(marked["metrics"].contains("parent")) << marked;
  EXPECT_EQ(marked["metrics"]["age"], 2) << marked;

  for (const size_t number : {size_t{0}, size_t{1}, size_t{2}}) std::filesystem::remove(file(number));
  const Outcome gone = run(line + "4");
  EXPECT_EQ(gone.status, 0) << gone.err;
  EXPECT_NE(gone.err.find("trial 3 begins with new weights"), std::string::npos) << gone.err;
  EXPECT_EQ(trials("a.study")[3]["metrics"]["inherited"], 0);
  ASSERT_EQ(run(line + "5 -q").status, 0);
  const Json again = trials("a.study")[4];
  EXPECT_EQ(again["state"], "complete") << again;

  const Outcome other = run("search search.yaml --study b.study --weights kept --set proxy.inherit=true -q");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("another id"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("--weights"), std::string::npos) << other.err;
  const Outcome none = run("search search.yaml --study b.study --weights more -q");
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("proxy.inherit"), std::string::npos) << none.err;
  for (const char* left : {"b.study", "b.study.trials", "more"}) EXPECT_FALSE(std::filesystem::exists(folder_ / left));
}

// Which trials end at a rung is tested beside passes_rung; here all score the same, so all go on from their
// checkpoints.
TEST_F(SearchProgram, TrialsGoOnFromRungToRung) {
  const Json summary = run_json(
      "search search.yaml --study a.study --trials 3 --set proxy.epochs=3 --set 'halving.epochs=[1, 2]' --json -q");
  EXPECT_EQ(summary["complete"], 3);
  const Json all = trials("a.study");
  ASSERT_EQ(all.size(), 3U);
  for (const Json& trial : all) {
    EXPECT_TRUE(trial["metrics"].contains("rung0") && trial["metrics"].contains("rung1")) << trial;
    EXPECT_EQ(trial["metrics"]["epochs"], 3);
  }
}

// The training recipe has a width of its own, which is not what the study says that the trial cost.
TEST_F(SearchProgram, ATrialTrainsTheWidthThatItsCostAllows) {
  ASSERT_EQ(run("search search.yaml --study a.study --trials 1 --set proxy.multiply_adds=20e6 --keep-runs -q").status,
            0);
  const Json metrics = trials("a.study")[0]["metrics"];
  const Json trained = run_json("describe a.study.trials/trial-000000-1/run/best.safetensors --json");
  EXPECT_GT(trained["multiply_adds"], 15e6);
  EXPECT_EQ(trained["multiply_adds"], metrics["multiply_adds"]);
  EXPECT_EQ(trained["parameters"], metrics["parameters"]);
}

// The best of one search, tried again and bred from in another.
TEST_F(SearchProgram, BeginsWithTheBestOfAnotherStudy) {
  ASSERT_EQ(run("search search.yaml --study a.study --trials 4 --threads 1 -q").status, 0);
  const std::string more =
      "search search.yaml --study b.study --begin-with a.study --begin-with spinenet-49 "
      "--begin-count 2 --set proxy.multiply_adds=20e6 --threads 1 --json -q ";
  EXPECT_EQ(run_json(more + "--trials 3 --workers 2")["complete"], 3);
  const Json best = run_json("study best a.study --json"), begun = trials("b.study");
  std::set<std::string> given{begun[0]["hash"], begun[1]["hash"]};
  EXPECT_EQ(given, (std::set<std::string>{best[0]["hash"], best[1]["hash"]}));
  ASSERT_EQ(run("study export b.study --trial 2 --architecture third.json").status, 0);
  const auto wiring = [&](const std::string& name) {
    Json blocks = run_json("describe " + name + " --json")["blocks"];
    for (Json& block : blocks) {
      for (const char* key : {"shape", "parameters", "multiply_adds"}) block.erase(key);
    }
    return blocks;
  };
  EXPECT_EQ(wiring("third.json"), wiring("spinenet-49"));
  const Json known = run_json("study best b.study --json -n 9");
  for (const Json& trial : known) {
    EXPECT_LE(trial["metrics"]["multiply_adds"].get<double>(), 20e6);
    EXPECT_GT(trial["metrics"]["multiply_adds"].get<double>(), 15e6);
  }

  // The source moves on; the study stays what it was begun as, and whoever joins needs no source.
  ASSERT_EQ(run("search search.yaml --study a.study --trials 5 --threads 1 -q").status, 0);
  EXPECT_EQ(run_json(more + "--trials 4")["complete"], 4);
  const Json after = trials("b.study");
  EXPECT_EQ(Json(std::vector<Json>(after.begin(), after.begin() + 3)), begun);

  EXPECT_EQ(run_json("search search.yaml --study b.study --set proxy.multiply_adds=20e6 --json -q")["complete"], 5);
  const Outcome late = run("search search.yaml --study a.study --begin-with b.study -q");
  EXPECT_EQ(late.status, 2);
  EXPECT_NE(late.err.find("a.study: the study was begun without --begin-with"), std::string::npos) << late.err;
  const Json dear = run_json("search search.yaml --study d.study --set proxy.multiply_adds=1e4 --trials 2 --json -q");
  EXPECT_EQ(dear["rejected"], 2) << dear;

  const Outcome none = run("search search.yaml --study c.study --begin-with nothing.study -q");
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("nothing.study"), std::string::npos) << none.err;
  const Outcome misspelt = run("search search.yaml --study c.study --begin-with spinenet49 -q");
  EXPECT_EQ(misspelt.status, 2);
  EXPECT_NE(misspelt.err.find("no architecture has this name"), std::string::npos) << misspelt.err;
  EXPECT_NE(misspelt.err.find("did you mean \"spinenet-49\"?"), std::string::npos) << misspelt.err;
  const Outcome space = run("search search.yaml --study c.study --set base_space=r0-sp53 --begin-with a.study -q");
  EXPECT_EQ(space.status, 65);
  EXPECT_NE(space.err.find("a.study: trial"), std::string::npos) << space.err;
  const Outcome pyramid = run("search search.yaml --study c.study --begin-with resnet-50-fpn -q");
  EXPECT_EQ(pyramid.status, 2);
  EXPECT_NE(pyramid.err.find("no scale-permuted backbone"), std::string::npos) << pyramid.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "c.study"));
}

TEST_F(SearchProgram, RefusesAnotherStudyAndWrongInput) {
  ASSERT_EQ(run("search search.yaml --study a.study --trials 1 -q").status, 0);
  const Outcome other = run("search search.yaml --study a.study --set seed=2 -q");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("seed"), std::string::npos) << other.err;
  const Outcome space = run("search search.yaml --study a.study --set base_space=r0-sp53 -q");
  EXPECT_EQ(space.status, 2);
  EXPECT_NE(space.err.find("space"), std::string::npos) << space.err;

  EXPECT_EQ(run("search search.yaml -q").status, 2);
  EXPECT_EQ(run("search nowhere.yaml --study b.study").status, 1);
  const Outcome key = run("search search.yaml --study b.study --set proxy.epoch=2");
  EXPECT_EQ(key.status, 2);
  EXPECT_NE(key.err.find("epochs"), std::string::npos) << key.err;
  const Outcome rungs = run("search search.yaml --study b.study --set 'halving.epochs=[2]'");
  EXPECT_EQ(rungs.status, 65);
  EXPECT_NE(rungs.err.find("halving.epochs"), std::string::npos) << rungs.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b.study"));

  const Outcome task = run("search search.yaml --study b.study --set 'proxy.settings=[task=classify]'");
  EXPECT_EQ(task.status, 1);
  EXPECT_NE(task.err.find("a search tries detectors, not networks that classify"), std::string::npos) << task.err;
  const Outcome half = run("search search.yaml --study b.study --set 'proxy.settings=[precision=bf16, device=cpu]'");
  EXPECT_EQ(half.status, 1);
  EXPECT_NE(half.err.find("bf16 trains on a GPU only"), std::string::npos) << half.err;
  const Outcome none = run("study show b.study");
  EXPECT_EQ(none.status, 2) << none.err;
  EXPECT_NE(none.err.find("b.study"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "b.study"));
  const Outcome text = run("study best search.yaml");
  EXPECT_EQ(text.status, 65) << text.err;
}

}  // namespace
}  // namespace spinenet
#endif
