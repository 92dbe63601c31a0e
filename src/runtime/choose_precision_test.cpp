#include "runtime/choose_precision.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/compile/check_options.h"
#include "runtime/measure_precisions.h"
#include "runtime/networks.h"
#include "runtime/precision_facts.h"
#include "runtime/prepare.h"
#include "runtime/test_models.h"

namespace spinenet::runtime {
namespace {

using engine::Precision;

Precision chosen(const Model& model) {
  return choose_precision(model, networks_of(model, 128), {});
}

bool computes_in_bf16() {
  return engine::has_format({.precision = Precision::bf16});
}

std::string identity_of_weights(const Model& model) {
  return weights_identity(networks_of(model), weights_of(model));
}

TEST(ChoosePrecision, IsFp32OfAModelThatNobodyMeasured) {
  EXPECT_EQ(chosen(model_for(arch::Task::detect)), Precision::fp32);
  EXPECT_EQ(chosen(model_for(arch::Task::segment)), Precision::fp32);
  EXPECT_EQ(chosen(calibrated_model()), Precision::fp32) << "a calibration of an older version says nothing of AP";
}

TEST(ChoosePrecision, TakesNoneThatIsTooFar) {
  Model model = calibrated_model();
  set_precision_facts(model.file, {identity_of_weights(model), 0, {{Precision::bf16, 1}, {Precision::int8, 1}}, {}});
  EXPECT_EQ(chosen(model), Precision::fp32);
}

TEST(ChoosePrecision, TakesOneOfThoseThatAreNear) {
  Model model = calibrated_model();
  set_precision_facts(model.file, {identity_of_weights(model), 0, {{Precision::int8, 0.001}}, {}});
  EXPECT_NE(chosen(model), Precision::bf16);
  set_precision_facts(model.file, {identity_of_weights(model), 0, {{Precision::bf16, 0.001}}, {}});
  EXPECT_NE(chosen(model), Precision::int8);
  if (!computes_in_bf16()) {
    EXPECT_EQ(chosen(model), Precision::fp32);
  }
}

TEST(ChoosePrecision, OfSeveralNetworksTimesTheWhole) {
  Model model = calibrated_model(arch::Task::segment);
  set_precision_facts(model.file, {identity_of_weights(model), 0, {{Precision::int8, 0.001}}, {}});
  testing::internal::CaptureStderr();
  EXPECT_NE(chosen(model), Precision::bf16);
  EXPECT_NE(choose_precision(model, networks_of(model, 256), {}), Precision::bf16) << "of another size";
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_NE(told.find("int8 "), std::string::npos) << "both were timed: " << told;
  for (const char* part : {"box_head.", "mask_head."}) {
    Model other = model;
    other.file.weights.lower_bound(part)->second.data[0] += 1;
    EXPECT_EQ(chosen(other), Precision::fp32) << "other weights than those that were measured: " << part;
  }
}

TEST(ChoosePrecision, GoesByTheOptionsOfTheRun) {
  Model model = calibrated_model();
  set_precision_facts(model.file, {identity_of_weights(model), 0, {{Precision::int8, 0}, {Precision::bf16, 0}}, {}});
  engine::CompileOptions options;
  options.instructions = "portable";  // which has no bf16
  options.skip = {"winograd"};        // of which int8 has no calibration
  EXPECT_EQ(choose_precision(model, networks_of(model, 128), options), Precision::fp32);
}

TEST(ChoosePrecision, TheRecordOfOtherWeightsDoesNotCount) {
  Model model = calibrated_model();
  set_precision_facts(model.file, {"0123456789abcdef", 0, {{Precision::int8, 0}, {Precision::bf16, 0}}, {}});
  EXPECT_EQ(chosen(model), Precision::fp32);
}

TEST(ChoosePrecision, PreparesTheModelInWhatWasTaken) {
  Model model = calibrated_model();
  set_precision_facts(model.file, {identity_of_weights(model), 0, {{Precision::int8, 0}}, {}});
  const PreparedModel prepared = prepare(model, {.image_size = 128, .precision = std::nullopt});
  EXPECT_TRUE(prepared.precision == Precision::fp32 || prepared.precision == Precision::int8);
  EXPECT_EQ(prepare(model, {.image_size = 128, .precision = Precision::int8}).precision, Precision::int8);
}

TEST(MeasurePrecisions, OutputsOfEveryFormatOfThisMachine) {
  const Model model = calibrated_model();
  const PrecisionFacts facts = measure_precisions(model, network_inputs(model, stripes(), {}), std::nullopt, 1);
  EXPECT_EQ(facts.weights, identity_of_weights(model));
  EXPECT_TRUE(facts.ap.empty());
  EXPECT_GT(facts.output_error.at(Precision::int8), 0);
  EXPECT_EQ(facts.output_error.contains(Precision::bf16), computes_in_bf16());
  if (computes_in_bf16()) {
    EXPECT_LT(facts.output_error.at(Precision::bf16), facts.output_error.at(Precision::int8));
  }
}

}  // namespace
}  // namespace spinenet::runtime
