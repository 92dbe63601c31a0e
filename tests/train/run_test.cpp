// The program itself in training: killed at random moments, resumed, in two processes, with broken checkpoints.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/output_fixture.h"
#include "base/random.h"
#include "base/run_failure.h"
#include "data/classes/fashion_mnist.h"
#include "data/coco/coco.h"
#include "formats/first_values.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"
#include "image/encode.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

// Images of bright and dark squares with their masks: two classes that a tiny network tells apart.
void make_squares(const fs::path& root, int count) {
  fs::create_directories(root / "images");
  fs::create_directories(root / "annotations");
  Random random(5);
  detect::Annotations a;
  a.categories = {{3, "bright", ""}, {8, "dark", ""}};
  for (int i = 1; i <= count; ++i) {
    image::Image image = image::make_image(128, 128, 110);
    const std::string name = "square" + std::to_string(i) + ".png";
    for (int k = 0; k < 2; ++k) {
      const int side = static_cast<int>(20 + random.below(40));
      const int x = static_cast<int>(random.below(128 - side));
      const int y = static_cast<int>(random.below(128 - side));
      for (int row = y; row < y + side; ++row) {
        std::fill_n(image.at(row, x), 3 * side, static_cast<uint8_t>(k == 0 ? 230 : 10));
      }
      detect::Annotation box;
      box.id = i * 2 + k;
      box.image_id = i;
      box.category_id = k == 0 ? 3 : 8;
      box.bbox = {double(x), double(y), double(side), double(side)};
      box.area = double(side) * side;
      const double right = x + side, bottom = y + side;
      box.segmentation.polygons = {{double(x), double(y), right, double(y), right, bottom, double(x), bottom}};
      a.annotations.push_back(box);
    }
    fixture::put_file(root / "images" / name, image::encode_png(image));
    a.images.push_back({i, name, 128, 128});
  }
  for (const char* split : {"train.json", "val.json"})
    fixture::put_file(root / "annotations" / split, to_text(data::to_json(a)));
}

// Folders of bright and of dark squares, for a classifier.
void make_classes(const fs::path& root, int count) {
  Random random(6);
  for (const char* split : {"train", "val"}) {
    for (int i = 0; i < count; ++i) {
      const bool bright = i % 2 == 0;
      image::Image image = image::make_image(48, 48, 110);
      const int x = static_cast<int>(random.below(20));
      for (int row = 10; row < 38; ++row)
        std::fill_n(image.at(row, x), 3 * 28, static_cast<uint8_t>(bright ? 230 : 10));
      const fs::path folder = root / split / (bright ? "bright" : "dark");
      fs::create_directories(folder);
      fixture::put_file(folder / (std::to_string(i) + ".png"), image::encode_png(image));
    }
  }
}

constexpr const char* kRecipe = R"(
architecture:
  filter_size_scale: 0.07
  endpoints_num_filters: 8
  stem_filters: 6
  head_convs: 1
  head_filters: 8
data:
  loader_threads: 1
image_size: 128
batch: 4
epochs: 6
optimizer:
  learning_rate: 0.02
schedule:
  warmup_steps: 5
stochastic_depth: 0.2
eval_every: 2
log_every: 1
checkpoint_every: 3
threads: 1
device: cpu
)";

class Run : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("spinenet-run-test-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    make_squares(root_ / "data", 20);
    std::ofstream(root_ / "recipe.yaml") << kRecipe;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::vector<std::string> start(const std::string& out, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{
        SPINENET_BINARY,        "train", (root_ / "recipe.yaml").string(),        "--out",
        (root_ / out).string(), "--set", "data.root=" + (root_ / "data").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> resume(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{SPINENET_BINARY,        "train",   (root_ / "recipe.yaml").string(), "--out",
                                       (root_ / out).string(), "--resume"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  pid_t spawn(const std::vector<std::string>& arguments) const {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int log = ::open((root_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      ::dup2(log, 1);
      ::dup2(log, 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    return pid;
  }
  static int wait(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int run(const std::vector<std::string>& arguments) const { return wait(spawn(arguments)); }
  std::string log() const { return fs::exists(root_ / "log") ? read_file(root_ / "log") : ""; }
  // What the next processes say; those before are forgotten.
  std::string said_by(const std::vector<std::string>& arguments, int status) const {
    fs::remove(root_ / "log");
    EXPECT_EQ(run(arguments), status) << log();
    return log();
  }
  bool comes(const fs::path& file) const {
    for (int i = 0; i < 600 && !fs::exists(root_ / file); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return fs::exists(root_ / file);
  }
  // Waits for a checkpoint of the run, which has its name once it is whole.
  bool saves(const std::string& folder) const {
    const fs::path checkpoints = root_ / folder / "checkpoints";
    for (int i = 0; i < 600; ++i) {
      std::error_code none_yet;
      for (const fs::directory_entry& file : fs::directory_iterator(checkpoints, none_yet)) {
        const std::string name = file.path().filename();
        if (name.starts_with("step-") && name.ends_with(".safetensors")) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  // Whether it ends without help, though not when.
  static bool ends(pid_t pid, int& status) {
    int raw = 0;
    for (int i = 0; i < 1000; ++i) {
      if (::waitpid(pid, &raw, WNOHANG) == pid) {
        status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &raw, 0);
    return false;
  }
  // Rank `rank` of two processes, of which each test starts as many as it likes.
  pid_t spawn_rank(const char* rank, const std::vector<std::string>& arguments) const {
    ::setenv("WORLD_SIZE", "2", 1);
    ::setenv("MASTER_PORT", std::to_string(20000 + ::getpid() % 20000).c_str(), 1);
    ::setenv("RANK", rank, 1);
    const pid_t pid = spawn(arguments);
    for (const char* name : {"RANK", "WORLD_SIZE", "MASTER_PORT"}) ::unsetenv(name);
    return pid;
  }

  // The newest checkpoint (weights, optimiser, average), the models and the metrics: what equal runs have in common.
  std::vector<std::string> bytes_of(const std::string& out) const {
    const fs::path run = root_ / out;
    return {read_file(run / "checkpoints" / "step-000000030.safetensors"), read_file(run / "best.safetensors"),
            read_file(run / "last.safetensors"), read_file(run / "metrics.jsonl")};
  }

  // Every file of a run folder by its name, with its bytes.
  std::map<std::string, std::string> files_of(const std::string& out) const {
    std::map<std::string, std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_ / out)) {
      if (entry.is_regular_file()) files[entry.path().lexically_relative(root_ / out)] = read_file(entry.path());
    }
    return files;
  }
  void expect_same_files(const std::string& out, const std::map<std::string, std::string>& before) const {
    const std::map<std::string, std::string> now = files_of(out);
    for (const auto& [name, bytes] : now) {
      ASSERT_TRUE(before.contains(name)) << name << " is new\n" << log();
      EXPECT_TRUE(before.at(name) == bytes) << name << " has changed\n" << log();
    }
    EXPECT_EQ(now.size(), before.size()) << log();
  }
  // The training set of make_squares with one image of another name.
  void make_other_squares(const fs::path& root, int count) const {
    make_squares(root, count);
    const fs::path file = root / "annotations/train.json";
    std::string changed = read_file(file);
    changed.replace(changed.find("square1.png"), 11, "square0.png");
    fixture::put_file(file, changed);
    fs::copy(root / "images/square1.png", root / "images/square0.png");
  }

  // A whole run, and one that is killed four times, later each time, and resumed.
  void expect_kills_change_nothing(const std::vector<std::string>& settings) const {
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(run(start("whole", settings)), 0) << log();
    const auto whole = std::chrono::steady_clock::now() - begin;
    const fs::path folder = root_ / "killed";
    const auto go_on = [&] {
      const bool begun = fs::exists(folder / "recipe.yaml");
      if (!begun) fs::remove_all(folder);
      return begun ? resume("killed") : start("killed", settings);
    };
    for (int kills = 1; kills <= 4; ++kills) {
      const pid_t pid = spawn(go_on());
      std::this_thread::sleep_for(0.2 * kills * whole);
      ::kill(pid, SIGKILL);
      wait(pid);
    }
    ASSERT_EQ(run(go_on()), 0) << log();
    EXPECT_TRUE(bytes_of("killed") == bytes_of("whole"));
  }

  fs::path root_;
};

TEST_F(Run, KilledTwentyTimesEndsInTheSameBytes) {
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(run(start("whole")), 0) << log();
  const auto whole = std::chrono::steady_clock::now() - begin;

  Random random(static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()));
  int kills = 0;
  bool begun = false;
  while (kills < 20) {
    const pid_t pid = spawn(begun ? resume("killed") : start("killed"));
    // Start-up takes about a third of a run of this length: most kills fall into training, some into start and end.
    std::this_thread::sleep_for(random.uniform(0.1, 0.9) * whole);
    ::kill(pid, SIGKILL);
    const int status = wait(pid);
    if (status == 128 + SIGKILL) {
      ++kills;
    } else {
      ASSERT_EQ(status, 0) << log();
      fs::remove_all(root_ / "killed");  // it was done before the kill: once more from the start
    }
    begun = fs::exists(root_ / "killed" / "recipe.yaml");
    if (!begun) fs::remove_all(root_ / "killed");
  }
  ASSERT_EQ(run(begun ? resume("killed") : start("killed")), 0) << log();
  const auto expected = bytes_of("whole");
  auto found = bytes_of("killed");
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(found[i] == expected[i]) << "file " << i << " of checkpoint, best, last, metrics differs";
  }
}

TEST_F(Run, AClassifierKilledAndResumedEndsInTheSameBytes) {
  make_classes(root_ / "data", 20);
  const std::vector<std::string> classify{"--set", "task=classify",          "--set", "data.train_images=train",
                                          "--set", "data.val_images=val",    "--set", "image_size=32",
                                          "--set", "classify.mixup=0.2",     "--set", "classify.label_smoothing=0.1",
                                          "--set", "schedule.warmup_steps=2"};
  expect_kills_change_nothing(classify);

  const std::string metrics = read_file(root_ / "whole" / "metrics.jsonl");
  for (const char* key : {"\"classification_loss\":", "\"top1\":", "\"ece\":"}) {
    EXPECT_NE(metrics.find(key), std::string::npos) << key;
  }
  const formats::TensorFile model = formats::read_safetensors(root_ / "whole" / "best.safetensors");
  EXPECT_EQ(model.metadata.at("task"), "classify");
  EXPECT_EQ(model.metadata.at("center_crop"), "0.875");
  const std::string report = read_file(root_ / "whole" / "report.html");
  for (const char* title : {"Calibration", "Most frequent mistakes", "Confusion", "Predictions"}) {
    EXPECT_NE(report.find(title), std::string::npos) << title;
  }
}

TEST_F(Run, WithRenormAndRecomputedStatisticsKilledItEndsInTheSameBytes) {
  const std::vector<std::string> renorm{"--set", "batch_norm.renorm_below=80", "--set", "batch_norm.renorm_steps=20"};
  std::vector<std::string> both = renorm;
  both.insert(both.end(), {"--set", "batch_norm.recompute_images=6"});
  expect_kills_change_nothing(both);

  // The training itself is that without the recomputed statistics, which the models alone have.
  ASSERT_EQ(run(start("renorm", renorm)), 0) << log();
  const auto tensors = [&](const std::string& file) { return formats::read_safetensors(root_ / file).weights; };
  const auto data_of = [](const HostTensor& tensor) { return tensor.data; };
  const fs::path checkpoint = fs::path("checkpoints") / "step-000000030.safetensors";
  const Weights whole = tensors("whole" / checkpoint), renormed = tensors("renorm" / checkpoint);
  ASSERT_EQ(whole.size(), renormed.size());
  for (const auto& [name, tensor] : renormed) EXPECT_TRUE(data_of(whole.at(name)) == data_of(tensor)) << name;
  int others = 0, norms = 0;
  const Weights recomputed = tensors("whole/last.safetensors");
  for (const auto& [name, tensor] : tensors("renorm/last.safetensors")) {
    const bool same = data_of(recomputed.at(name)) == data_of(tensor);
    const bool running = name.find(".running_") != std::string::npos;
    EXPECT_TRUE(running || same) << name;
    norms += running ? 1 : 0;
    others += running && !same ? 1 : 0;
  }
  EXPECT_GT(norms, 0);
  EXPECT_EQ(others, norms);
}

TEST_F(Run, AYoloKilledAndResumedEndsInTheSameBytes) {
  expect_kills_change_nothing({"--set", "architecture.head_kind=yolo", "--set", "augment.mosaic=0.5"});

  const std::string metrics = read_file(root_ / "whole" / "metrics.jsonl");
  for (const char* key :
       {"\"objectness_loss\":", "\"classification_loss\":", "\"box_loss\":", "\"AP50\":", "\"AP_agnostic\":"}) {
    EXPECT_NE(metrics.find(key), std::string::npos) << key;
  }
  const formats::TensorFile model = formats::read_safetensors(root_ / "whole" / "best.safetensors");
  EXPECT_TRUE(model.weights.contains("head.p3.predict.bias"));
  EXPECT_NE(read_file(root_ / "whole" / "report.html").find("objectness_loss"), std::string::npos);
}

TEST_F(Run, ATinyYoloTakesItsAnchorsFromTheDataAndLearnsOnFromItsModel) {
  const std::vector<std::string> tiny{"--set", "architecture.base=yolov4-tiny",
                                      "--set", "architecture.filter_size_scale=0.125",
                                      "--set", "fit_to_data=true",
                                      "--set", "image_size=160"};
  ASSERT_EQ(run(start("tiny", tiny)), 0) << log();
  const std::string recipe = read_file(root_ / "tiny" / "recipe.yaml");
  EXPECT_NE(recipe.find("yolo_anchors_of_level: [[0, 1, 2], [3, 4, 5]]"), std::string::npos) << recipe;
  EXPECT_NE(log().find("yolo_anchors [["), std::string::npos) << log();

  const std::string model = (root_ / "tiny" / "best.safetensors").string();
  const std::string said =
      said_by(start("onwards", {"--from", model, "--set", "epochs=1", "--set", "image_size=160"}), 0);
  EXPECT_EQ(said.find("of another shape"), std::string::npos) << said;
  const formats::TensorFile before = formats::read_safetensors(model);
  const formats::TensorFile after = formats::read_safetensors(root_ / "onwards" / "last.safetensors");
  EXPECT_EQ(after.metadata.at("architecture"), before.metadata.at("architecture"));
  // The squares have sides of 20 to 59 pixels, and those below 28 are most like 20 x 20.
  const std::string warned =
      said_by(start("unlearned", {"--set", "architecture.head_kind=yolo", "--set", "epochs=1", "--set",
                                  "architecture.yolo_anchors=[[20, 20], [40, 40]]", "--set",
                                  "architecture.yolo_anchors_of_level=[[1], [1], [1], [1], [1]]", "--set",
                                  "architecture.yolo_iou_threshold=1"}),
              0);
  EXPECT_NE(warned.find("objects are most like an anchor that no level has"), std::string::npos) << warned;
  EXPECT_EQ(said.find("that no level has"), std::string::npos) << said;
  EXPECT_EQ(run(start("odd", {"--set", "architecture.base=yolov4-tiny", "--set", "image_size=144"})), 65) << log();
  EXPECT_NE(log().find("image_size 144 is not a multiple of 32"), std::string::npos) << log();
}

TEST_F(Run, AMaskRCnnKilledAndResumedEndsInTheSameBytes) {
  expect_kills_change_nothing({"--set", "task=segment", "--set", "architecture.rpn_filters=8", "--set",
                               "architecture.box_head_convs=1", "--set", "architecture.box_head_filters=8", "--set",
                               "architecture.box_head_dense=16", "--set", "architecture.mask_head_convs=1", "--set",
                               "architecture.mask_head_filters=8", "--set", "two_stage.proposals=40", "--set",
                               "two_stage.roi_samples=16"});

  const std::string metrics = read_file(root_ / "whole" / "metrics.jsonl");
  for (const char* key : {"\"mask_loss\":", "\"box_AP50\":", "\"AR100_agnostic\":"}) {
    EXPECT_NE(metrics.find(key), std::string::npos) << key;
  }
  EXPECT_EQ(formats::read_safetensors(root_ / "whole" / "best.safetensors").metadata.at("task"), "segment");
}

TEST_F(Run, ACascadeKilledAndResumedEndsInTheSameBytes) {
  expect_kills_change_nothing({"--set", "task=segment",
                               "--set", "architecture.rpn_filters=8",
                               "--set", "architecture.box_head_convs=1",
                               "--set", "architecture.box_head_filters=8",
                               "--set", "architecture.box_head_dense=16",
                               "--set", "architecture.box_head_thresholds=[0.5, 0.6, 0.7]",
                               "--set", "architecture.mask_head_convs=1",
                               "--set", "architecture.mask_head_filters=8",
                               "--set", "two_stage.proposals=40",
                               "--set", "two_stage.roi_samples=16"});
  const std::string metrics = read_file(root_ / "whole" / "metrics.jsonl");
  for (const char* key : {"\"class_loss3\":", "\"box_loss2\":", "\"box_AP50\":"}) {
    EXPECT_NE(metrics.find(key), std::string::npos) << key;
  }
  const formats::TensorFile model = formats::read_safetensors(root_ / "whole" / "best.safetensors");
  EXPECT_TRUE(model.weights.contains("box_head3.class.weight"));
}

TEST_F(Run, ADetectorTakesOverTheBackboneOfAClassifierAndBack) {
  make_classes(root_ / "data", 20);
  const std::vector<std::string> classify{
      "--set",         "task=classify", "--set",   "data.train_images=train", "--set", "data.val_images=val", "--set",
      "image_size=32", "--set",         "epochs=1"};
  ASSERT_EQ(run(start("classifier", classify)), 0) << log();
  const auto weights_of = [&](const std::string& out) {
    return std::vector<std::string>{"--set", "epochs=1", "--set",
                                    "init.weights=" + (root_ / out / "last.safetensors").string()};
  };
  ASSERT_EQ(run(start("detector", weights_of("classifier"))), 0) << log();
  const Json to_detector = read_json(root_ / "detector" / "carried-weights.json");
  EXPECT_GT(to_detector.at("taken").size(), 100U);
  EXPECT_EQ(to_detector.at("left").size(), 2U) << "the dense layer's kernel and bias";
  EXPECT_NE(log().find("tensors taken; 2 left (head.dense.bias"), std::string::npos) << log();
  std::vector<std::string> back = classify;
  for (const std::string& setting : weights_of("detector")) back.push_back(setting);
  ASSERT_EQ(run(start("again", back)), 0) << log();
  const Json to_classifier = read_json(root_ / "again" / "carried-weights.json");
  EXPECT_EQ(to_classifier.at("taken"), to_detector.at("taken"));
  EXPECT_EQ(to_classifier.at("fresh").size(), 2U);
}

TEST_F(Run, BeginsFromAModelWithItsNetworkAndItsPixels) {
  ASSERT_EQ(run(start("first", {"--set", "epochs=1", "--set", "pixels.mean=[0.25, 0.5, 0.75]"})), 0) << log();
  const std::string model = (root_ / "first" / "last.safetensors").string();
  // By init.weights alone: the pixels would be others.
  EXPECT_NE(said_by(start("wrong", {"--set", "init.weights=" + model}), 65).find("pixels.mean=[0.25, 0.5, 0.75]"),
            std::string::npos)
      << log();
  // A recipe of another width: the model's network is taken as it is.
  const std::vector<std::string> onwards{
      "--from", model, "--set", "fine_tune.taken_rate=0.5", "--set", "fine_tune.frozen=[stem]"};
  ASSERT_EQ(run(start("whole", onwards)), 0) << log();
  const Json carried = read_json(root_ / "whole" / "carried-weights.json");
  EXPECT_TRUE(carried.at("fresh").empty());
  EXPECT_TRUE(carried.at("other_shape").empty());
  const formats::TensorFile before = formats::read_safetensors(model);
  const formats::TensorFile after = formats::read_safetensors(root_ / "whole" / "last.safetensors");
  EXPECT_EQ(before.weights.at("stem.conv.weight").data, after.weights.at("stem.conv.weight").data);
  EXPECT_EQ(before.weights.at("stem.bn.running_mean").data, after.weights.at("stem.bn.running_mean").data);
  EXPECT_NE(before.weights.at("head.class.predict.weight").data, after.weights.at("head.class.predict.weight").data);
  EXPECT_EQ(after.metadata.at("mean"), before.metadata.at("mean"));
  // Stopped on the way, it goes on at the same rates.
  std::vector<std::string> stopped = onwards;
  stopped.insert(stopped.end(), {"--until", "2"});
  ASSERT_EQ(run(start("stopped", stopped)), 0) << log();
  EXPECT_EQ(run(resume("stopped", {"--from", model})), 2) << log();
  ASSERT_EQ(run(resume("stopped")), 0) << log();
  EXPECT_TRUE(bytes_of("stopped") == bytes_of("whole"));
}

// A backbone that was imported into a detector, under a name that does not say what the file is.
TEST_F(Run, BeginsTheHeadOfAnImportedBackboneAnew) {
  ASSERT_EQ(run(start("first", {"--set", "epochs=1"})), 0) << log();
  formats::ModelFile model = formats::read_model(root_ / "first" / "last.safetensors");
  std::vector<std::string> heads;
  for (const auto& [name, tensor] : model.weights) {
    if (name.starts_with("head.")) heads.push_back(name);
  }
  formats::set_first_values(model, heads);
  formats::write_model(fixture::output(root_ / "begin.bin"), model);
  ASSERT_EQ(run(start("begun", {"--from", (root_ / "begin.bin").string(), "--set", "epochs=1", "--set",
                                "fit_to_data=true", "--set", "image_size=128", "--set", "fine_tune.taken_rate=0"})),
            0)
      << log();
  const Json carried = read_json(root_ / "begun" / "carried-weights.json");
  EXPECT_EQ(carried.at("untrained").get<std::vector<std::string>>(), heads);
  EXPECT_EQ(carried.at("taken").size() + heads.size(), model.weights.size());
  EXPECT_NE(log().find("begun again (head."), std::string::npos) << log();
  // Its anchors belong to nothing that was learned, and the head learns at the full rate.
  EXPECT_NE(log().find("anchor_size "), std::string::npos) << log();
  const formats::ModelFile after = formats::read_model(root_ / "begun" / "last.safetensors");
  EXPECT_NE(after.weights.at("head.box.predict.weight").data, model.weights.at("head.box.predict.weight").data);
  EXPECT_EQ(after.weights.at("stem.conv.weight").data, model.weights.at("stem.conv.weight").data);
  EXPECT_TRUE(formats::first_values_of(after, "last.safetensors").empty());
}

TEST_F(Run, ChoosesItsInputAndItsAnchorsByTheData) {
  ASSERT_EQ(run(start("fitted", {"--set", "epochs=1", "--set", "fit_to_data=true", "--set", "image_size=128"})), 0)
      << log();
  const std::string recipe = read_file(root_ / "fitted" / "recipe.yaml");
  EXPECT_NE(recipe.find("fit_to_data: false"), std::string::npos);
  EXPECT_NE(recipe.find("image_size: 128"), std::string::npos) << "what --set names stays";
  EXPECT_EQ(recipe.find("anchor_size: null"), std::string::npos) << recipe;
  EXPECT_NE(log().find("anchor_size "), std::string::npos) << log();
}

TEST_F(Run, ASignalEndsItWithACheckpointAndItsStatus) {
  const pid_t pid = spawn(start("stopped"));
  for (int i = 0; i < 600 && !fs::exists(root_ / "stopped" / "checkpoints"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ::kill(pid, SIGTERM);
  EXPECT_EQ(wait(pid), 143) << log();
  ASSERT_EQ(run(resume("stopped")), 0) << log();
  ASSERT_EQ(run(start("whole")), 0) << log();
  EXPECT_TRUE(bytes_of("stopped") == bytes_of("whole"));
}

TEST_F(Run, ABrokenCheckpointIsNamedAndTheOneBeforeTaken) {
  ASSERT_EQ(run(start("whole")), 0) << log();
  const auto expected = bytes_of("whole");
  const fs::path newest = root_ / "whole" / "checkpoints" / "step-000000030.safetensors";
  std::string broken = read_file(newest);
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
  std::ofstream(newest, std::ios::binary) << broken;
  ASSERT_EQ(run(resume("whole")), 0) << log();
  EXPECT_NE(log().find("step-000000030.safetensors"), std::string::npos) << log();
  EXPECT_TRUE(bytes_of("whole") == expected);
}

TEST_F(Run, TwoProcessesFollowTheCurveOfOne) {
  // Where the loss is smooth enough that rounding is not amplified from step to step.
  const std::vector<std::string> smooth{"--set", "init.residual_norm_weight=0",
                                        "--set", "optimizer.learning_rate=0.0001",
                                        "--set", "image_size=256",
                                        "--set", "epochs=2"};
  std::vector<std::string> two_processes = smooth;
  two_processes.insert(two_processes.end(), {"--nproc", "2"});
  ASSERT_EQ(run(start("one", smooth)), 0) << log();
  ASSERT_EQ(run(start("two", two_processes)), 0) << log();
  std::ifstream one(root_ / "one" / "metrics.jsonl");
  std::ifstream two(root_ / "two" / "metrics.jsonl");
  std::string a, b;
  int compared = 0;
  while (std::getline(one, a) && std::getline(two, b)) {
    const Json x = parse_json(a, "one");
    const Json y = parse_json(b, "two");
    if (!x.contains("loss")) continue;
    ++compared;
    EXPECT_NEAR(y.at("loss").get<double>(), x.at("loss").get<double>(), 1e-4 * x.at("loss").get<double>()) << a;
  }
  EXPECT_EQ(compared, 10);

  // And they end with the weights of one.
  const formats::TensorFile alone = formats::read_safetensors(root_ / "one/last.safetensors");
  const formats::TensorFile together = formats::read_safetensors(root_ / "two/last.safetensors");
  ASSERT_EQ(together.weights.size(), alone.weights.size());
  for (const auto& [name, tensor] : alone.weights) {
    const std::vector<float>& found = together.weights.at(name).data;
    ASSERT_EQ(found.size(), tensor.data.size()) << name;
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], tensor.data[i], 1e-4 + 1e-3 * std::abs(tensor.data[i])) << name << " " << i;
    }
  }
}

// Its connections stay: nothing but the time tells the others.
TEST_F(Run, AProcessThatHangsEndsTheOtherInTheTimeThatWasGiven) {
  const std::vector<std::string> arguments =
      start("hangs", {"--peer-timeout", "5", "--set", "epochs=1000", "--set", "eval_every=1000"});
  const pid_t first = spawn_rank("0", arguments), second = spawn_rank("1", arguments);
  ASSERT_TRUE(saves("hangs")) << log();
  ::kill(second, SIGSTOP);
  int status = 0;
  const bool ended = ends(first, status);
  ::kill(second, SIGKILL);
  wait(second);
  ASSERT_TRUE(ended) << log();
  EXPECT_EQ(status, 1) << log();
  EXPECT_NE(log().find("another process was lost"), std::string::npos) << log();
}

TEST_F(Run, AProcessThatNeverComesIsNotAwaitedForLong) {
  const pid_t pid = spawn_rank("1", start("nobody", {"--peer-timeout", "2"}));
  int status = 0;
  ASSERT_TRUE(ends(pid, status)) << log();
  EXPECT_EQ(status, 1) << log();
  EXPECT_NE(log().find("cannot join the other processes"), std::string::npos) << log();
}

TEST_F(Run, ALostProcessEndsTheOtherWithAClearError) {
  std::vector<pid_t> processes;
  for (const char* rank : {"0", "1"}) {
    processes.push_back(spawn_rank(rank, start("lost", {"--set", "epochs=1000", "--set", "eval_every=1000"})));
  }
  for (int i = 0; i < 600 && !fs::exists(root_ / "lost" / "checkpoints"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ::kill(processes[1], SIGKILL);
  wait(processes[1]);
  const auto begin = std::chrono::steady_clock::now();
  int status = 0;
  while (::waitpid(processes[0], &status, WNOHANG) == 0 &&
         std::chrono::steady_clock::now() - begin < std::chrono::seconds(60)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const bool ended = WIFEXITED(status);
  if (!ended) ::kill(processes[0], SIGKILL);
  ASSERT_TRUE(ended) << "the other process hangs\n" << log();
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(log().find("another process was lost"), std::string::npos) << log();
}

// The pace is looked at after step 20, the last one of the epoch, by process 0 alone: the other one has no max_minutes,
// and longer epochs. Process 0 waits there until the other one is killed, before the epoch is measured.
TEST_F(Run, AnEpochThatWasNotMeasuredWhenAProcessWasLostIsMeasuredLater) {
  make_squares(root_ / "data", 160);
  const std::vector<std::string> common{"--set", "epochs=2", "--set", "eval_every=1"};
  std::vector<std::string> first = start("cut", common), second = start("cut", common);
  first.insert(first.end(), {"--set", "batch=8", "--set", "max_minutes=1000"});
  second.insert(second.end(), {"--set", "batch=4"});
  const pid_t leader = spawn_rank("0", first), other = spawn_rank("1", second);
  const auto came_to = [&] {
    const fs::path metrics = root_ / "cut/metrics.jsonl";
    return fs::exists(metrics) && read_file(metrics).find("\"step\":20") != std::string::npos;
  };
  for (int i = 0; i < 600 && !came_to(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const bool came = came_to();
  ::kill(other, SIGKILL);
  wait(other);
  int status = 0;
  ASSERT_TRUE(ends(leader, status)) << log();
  ASSERT_TRUE(came) << log();
  EXPECT_EQ(status, 1) << log();
  EXPECT_FALSE(fs::exists(root_ / "cut/checkpoints/step-000000020.safetensors")) << log();
  ASSERT_EQ(run(resume("cut")), 0) << log();
  std::vector<int64_t> measured;
  std::ifstream lines(root_ / "cut/metrics.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const Json json = parse_json(line, "metrics.jsonl");
    if (json.contains("AP")) measured.push_back(json.at("step").get<int64_t>());
  }
  EXPECT_EQ(measured, (std::vector<int64_t>{20, 40}));
}

TEST_F(Run, AWrongFirstTryLeavesTheFolderFree) {
  EXPECT_EQ(run(start("first", {"--set", "data.root=nowhere"})), 1) << log();
  EXPECT_EQ(run(start("first", {"--set", "epochs=1"})), 0) << log();
}

TEST_F(Run, WeightsThatAreNotThereLeaveTheFolderFree) {
  EXPECT_NE(run(start("free", {"--set", "init.weights=" + (root_ / "nowhere.safetensors").string()})), 0);
  EXPECT_FALSE(fs::exists(root_ / "free/recipe.yaml"));
  EXPECT_EQ(run(start("free", {"--set", "epochs=1"})), 0);
}

TEST_F(Run, AFailureLeavesItsReasonUntilTheRunGoesOn) {
  // Without a limit of the gradient the weights leave what a float can hold.
  const std::vector<std::string> wild{"--set", "optimizer.learning_rate=1e30", "--set", "optimizer.clip_norm=0"};
  EXPECT_EQ(run(start("wild", wild)), 1) << log();
  const auto failure = read_failure(root_ / "wild");
  ASSERT_TRUE(failure.has_value()) << log();
  EXPECT_EQ(failure->kind, FailureKind::non_finite_loss);
  EXPECT_GE(failure->step.value_or(0), 10);
  EXPECT_NE(failure->message.find("10 steps in a row were not finite"), std::string::npos) << failure->message;
  EXPECT_NE(log().find(failure->message), std::string::npos) << log();

  const pid_t pid = spawn(resume("wild"));
  for (int i = 0; i < 600 && read_failure(root_ / "wild"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(read_failure(root_ / "wild").has_value());
  ::kill(pid, SIGKILL);
  wait(pid);
}

TEST_F(Run, AFailureBeforeTheRunBeginsLeavesItsReasonOnlyWhereAFolderWaits) {
  fs::create_directories(root_ / "waiting");
  for (const char* folder : {"waiting", "none"}) {
    EXPECT_EQ(run(start(folder, {"--set", "epocs=1"})), 2) << log();
  }
  EXPECT_FALSE(fs::exists(root_ / "none"));
  ASSERT_TRUE(read_failure(root_ / "waiting").has_value());
  EXPECT_EQ(read_failure(root_ / "waiting")->kind, FailureKind::usage);
  EXPECT_FALSE(read_failure(root_ / "waiting")->step.has_value());
  ASSERT_EQ(run(start("waiting", {"--set", "epochs=1"})), 0) << log();
  EXPECT_FALSE(read_failure(root_ / "waiting").has_value());
  // A run that is there keeps its folder as it is.
  EXPECT_EQ(run(start("waiting")), 2);
  EXPECT_FALSE(read_failure(root_ / "waiting").has_value());
}

TEST_F(Run, Bfloat16OnACpuIsRefused) {
  EXPECT_EQ(run(start("half", {"--set", "device=cpu", "--set", "precision=bf16"})), 1);
  EXPECT_NE(log().find("bf16 trains on a GPU only"), std::string::npos) << log();
  EXPECT_NE(log().find("set precision: fp32"), std::string::npos) << log();
  EXPECT_FALSE(fs::exists(root_ / "half/recipe.yaml"));
}

TEST_F(Run, StoppedEarlyItStaysStopped) {
  // The learning rate is nothing, so no measurement is better than the first.
  const std::vector<std::string> still{"--set",       "optimizer.learning_rate=1e-30", "--set", "early_stop=1", "--set",
                                       "eval_every=1"};
  ASSERT_EQ(run(start("early", still)), 0) << log();
  const std::string metrics = read_file(root_ / "early" / "metrics.jsonl");
  ASSERT_EQ(run(resume("early")), 0) << log();
  EXPECT_EQ(read_file(root_ / "early" / "metrics.jsonl"), metrics);
}

TEST_F(Run, SaysWhatItWillDoAndWhatCameOfIt) {
  const std::string data = (root_ / "data").string(), folder = (root_ / "told").string();
  const std::string said = said_by(start("told"), 0);
  for (const std::string& part :
       {std::string("learns to find objects of 2 classes at 128 x 128 pixels, from scratch.\n"),
        std::string("There are 20 images to learn from, 20 to measure AP on.\n"),
        std::string(
            "6 epochs of 5 steps with 4 images each are 30 steps.\nIt runs on the CPU with 1 thread in fp32.\n"),
        folder + " will have the recipe, ", std::string("\nA step takes "), std::string("\nTrained 30 steps in "),
        std::string("\nThe best measurement is AP 0."), "\nThe report is " + folder + "/report.html.\nNext:\n",
        "  spinenet predict " + folder + " " + data + "/images --out drawn\n",
        "  spinenet eval " + folder + " --annotations " + data + "/annotations/val.json --images " + data + "/images\n",
        "  spinenet export " + folder + " --onnx told.onnx\n"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << "\nin\n" << said;
  }
  EXPECT_EQ(said.find("total_steps"), std::string::npos) << said;
  // The bar ends with the best measurement of all, and leaves it to the sentences how long it took.
  std::smatch bar, best;
  ASSERT_TRUE(std::regex_search(
      said, bar, std::regex("\ntrain: 30/30 \\(100%\\)  loss [0-9.]+  best (AP [0-9.]+ at step [0-9]+)\n")))
      << said;
  ASSERT_TRUE(std::regex_search(said, best, std::regex("The best measurement is (AP [0-9.]+ at step [0-9]+),")))
      << said;
  EXPECT_EQ(bar[1], best[1]);
  const std::string report = read_file(root_ / "told/report.html");
  EXPECT_NE(report.find(": annotated\" src=\"data:image/jpeg;base64,"), std::string::npos);
  EXPECT_NE(report.find(": found\" src=\"data:image/jpeg;base64,"), std::string::npos);
  EXPECT_LT(report.size(), 500'000U);
  // Those commands do what they say.
  EXPECT_EQ(run({SPINENET_BINARY, "eval", folder, "--annotations", data + "/annotations/val.json", "--images",
                 data + "/images", "--json"}),
            0)
      << log();
  const std::string again = said_by(resume("told", {"--set", "epochs=7"}), 0);
  EXPECT_NE(again.find("pixels, going on behind step 30.\n"), std::string::npos) << again;
  EXPECT_NE(again.find("Trained 35 steps in "), std::string::npos) << again;
}

TEST_F(Run, SaysThatTheTimeEndedIt) {
  const std::string said =
      said_by(start("short", {"--set", "max_minutes=0.1", "--set", "epochs=100000", "--set", "eval_every=100000"}), 0);
  for (const char* part :
       {" are 500000 steps, fewer where they take more than 0.1 minutes.\n", " of 500000 steps in ",
        "\nThe 0.1 minutes ended it; spinenet train --resume --out ", " --set max_minutes=0.2 goes on.\n"}) {
    EXPECT_NE(said.find(part), std::string::npos) << part << "\nin\n" << said;
  }
}

TEST_F(Run, QuietItSaysNothingAndAsJsonTheNumbers) {
  EXPECT_EQ(said_by(start("quiet", {"-q", "--set", "epochs=1"}), 0), "");
  const Json summary = parse_json(said_by(start("json", {"-q", "--json", "--set", "epochs=1"}), 0), "summary");
  for (const char* key : {"run", "step", "total_steps", "AP", "best_AP", "best_step", "skipped_steps", "seconds",
                          "images_per_second", "data_wait_share", "stopped_by_signal", "paused", "bad_images"}) {
    EXPECT_TRUE(summary.contains(key)) << key;
  }
  EXPECT_EQ(summary.size(), 13U);
}

TEST_F(Run, AModelKnowsItsClassesBySourceIds) {
  ASSERT_EQ(run(start("whole", {"--set", "epochs=1"})), 0) << log();
  const formats::TensorFile model = formats::read_safetensors(root_ / "whole" / "best.safetensors");
  const std::string classes = model.metadata.at("classes");
  EXPECT_NE(classes.find("\"id\":3"), std::string::npos) << classes;
  EXPECT_NE(classes.find("\"name\":\"dark\""), std::string::npos) << classes;
}

TEST_F(Run, DataThatChangedIsNamedAndTheRunLeftAsItIs) {
  ASSERT_EQ(run(start("run", {"--set", "epochs=2"})), 0) << log();
  const auto before = files_of("run");
  for (const int count : {40, 3}) {
    make_squares(root_ / "data", count);
    const std::string said = said_by(resume("run", {"--set", "epochs=3"}), 65);
    const std::vector<std::string> parts{"run/record.json: ", "20 training images, now " + std::to_string(count),
                                         "40 training objects, now " + std::to_string(2 * count),
                                         "20 validation images, now " + std::to_string(count), "run/best.safetensors"};
    for (const std::string& part : parts) {
      EXPECT_NE(said.find(part), std::string::npos) << said;
    }
    expect_same_files("run", before);
  }
  make_squares(root_ / "data", 20);
  const fs::path file = root_ / "data/annotations/val.json";
  std::string renamed = read_file(file);
  renamed.replace(renamed.find("dark"), 4, "dusk");
  fs::remove(file);
  fixture::put_file(file, renamed);
  fixture::put_file(root_ / "data/annotations/train.json", renamed);
  EXPECT_NE(said_by(resume("run"), 65).find("classes of other names or ids"), std::string::npos) << log();
  expect_same_files("run", before);
  // The same data elsewhere is the same data.
  fs::remove_all(root_ / "data");
  make_squares(root_ / "moved", 20);
  EXPECT_EQ(run(resume("run", {"--set", "epochs=3", "--set", "data.root=" + (root_ / "moved").string()})), 0) << log();
}

TEST_F(Run, ARefusedResumeLeavesEveryFileAsItIs) {
  ASSERT_EQ(run(start("run", {"--set", "epochs=2"})), 0) << log();
  // Of an attempt that had failed before: it stands until the run goes on.
  fixture::put_file(root_ / "run/failure.json", R"({"kind": "io", "step": 3, "message": "the disk was full"})");
  const auto before = files_of("run");
  const std::vector<std::pair<std::vector<std::string>, int>> refused{{{"--set", "batch=2"}, 2},
                                                                      {{"--set", "epocs=3"}, 2},
                                                                      {{"--set", "precision=bf16"}, 2},
                                                                      {{"--set", "data.root=nowhere"}, 1}};
  for (const auto& [settings, status] : refused) {
    said_by(resume("run", settings), status);
    expect_same_files("run", before);
  }
  EXPECT_EQ(run(resume("run", {"--set", "epochs=3"})), 0) << log();
  EXPECT_FALSE(read_failure(root_ / "run").has_value());
}

TEST_F(Run, ProcessesThatSeeOtherDataLeaveTheFolderAsItIs) {
  make_other_squares(root_ / "other", 20);
  const auto refuse = [&](const std::vector<std::string>& first, std::vector<std::string> second) {
    fs::remove(root_ / "log");
    second.insert(second.end(), {"--set", "data.root=" + (root_ / "other").string()});
    const pid_t leader = spawn_rank("0", first), other = spawn_rank("1", second);
    EXPECT_EQ(wait(leader), 65) << log();
    EXPECT_EQ(wait(other), 65) << log();
    EXPECT_NE(log().find("reads other training data"), std::string::npos) << log();
  };
  const std::vector<std::string> anew = start("run", {"--set", "epochs=2"});
  refuse(anew, anew);
  ASSERT_EQ(run(anew), 0) << "the folder is free: " << log();
  const auto before = files_of("run");
  const std::vector<std::string> longer = resume("run", {"--set", "epochs=3"});
  refuse(longer, longer);
  expect_same_files("run", before);
}

// The file system is one of a namespace that the process has alone; it is full until the first warning.
TEST_F(Run, AResumeOnAFullDiskWarnsAndWritesLater) {
  const std::string place = (root_ / "place").string();
  fs::create_directories(place);
  const auto alone = [&](const std::string& script, const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"/usr/bin/env", "unshare", "-rm", "sh", "-c", script, "sh"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  };
  const std::string mount = "mount -t tmpfs -o size=64m none " + place;
  if (alone(mount, {}) != 0) GTEST_SKIP() << "no namespaces here";
  ASSERT_EQ(run(start("run", {"--set", "epochs=2"})), 0) << log();
  fs::remove(root_ / "log");
  const std::string script = mount + " && cp -a " + (root_ / "run/.").string() + " " + place +
                             " && { cat /dev/zero > " + place + "/filler 2>/dev/null; \"$@\" & } && " +
                             "while kill -0 $! && ! grep -q 'tries again later' " + (root_ / "log").string() +
                             "; do sleep 0.05; done; rm " + place + "/filler; wait $!; status=$?; cp -a " + place +
                             "/. " + (root_ / "run").string() + "; exit $status";
  EXPECT_EQ(alone(script, resume("place", {"--set", "epochs=6", "--set", "checkpoint_every=10"})), 0) << log();
  EXPECT_NE(log().find("training goes on and tries again later"), std::string::npos) << log();
  EXPECT_NE(read_file(root_ / "run/recipe.yaml").find("epochs: 6"), std::string::npos) << log();
  EXPECT_TRUE(fs::exists(root_ / "run/checkpoints/step-000000030.safetensors")) << log();
}

TEST_F(Run, AClassifierNoticesOtherImages) {
  make_classes(root_ / "data", 20);
  ASSERT_EQ(run(start("run", {"--set", "task=classify", "--set", "data.train_images=train", "--set",
                              "data.val_images=val", "--set", "image_size=32", "--set", "epochs=1"})),
            0)
      << log();
  fs::copy(root_ / "data/train/dark/1.png", root_ / "data/train/dark/more.png");
  EXPECT_NE(said_by(resume("run"), 65).find("20 training images, now 21"), std::string::npos) << log();
  fs::remove(root_ / "data/train/dark/more.png");
  fs::rename(root_ / "data/train/dark/1.png", root_ / "data/train/dark/01.png");
  EXPECT_NE(said_by(resume("run"), 65).find("the same number of training images"), std::string::npos) << log();
}

TEST_F(Run, WhatMayNotChangeIsNamedWithBothValues) {
  ASSERT_EQ(run(start("run", {"--set", "epochs=2"})), 0) << log();
  const std::string recipe = read_file(root_ / "run/recipe.yaml");
  const std::string said = said_by(resume("run", {"--set", "batch=2", "--set", "optimizer.learning_rate=0.5"}), 2);
  for (const char* part : {"batch is 4, not 2", "optimizer.learning_rate is 0.02, not 0.5", "init.weights="}) {
    EXPECT_NE(said.find(part), std::string::npos) << said;
  }
  EXPECT_NE(said_by(resume("run", {"--set", "epochs=1"}), 2).find("can only be raised"), std::string::npos) << log();
  EXPECT_EQ(read_file(root_ / "run/recipe.yaml"), recipe);
  // Changed by hand in the run folder: the checkpoint knows.
  std::string changed = recipe;
  changed.replace(changed.find("seed: 1\n", changed.find("device:")), 8, "seed: 7\n");
  fixture::put_file(root_ / "run/recipe.yaml", changed);
  EXPECT_NE(said_by(resume("run"), 65).find("seed is 1, not 7"), std::string::npos) << log();
  EXPECT_NE(log().find("checkpoints/step-000000010.safetensors"), std::string::npos) << log();
  fixture::put_file(root_ / "run/recipe.yaml", recipe);
  // What is computed with may change, by whatever flag.
  EXPECT_EQ(run(resume("run", {"--threads", "2", "--set", "data.loader_threads=2", "--set", "log_every=2"})), 0)
      << log();
  // The recipe that is named is not the run's.
  std::string other = kRecipe;
  other.replace(other.find("batch: 4"), 8, "batch: 2");
  std::ofstream(root_ / "recipe.yaml") << other;
  EXPECT_NE(said_by(resume("run"), 0).find("batch 4 -> 2, "), std::string::npos) << log();
}

TEST_F(Run, AFinishedRunIsMadeLongerAndKilledOnTheWayEndsInTheSameBytes) {
  for (const char* out : {"whole", "killed"}) ASSERT_EQ(run(start(out, {"--set", "epochs=2"})), 0) << log();
  EXPECT_NE(said_by(resume("whole"), 0).find("all 10 steps are done"), std::string::npos) << log();
  const auto begin = std::chrono::steady_clock::now();
  const std::string said = said_by(resume("whole", {"--set", "epochs=6"}), 0);
  const auto time = std::chrono::steady_clock::now() - begin;
  EXPECT_NE(said.find("changed: epochs 2 -> 6"), std::string::npos) << said;
  EXPECT_NE(said.find("30 steps in all instead of 10, 10 are done"), std::string::npos) << said;
  const pid_t pid = spawn(resume("killed", {"--set", "epochs=6"}));
  std::this_thread::sleep_for(0.6 * time);
  ::kill(pid, SIGKILL);
  wait(pid);
  // Where it came far enough to write its longer recipe, the same command without it goes on.
  const bool longer = read_file(root_ / "killed/recipe.yaml").find("epochs: 6") != std::string::npos;
  ASSERT_EQ(run(longer ? resume("killed") : resume("killed", {"--set", "epochs=6"})), 0) << log();
  EXPECT_TRUE(bytes_of("killed") == bytes_of("whole"));
}

TEST_F(Run, AFolderOfAnEarlierVersionGoesOnWithAWord) {
  ASSERT_EQ(run(start("whole")), 0) << log();
  const pid_t pid = spawn(start("older"));
  ASSERT_TRUE(saves("older")) << log();
  ::kill(pid, SIGKILL);
  wait(pid);
  fs::remove(root_ / "older/record.json");
  // Whatever it cannot compare, a schedule that does not fit is no run to go on with.
  make_squares(root_ / "data", 40);
  EXPECT_NE(said_by(resume("older"), 65).find("the run was 30 steps long, in 6 epochs"), std::string::npos) << log();
  make_squares(root_ / "data", 20);
  EXPECT_NE(said_by(resume("older"), 0).find("older/record.json: is not there"), std::string::npos) << log();
  EXPECT_TRUE(bytes_of("older") == bytes_of("whole"));
  EXPECT_TRUE(fs::exists(root_ / "older/record.json"));
}

TEST_F(Run, ATerminalThatGoesStopsItAsASignalDoes) {
  const pid_t pid = spawn(start("stopped", {"--set", "epochs=1000", "--set", "eval_every=1000"}));
  ASSERT_TRUE(saves("stopped")) << log();
  ::kill(pid, SIGHUP);
  EXPECT_EQ(wait(pid), 129) << log();
  EXPECT_FALSE(read_failure(root_ / "stopped").has_value());
}

TEST_F(Run, AStopIsHeardWhileTheOthersAreAwaited) {
  const pid_t pid = spawn_rank("0", start("alone"));
  std::this_thread::sleep_for(std::chrono::seconds(2));
  ::kill(pid, SIGTERM);
  int status = 0;
  ASSERT_TRUE(ends(pid, status)) << log();
  EXPECT_EQ(status, 143) << log();
  if (log().find("error:") != std::string::npos) {  // it came so far as to wait
    EXPECT_NE(log().find("process 0 of 2: asked to stop"), std::string::npos) << log();
  }
  EXPECT_FALSE(fs::exists(root_ / "alone"));
}

TEST_F(Run, AStopIsHeardWhereAnotherProcessHangsAndNothingIsLost) {
  const std::vector<std::string> arguments =
      start("hanging", {"--set", "epochs=1000", "--set", "eval_every=1000", "--set", "checkpoint_every=100000"});
  const pid_t first = spawn_rank("0", arguments), second = spawn_rank("1", arguments);
  ASSERT_TRUE(comes("hanging/timing.jsonl")) << log();
  for (int i = 0; i < 600 && fs::file_size(root_ / "hanging/timing.jsonl") == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ::kill(second, SIGSTOP);
  ::kill(first, SIGTERM);
  int status = 0;
  const bool ended = ends(first, status);
  ::kill(second, SIGKILL);
  wait(second);
  ASSERT_TRUE(ended) << log();
  EXPECT_EQ(status, 143) << log();
  EXPECT_TRUE(fs::exists(root_ / "hanging/checkpoints")) << log();
  EXPECT_FALSE(read_failure(root_ / "hanging").has_value());
}

TEST_F(Run, TheLauncherOfSeveralProcessesPassesASignalOnAndWaits) {
  const pid_t pid = spawn(start("several", {"--nproc", "2", "--set", "epochs=1000", "--set", "eval_every=1000"}));
  ASSERT_TRUE(saves("several")) << log();
  ::kill(pid, SIGTERM);
  int status = 0;
  ASSERT_TRUE(ends(pid, status)) << log();
  EXPECT_EQ(status, 143) << log();
  EXPECT_FALSE(read_failure(root_ / "several").has_value());
  EXPECT_EQ(run(resume("several", {"--until", "1"})), 0) << log();  // nobody holds the folder any more
}

TEST_F(Run, AConstantRateMadeLongerIsOneThatWasAsLongFromTheStart) {
  const std::vector<std::string> constant{"--set", "schedule.kind=constant"};
  std::vector<std::string> shorter = constant;
  shorter.insert(shorter.end(), {"--set", "epochs=4"});
  ASSERT_EQ(run(start("whole", constant)), 0) << log();
  ASSERT_EQ(run(start("longer", shorter)), 0) << log();
  ASSERT_EQ(run(resume("longer", {"--set", "epochs=6"})), 0) << log();
  // The best model says which recipe it was saved under, which had fewer epochs.
  const std::vector<std::string> longer = bytes_of("longer"), whole = bytes_of("whole");
  for (const size_t file : {0U, 2U, 3U}) EXPECT_TRUE(longer[file] == whole[file]) << "file " << file;

  // A decay that branches off: the rate is told, and of another kind it is refused.
  fs::copy(root_ / "whole", root_ / "branch", fs::copy_options::recursive);
  const std::string said = said_by(resume("branch", {"--set", "epochs=8", "--set", "schedule.decay_steps=10"}), 0);
  EXPECT_NE(said.find("is not stretched: the learning rate goes on at 0.02, it was 0.02"), std::string::npos) << said;
  EXPECT_NE(said_by(start("refused", {"--set", "schedule.decay_steps=10"}), 2).find("falls by itself"),
            std::string::npos);
}

// Scenes that are made while training are stored nowhere, and are the same ones after a kill.
TEST_F(Run, ScenesMadeOnTheWayEndInTheSameBytes) {
  if (!fs::exists(data::fashion_mnist_folder())) GTEST_SKIP() << "without the garments there are no scenes";
  const std::string scenes = (root_ / "scenes").string();
  const std::vector<std::string> settings{"--set", "data.scenes=easy",
                                          "--set", "data.root=" + scenes,
                                          "--set", "data.train_images=train",
                                          "--set", "data.val_images=val",
                                          "--set", "data.scenes_on_the_fly=true",
                                          "--set", "data.scenes_images=20",
                                          "--set", "data.scenes_val_images=4",
                                          "--set", "data.scenes_sizes=[20, 40, 70]",
                                          "--set", "augment.mosaic=0.5"};
  expect_kills_change_nothing(settings);
  EXPECT_FALSE(fs::exists(root_ / "scenes/train")) << "no scene to train on is stored";
  EXPECT_TRUE(fs::exists(root_ / "scenes/val/000004.jpg"));

  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), settings.begin(), settings.end());
    return said_by(start("refused", more), 2);
  };
  EXPECT_NE(refused({"--set", "data.hold_out=0.5"}).find("no stored scenes to hold out"), std::string::npos);
  EXPECT_NE(refused({"--set", "fit_to_data=true"}).find("no stored images"), std::string::npos);
  EXPECT_NE(refused({"--set", "data.scenes=null"}).find("no scenes to make"), std::string::npos);
  EXPECT_NE(refused({"--set", "data.scenes_sizes=[40, 20]"}).find("numbers or more that grow"), std::string::npos);
  EXPECT_NE(said_by(resume("whole", {"--set", "data.scenes_images=30"}), 2).find("data.scenes_images"),
            std::string::npos);
}

TEST_F(Run, AStopIsHeardWhileAnotherProcessMakesScenes) {
  if (!fs::exists(data::fashion_mnist_folder())) GTEST_SKIP() << "without the garments there are no scenes";
  const fs::path scenes = root_ / "scenes";
  fs::create_directories(scenes);
  fixture::put_file(scenes / ".spinenet", R"({"program": "spinenet", "kind": "a set of scenes", "id": "1"})");
  const int lock = ::open((scenes / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  const pid_t pid = spawn(start("waiting", {"--set", "data.scenes=easy", "--set", "data.root=" + scenes.string()}));
  for (int i = 0; i < 600 && log().find("makes scenes there") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ::kill(pid, SIGINT);
  int status = 0;
  const bool ended = ends(pid, status);
  ::close(lock);
  ASSERT_TRUE(ended) << log();
  EXPECT_EQ(status, 130) << log();
  EXPECT_NE(log().find("asked to stop while another process made scenes"), std::string::npos) << log();
  EXPECT_FALSE(read_failure(root_ / "waiting").has_value());
}

}  // namespace
}  // namespace spinenet
