#include "runtime/prepare.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "engine/compile/check_options.h"
#include "engine/run/session.h"
#include "graph/weights.h"
#include "runtime/calibration.h"
#include "runtime/detect_function.h"
#include "runtime/test_models.h"

namespace spinenet::runtime {
namespace {

std::string refusal_of(const Model& model, const RunOptions& options) {
  try {
    prepare(model, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

float best_score(const Model& model, const RunOptions& options) {
  const image::Image image = striped_image();
  return make_detect_function(prepare(model, options), {.score_threshold = 0})({&image, 1}).front().front().score;
}

TEST(Prepare, TakesTheWeightsAndKeepsTheRest) {
  const Model model = model_for(arch::Task::segment);
  const PreparedModel prepared = prepare(model, {.image_size = 120, .threads = 2});
  EXPECT_TRUE(prepared.model.file.weights.empty());
  EXPECT_EQ(prepared.model.file.classes, model.file.classes);
  EXPECT_EQ(prepared.image_size, 120);
  EXPECT_EQ(prepared.threads, 2);
  ASSERT_EQ(std::get<NetworkPlans>(prepared.networks).size(), 3U);
  for (const auto& plan : std::get<NetworkPlans>(prepared.networks)) EXPECT_EQ(plan->threads, 2);
}

TEST(Prepare, ComputesInEveryNumberFormat) {
  const Model model = calibrated_model();
  const float exact = best_score(model, {});
  const float bytes = best_score(model, {.precision = engine::Precision::int8});
  EXPECT_NE(bytes, exact);
  EXPECT_NEAR(bytes, exact, 0.2);
  EXPECT_NE(refusal_of(model_for(arch::Task::detect), {.precision = engine::Precision::int8}).find("no calibration"),
            std::string::npos);
}

TEST(Prepare, EachNetworkOfAModelThatSegmentsHasItsCalibration) {
  Model model = calibrated_model(arch::Task::segment);
  const float exact = best_score(model, {}), bytes = best_score(model, {.precision = engine::Precision::int8});
  EXPECT_NE(bytes, exact);
  EXPECT_NEAR(bytes, exact, 0.2);
  const PreparedModel prepared = prepare(model, {.precision = engine::Precision::int8});
  const NetworkPlans& plans = std::get<NetworkPlans>(prepared.networks);
  for (const auto& plan : plans) {
    EXPECT_TRUE(std::ranges::any_of(plan->steps, [](const engine::Step& step) {
      const engine::ConvStep* conv = engine::as_convolution(step);
      return conv != nullptr && std::ranges::any_of(conv->sites, [](const engine::ConvSite& site) {
               return engine::is_bytes(site.in.quantization);
             });
    })) << "no convolution of bytes";
    if (plan != plans.front()) {
      EXPECT_TRUE(engine::is_float(plan->input.quantization)) << "crops come as floats";
    }
  }
  EXPECT_TRUE(std::ranges::any_of(plans.back()->steps, [](const engine::Step& step) {
    const auto* deconv = std::get_if<engine::DeconvStep>(&step);
    return deconv != nullptr && deconv->format == engine::NumberFormat::int8;
  })) << "the mask head's transposed convolution";
  Calibrations swapped = *calibrations_of(model.file, "m");
  std::swap(swapped[1], swapped[2]);
  set_calibrations(model.file, swapped);
  EXPECT_NE(refusal_of(model, {.precision = engine::Precision::int8}).find("made with other weights"),
            std::string::npos);
  Calibrations fewer = swapped;
  fewer.resize(2);
  set_calibrations(model.file, fewer);
  EXPECT_NE(refusal_of(model, {.precision = engine::Precision::int8}).find("for 2 networks, and the model has 3"),
            std::string::npos);
}

TEST(Prepare, AutotunesIntoTheFileThatIsNamed) {
  const Model model = model_for(arch::Task::classify);
  const auto file = std::filesystem::path(testing::TempDir()) / "spinenet_prepare_autotune.json";
  std::filesystem::remove(file);
  prepare(model, {.image_size = 32, .autotune = true, .autotune_cache = file.string()});
  EXPECT_TRUE(std::filesystem::exists(file));
  std::filesystem::remove(file);
}

// The outputs of every network for one input.
std::vector<HostTensor> outputs_of(const PreparedModel& prepared) {
  std::vector<HostTensor> all;
  for (const auto& plan : std::get<NetworkPlans>(prepared.networks)) {
    const graph::Shape& shape = plan->input.shape;
    HostTensor input = make_tensor({1, shape.channels, shape.height, shape.width});
    for (size_t i = 0; i < input.data.size(); ++i) input.data[i] = static_cast<float>(i % 17) / 17;
    for (HostTensor& output : engine::engine_forward(plan)(input)) all.push_back(std::move(output));
  }
  return all;
}

void expect_same_bits(const std::vector<HostTensor>& found, const std::vector<HostTensor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].data, expected[i].data) << "output " << i;
}

// The files, and when each was written.
std::map<std::filesystem::path, std::filesystem::file_time_type> packed_files(const std::filesystem::path& folder) {
  std::map<std::filesystem::path, std::filesystem::file_time_type> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".packed") files[entry.path()] = entry.last_write_time();
  }
  return files;
}

class PackedFolder : public testing::Test {
 protected:
  void save(const Model& model) { formats::write_model(fixture::output(file_), model.file); }
  std::vector<HostTensor> answer(engine::Precision precision, bool keep = true) {
    RunOptions options{.threads = 2, .precision = precision};
    if (keep) options.packed_folder = cache_;
    return outputs_of(prepare(open_stored_model(file_, keep), options));
  }

  fixture::ScratchFolder folder_;
  std::filesystem::path file_ = folder_ / "m.safetensors", cache_ = folder_ / "cache";
};

TEST_F(PackedFolder, GivesTheSameBitsInEveryNumberFormat) {
  save(calibrated_model());
  size_t files = 0;
  for (const auto precision : values_of<engine::Precision>()) {
    if (!engine::has_format({.precision = precision})) continue;
    const std::vector<HostTensor> expected = outputs_of(prepare(open_model(file_), {.precision = precision}));
    expect_same_bits(answer(precision, false), expected);
    expect_same_bits(answer(precision), expected);
    const auto written = packed_files(cache_);
    EXPECT_EQ(written.size(), ++files);
    expect_same_bits(answer(precision), expected);
    EXPECT_EQ(packed_files(cache_), written) << "what was kept is used";
  }
}

TEST_F(PackedFolder, HasAFileOfEachNetwork) {
  save(model_for(arch::Task::segment));
  const std::vector<HostTensor> expected = answer(engine::Precision::fp32, false);
  for (int round = 0; round < 2; ++round) {
    expect_same_bits(answer(engine::Precision::fp32), expected);
    EXPECT_EQ(packed_files(cache_).size(), 3U);
  }
}

TEST_F(PackedFolder, FollowsTheModel) {
  Model model = model_for(arch::Task::detect);
  save(model);
  const std::vector<HostTensor> before = answer(engine::Precision::fp32);
  for (auto& [name, tensor] : model.file.weights) {
    for (float& x : tensor.data) x *= 1.25F;
  }
  save(model);
  const std::vector<HostTensor> expected = answer(engine::Precision::fp32, false);
  EXPECT_NE(expected.front().data, before.front().data);
  for (int round = 0; round < 2; ++round) expect_same_bits(answer(engine::Precision::fp32), expected);
  EXPECT_EQ(packed_files(cache_).size(), 1U);
}

TEST_F(PackedFolder, NeverHasTheWeightsOfABrokenModel) {
  save(model_for(arch::Task::detect));
  std::string bytes = read_file(file_);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  fixture::put_file(file_, bytes);
  EXPECT_THROW(answer(engine::Precision::fp32), Error);
  EXPECT_TRUE(packed_files(cache_).empty());
}

TEST_F(PackedFolder, ThatIsAFileIsRefused) {
  save(model_for(arch::Task::detect));
  fixture::put_file(cache_, "mine");
  EXPECT_THROW(answer(engine::Precision::fp32), Error);
  EXPECT_EQ(read_file(cache_), "mine");
}

TEST(Prepare, HandsTheNetworksToAnotherDevice) {
  const Model model = model_for(arch::Task::segment);
  std::vector<std::string> calls;
  RunOptions options{.threads = 3, .device = "cuda:1"};
  options.other_device = [&](const graph::Program& program, const Weights& weights, int threads,
                             const std::string& device) -> graph::Forward {
    calls.push_back(device);
    EXPECT_EQ(threads, 3);
    EXPECT_EQ(weights.size(), program.parameters.size());
    return [](const HostTensor&) { return std::vector<HostTensor>(); };
  };
  EXPECT_EQ(std::get<NetworkForwards>(prepare(model, options).networks).size(), 3U);
  EXPECT_EQ(calls, (std::vector<std::string>{"cuda:1", "cuda:1", "cuda:1"}));
  options.precision = engine::Precision::bf16;
  EXPECT_NE(refusal_of(model, options).find("device cuda:1: precision bf16"), std::string::npos);
  calls.clear();
  options.precision = engine::Precision::fp32;
  options.device = "cpu";
  EXPECT_EQ(std::get<NetworkPlans>(prepare(model, options).networks).size(), 3U);
  EXPECT_TRUE(calls.empty());
}

TEST(Prepare, RunsInTheEngineWhereAutoFindsNoOtherDevice) {
  RunOptions options;
  options.other_device = [](const graph::Program&, const Weights&, int, const std::string& device) {
    EXPECT_EQ(device, "auto");
    return graph::Forward();
  };
  const PreparedModel prepared = prepare(model_for(arch::Task::detect), options);
  EXPECT_EQ(std::get<NetworkPlans>(prepared.networks).size(), 1U);
}

TEST(Prepare, RefusesWhatMakesNoSense) {
  const Model model = model_for(arch::Task::detect);
  EXPECT_NE(refusal_of(model, {.device = "cuda"}).find("device cuda: this program runs models on the CPU alone"),
            std::string::npos);
  EXPECT_NE(refusal_of(model, {.image_size = -1}).find("image size -1"), std::string::npos);
  EXPECT_NE(refusal_of(model, {.image_size = 65537}).find("use 1 to 65536"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::runtime
