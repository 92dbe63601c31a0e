// The whole engine against the reference interpreter: every known architecture, every instruction set that this machine
// has, every pass on and off.
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "arch/task.h"
#include "engine/compile/passes/passes.h"
#include "engine/test_networks.h"
#include "graph/every_operation.h"
#include "graph/lower_two_stage.h"

namespace spinenet::engine {
namespace {

class EngineOfFamily : public testing::TestWithParam<std::string> {};

TEST_P(EngineOfFamily, AgreesWithTheReference) {
  const graph::Program program = graph::lower_detector(slim(GetParam()), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 128, 128}, 5);
  const auto expected = graph::run_reference(program, weights, input);
  for (const bool winograd : {true, false}) {
    CompileOptions options{.threads = 2, .instructions = {}, .skip = {}};
    if (!winograd) options.skip = {"winograd"};
    const auto found = engine_forward(compile(program, weights, options))(input);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_LT(relative_error(found[i], expected[i]), winograd ? 1e-4 : 1e-5) << program.outputs[i].name;
    }
  }
}

std::vector<std::string> families() {
  std::vector<std::string> detectors;
  for (const std::string& name : arch::architecture_names()) {
    if (arch::can_do(arch::named_architecture(name), arch::Task::detect)) detectors.push_back(name);
  }
  return detectors;
}

std::string test_name(const testing::TestParamInfo<std::string>& family) {
  std::string name = family.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, EngineOfFamily, testing::ValuesIn(families()), test_name);

// Maps that were rounded up on their way down are enlarged past the edge of those they are added to.
TEST(Engine, AgreesOnClassifiersAtSizesWhereLevelsDoNotMeet) {
  for (const auto& [name, width] : {std::pair("spinenet-49", 80), {"resnet-50", 80}, {"resnet-50-nas-fpn", 96}}) {
    const graph::Program program = graph::lower_classifier(slim(name), {.height = 96, .width = width, .classes = 5});
    EXPECT_LT(error_of(program, {.threads = 2, .instructions = {}, .skip = {}}), 1e-4) << name;
    EXPECT_LT(error_of(program, {.threads = 1, .instructions = {}, .skip = {"fuse_upsampling"}}), 1e-4) << name;
  }
}

TEST(Engine, AgreesOnIdentityPaths) {
  arch::Architecture a = slim("spinenet-49s");
  a.identity_paths = arch::IdentityPaths::every_block;
  const graph::Program program = graph::lower_detector(a, {.height = 128, .width = 128, .classes = 3});
  std::vector<std::string> names;
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  EXPECT_LT(error_of(program, {.threads = 2, .instructions = {}, .skip = {}}), 1e-4);
  EXPECT_LT(error_of(program, {.threads = 1, .instructions = {}, .skip = names}), 1e-4);
  const graph::Program rounded = graph::lower_classifier(a, {.height = 96, .width = 96, .classes = 5});
  EXPECT_LT(error_of(rounded, {.threads = 2, .instructions = {}, .skip = {}}), 1e-4);
}

TEST(Engine, AgreesOnMobileNetworks) {
  std::vector<std::string> names;
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    EXPECT_LT(error_of(mobile_program(), {2, std::string(kernels.name), {}}), 1e-5) << kernels.name;
    EXPECT_LT(error_of(mobile_program(), {2, std::string(kernels.name), names}), 1e-5) << kernels.name;
  }
}

TEST(Engine, AgreesOnEveryOperation) {
  std::vector<std::string> names;
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  for (const arch::Activation activation : values_of<arch::Activation>()) {
    const graph::Program program = graph::every_operation(activation);
    for (const kernels::Kernels& kernels : kernels::all_kernels()) {
      EXPECT_LT(error_of(program, {2, std::string(kernels.name), {}, 2}, 3), 1e-5) << kernels.name;
      EXPECT_LT(error_of(program, {2, std::string(kernels.name), names, 2}, 3), 1e-5) << kernels.name;
    }
  }
}

TEST(Engine, AgreesOnEveryInstructionSet) {
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    for (const arch::Activation activation : values_of<arch::Activation>()) {
      for (const int threads : {1, 2, 3}) {
        const CompileOptions options{threads, std::string(kernels.name), {}};
        EXPECT_LT(error_of(mixed_program(activation), options), 1e-5) << kernels.name << " " << threads;
      }
    }
  }
}

TEST(Engine, AgreesWithoutAnyOnePass) {
  std::vector<std::string> names{"winograd", "share_weights"};
  for (const Pass& pass : all_passes()) names.emplace_back(pass.name);
  const graph::Program program = mixed_program(arch::Activation::swish);
  EXPECT_LT(error_of(program, {.skip = names}), 1e-5);
  for (const std::string& name : names) EXPECT_LT(error_of(program, {.skip = {name}}), 1e-5) << name;
}

TEST(Engine, RunsImagesOfABatchOneByOneOrTogether) {
  const graph::Program program = mixed_program(arch::Activation::relu);
  for (const int batch : {1, 2, 5}) {
    EXPECT_LT(error_of(program, {.threads = 2, .batch = batch}, 3), 1e-5) << batch;
    EXPECT_LT(error_of(program, {.batch = batch}, 0), 1e-5) << batch;
    EXPECT_LT(error_of(mobile_program(), {.threads = 3, .batch = batch}, 3), 1e-5) << batch;
  }
}

// Large enough that the tasks of a batch are others than those of one image.
TEST(Engine, ABatchGivesWhatItsImagesGiveAlone) {
  for (const char* name : {"spinenet-49s", "resnet-50-fpn", "spinenet-mobile-49s"}) {
    const graph::Program program = graph::lower_detector(slim(name), {.height = 128, .width = 128, .classes = 3});
    const Weights weights = lively_weights(program, 3);
    const HostTensor input = random_tensor({3, 3, 128, 128}, 5);
    const std::vector<std::string> skip{"winograd"};  // maps of few tiles are worth it in a batch alone
    const auto alone = engine_forward(compile(program, weights, {.threads = 2, .skip = skip}))(input);
    const auto together = engine_forward(compile(program, weights, {.threads = 2, .skip = skip, .batch = 3}))(input);
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_LT(relative_error(together[i], alone[i]), 1e-5) << name;
    const auto fast = engine_forward(compile(program, weights, {.threads = 2, .batch = 3}))(input);
    for (size_t i = 0; i < alone.size(); ++i) EXPECT_LT(relative_error(fast[i], alone[i]), 1e-4) << name;
  }
}

TEST(Engine, StatesTheMemoryOfABatch) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const auto one = compile(program, weights, {}), three = compile(program, weights, {.batch = 3});
  EXPECT_NEAR(static_cast<double>(three->memory), 3.0 * static_cast<double>(one->memory), 1000) << "rounded up";
  EXPECT_GT(memory_bytes(*three), memory_bytes(*one) + 2 * one->memory * static_cast<int64_t>(sizeof(float)));
}

// Crops through the heads of a two-stage network, more than fit one batch, and not an integer of batches.
TEST(Engine, RunsTheHeadsOfTwoStagesOnManyCrops) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.endpoints_num_filters = 32;
  a.two_stage.box_filters = a.two_stage.mask_filters = 32;
  a.two_stage.box_dense = 48;
  const graph::TwoStageProgram network = graph::lower_two_stage(a, {.height = 128, .width = 128, .classes = 3});
  for (const graph::Program* program : {&network.box_heads.at(0), &network.mask_head}) {
    for (const kernels::Kernels& kernels : kernels::all_kernels()) {
      EXPECT_LT(error_of(*program, {2, std::string(kernels.name), {}, 5}, 13), 1e-4) << kernels.name;
      EXPECT_LT(error_of(*program, {2, std::string(kernels.name), {"winograd"}, 5}, 13), 1e-5) << kernels.name;
    }
  }
}

// A product so deep that it is computed in parts, on top of a residual, with collisions of its rows in the cache (2048)
// and without.
TEST(Engine, DeepProductsAddTheirResidualOnce) {
  for (const int64_t deep : {1200, 2048}) {
    graph::Builder b({3, 6, 5},
                     {.activation = arch::Activation::relu, .padding = arch::Padding::same, .batch_norm = {}});
    graph::ValueId side = b.conv(b.input(), {.filters = 20, .bias = true}, "side");
    graph::ValueId x = b.activate(b.conv(b.input(), {.filters = deep, .bias = true}, "wide"), "a");
    x = b.batch_norm(b.conv(x, {.filters = 20, .bias = true}, "narrow"), "bn");
    b.output("sum", b.activate(b.add({x, side}, "add"), "a2"));
    EXPECT_LT(error_of(b.finish(), {.threads = 2, .batch = 2}, 3), 1e-5) << deep;
  }
}

// What a batch leaves behind must not show in a smaller one.
TEST(Engine, SmallerBatchesFollowLargerOnes) {
  const graph::Program program = mixed_program(arch::Activation::swish);
  const auto plan = compile(program, lively_weights(program, 3), {.threads = 2, .batch = 4});
  const HostTensor input = random_tensor({4, 3, 20, 24}, 5);
  Session session(plan), fresh(plan);
  session.run(input.data);
  const auto part = std::span(input.data).first(input.data.size() / 4);
  const auto again = session.run(part), expected = fresh.run(part);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(again[i].shape, expected[i].shape);
    EXPECT_EQ(again[i].data, expected[i].data);
  }
  EXPECT_NE(message_of([&] { session.run(std::vector<float>(5 * part.size())); }).find("or up to 4 of them"),
            std::string::npos);
}

TEST(Engine, GivesTheSameBitsAgainAndWithAnyNumberOfThreads) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const Weights weights = lively_weights(program, 3);
  const HostTensor first = random_tensor({1, 3, 128, 128}, 5), second = random_tensor({1, 3, 128, 128}, 6);
  const auto plan = compile(program, weights, {.threads = 2});
  const graph::Forward forward = engine_forward(plan);
  const auto once = forward(first);
  forward(second);
  const auto again = forward(first);
  const auto alone = engine_forward(compile(program, weights, {.threads = 1}))(first);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].data, again[i].data);
    EXPECT_EQ(once[i].data, alone[i].data);
  }
}

TEST(Engine, LetsSessionsShareAPlan) {
  const graph::Program program = mixed_program(arch::Activation::swish);
  const Weights weights = lively_weights(program, 3);
  const auto plan = compile(program, weights, {.threads = 2});
  const HostTensor input = random_tensor({1, 3, 20, 24}, 5);
  const auto expected = engine_forward(plan)(input);
  std::vector<std::vector<HostTensor>> found(3);
  std::vector<std::thread> threads;
  for (auto& outputs : found) {
    threads.emplace_back([&] {
      Session session(plan);
      for (int i = 0; i < 5; ++i) {
        const auto last = session.run(input.data);
        outputs.assign(last.begin(), last.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& outputs : found) {
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(outputs[i].data, expected[i].data);
  }
}

TEST(Engine, RefusesWhatDoesNotFit) {
  const graph::Program program = mixed_program(arch::Activation::relu);
  Weights weights = lively_weights(program, 3);
  const auto plan = compile(program, weights, {});
  EXPECT_EQ(message_of([&] {
              engine_forward(plan)(make_tensor({1, 3, 20, 25}));
            }),
            "engine: input [1, 3, 20, 25] where [N, 3, 20, 24] is needed");
  EXPECT_NE(message_of([&] { Session(plan).run(std::vector<float>(7)); }).find("an image of 7 values"),
            std::string::npos);
  EXPECT_NE(message_of([&] { compile(program, weights, {.threads = 0}); }).find("0 threads"), std::string::npos);
  EXPECT_NE(message_of([&] { compile(program, weights, {.batch = 0}); }).find("a batch of 0"), std::string::npos);
  EXPECT_NE(message_of([&] { compile(program, weights, {.instructions = "mmx"}); }).find("instruction set \"mmx\""),
            std::string::npos);
  EXPECT_NE(message_of([&] {
              compile(program, weights, {.skip = {"fuse_residuals"}});
            }).find("did you mean \"fuse_residual\"?"),
            std::string::npos);
  const HostTensor input = random_tensor({1, 3, 20, 24}, 5);
  Calibration calibration = calibrate(program, weights, only(input), {});
  const CompileOptions bytes{.precision = Precision::int8, .calibration = &calibration, .place = "bytes.safetensors"};
  EXPECT_NE(message_of([&] { compile(program, weights, {.precision = Precision::int8}); }).find("needs a calibration"),
            std::string::npos);
  EXPECT_NE(message_of([&] { calibrate(program, weights, {}, {}); }).find("no images"), std::string::npos);
  calibration.kept = {"nowhere"};
  EXPECT_NE(message_of([&] {
              compile(program, weights, bytes);
            }).find("bytes.safetensors: the calibration keeps nowhere in floats"),
            std::string::npos);
  calibration.kept.clear();
  Weights huge = weights;
  for (const char* name : {"stem.weight", "wide.weight"}) {
    for (float& x : huge.at(name).data) x *= 1e25F;
  }
  EXPECT_NE(message_of([&] { calibrate(program, huge, only(input), {}); }).find("numbers that are not finite"),
            std::string::npos);
  calibration.ranges.erase("wide");
  EXPECT_NE(message_of([&] {
              compile(program, weights, bytes);
            }).find("bytes.safetensors: the calibration has no range for wide"),
            std::string::npos);
  weights["wide.weight"].data[7] += 1;
  EXPECT_NE(message_of([&] {
              compile(program, weights, bytes);
            }).find("bytes.safetensors: the calibration was made with other weights"),
            std::string::npos);
  weights["wide.weight"].data[7] = NAN;
  EXPECT_NE(message_of([&] { compile(program, weights, {}); }).find("parameter wide.weight: element 7 is nan"),
            std::string::npos);
  weights.erase("wide.weight");
  EXPECT_NE(message_of([&] { compile(program, weights, {}); }).find("missing wide.weight"), std::string::npos);
}

TEST(Engine, RefusesMapsThatPassTheLimit) {
  const graph::Program program = mixed_program(arch::Activation::relu);
  const Weights weights = lively_weights(program, 3);
  CompileOptions options{.place = "small.model"};
  options.memory_limit = compile(program, weights, options)->memory * 4;
  const auto refusal = [&] { return message_of([&] { compile(program, weights, options); }); };
  EXPECT_EQ(refusal(), "");
  options.autotune = true;
  options.choice_file = "";
  EXPECT_EQ(refusal(), "");
  --options.memory_limit;
  EXPECT_TRUE(refusal().starts_with("small.model: 1 image of 20 x 24 needs ")) << refusal();
  options.batch = 3;
  EXPECT_TRUE(refusal().starts_with("small.model: 3 images of 20 x 24 need ")) << refusal();
}

// What the fusions leave of SpineNet: convolutions and few steps beside them.
TEST(Engine, FusesNearlyEverything) {
  const graph::Program program =
      graph::lower_detector(slim("spinenet-49s"), {.height = 128, .width = 128, .classes = 3});
  const auto plan = compile(program, graph::initial_weights(program, {}, 1), {});
  size_t convolutions = 0, shared = 0;
  for (const Step& step : plan->steps) {
    if (const auto* conv = std::get_if<ConvStep>(&step)) {
      ++convolutions;
      if (conv->sites.size() == 5) ++shared;
    }
  }
  EXPECT_EQ(shared, 6U) << "two convolutions of each tower and two predictors";
  EXPECT_LT(plan->steps.size() - convolutions, 20U);
}

}  // namespace
}  // namespace spinenet::engine
