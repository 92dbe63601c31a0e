// Every way to compute every convolution against the reference, and what becomes of measured choices.
#include "engine/compile/conv_choice.h"

#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "engine/compile/check_options.h"
#include "engine/compile/choice_cache.h"
#include "engine/plan/conv_layout.h"
#include "engine/test_networks.h"

namespace spinenet::engine {
namespace {

class ConvChoices : public testing::Test {
 protected:
  std::string file() const { return (folder_ / "deep/choices.json").string(); }

  fixture::ScratchFolder folder_;
};

constexpr int kImages = 2;

ChoiceScope scope_of(const CompileOptions& options) {
  const bool tiles = kernels_for(options).tiles != nullptr;
  return {true, options.batch, options.threads, tiles};
}

// Each convolution's choice of that number, or its last; and how many there are at most.
std::vector<ConvChoice> nth_choices(const CompiledPlan& plan, const ChoiceScope& scope, size_t n, size_t& most,
                                    ChoiceCache* cache) {
  std::vector<ConvChoice> chosen;
  for (const Step& step : plan.steps) {
    const auto* conv = std::get_if<ConvStep>(&step);
    if (conv == nullptr) continue;
    const std::vector<ConvChoice> all = candidate_choices(*conv, scope);
    most = std::max(most, all.size());
    chosen.push_back(all[std::min(n, all.size() - 1)]);
    if (cache != nullptr) cache->add(shape_text(*conv, scope), chosen.back());
  }
  return chosen;
}

std::vector<ConvChoice> choices_of(const CompiledPlan& plan) {
  std::vector<ConvChoice> found;
  for (const Step& step : plan.steps) {
    if (const auto* conv = std::get_if<ConvStep>(&step)) found.push_back(conv->choice);
  }
  return found;
}

std::vector<ConvAlgorithm> algorithms_of(const std::vector<ConvChoice>& choices) {
  std::vector<ConvAlgorithm> algorithms;
  for (const ConvChoice& choice : choices) algorithms.push_back(choice.algorithm);
  return algorithms;
}

class WaysOfAProgram : public ConvChoices, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(All, WaysOfAProgram, testing::Values(0, 1), [](const testing::TestParamInfo<int>& which) {
  return std::string(which.param == 0 ? "Mixed" : "Dilated");
});

TEST_P(WaysOfAProgram, AgreeWithTheReference) {
  const graph::Program program =
      GetParam() == 0 ? mixed_program(arch::Activation::relu) : dilated_program(arch::Activation::leaky_relu);
  const Weights weights = lively_weights(program, 3);
  const graph::Shape& image = program.values.front();
  const HostTensor input = random_tensor({kImages, 3, image.height, image.width}, 5);
  const auto expected = graph::run_reference(program, weights, input);
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    CompileOptions options{.threads = 2, .instructions = std::string(kernels.name), .batch = kImages};
    const auto by_rule = compile(program, weights, options);
    options.autotune = true;
    options.choice_file = file();
    size_t most = 1;
    std::map<std::vector<ConvAlgorithm>, std::vector<HostTensor>> of_algorithms;
    for (size_t n = 0; n < most; ++n) {
      std::filesystem::remove(file());
      ChoiceCache cache(file(), machine_text(kernels.name));
      const auto wanted = nth_choices(*by_rule, scope_of(options), n, most, &cache);
      cache.save();
      const auto plan = compile(program, weights, options);
      ASSERT_EQ(choices_of(*plan), wanted) << kernels.name << " " << n;
      const auto found = engine_forward(plan)(input);
      const auto& same = of_algorithms.try_emplace(algorithms_of(wanted), found.begin(), found.end()).first->second;
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LT(relative_error(found[i], expected[i]), 1e-4) << n;
        EXPECT_EQ(found[i].data, same[i].data) << "rows and share change no bit: " << kernels.name << " " << n;
      }
    }
    EXPECT_LT(of_algorithms.size(), most);
    EXPECT_GE(most, 14U);  // three algorithms of a 3x3 convolution, rows and shares
  }
}

TEST_F(ConvChoices, OfBf16ComputeTheSame) {
  CompileOptions options{.threads = 2, .batch = kImages, .precision = Precision::bf16};
  if (kernels::find_kernels("").bf16_multiply == nullptr) GTEST_SKIP() << "no bf16 here";
  const graph::Program program = mixed_program(arch::Activation::relu);
  const auto by_rule = compile(program, lively_weights(program, 3), options);
  options.autotune = true;
  options.choice_file = file();
  size_t most = 1;
  for (size_t n = 0; n < most; ++n) {
    std::filesystem::remove(file());
    ChoiceCache cache(file(), machine_text(by_rule->kernels->name));
    nth_choices(*by_rule, scope_of(options), n, most, &cache);
    cache.save();
    EXPECT_LT(error_of(program, options, kImages), 0.1) << n;
  }
  options.choice_file = "";
  EXPECT_LT(error_of(program, options, kImages), 0.1);
}

// Integer sums are exact: the ways of an int8 convolution differ where Winograd's transforms come or go, and there
// alone.
TEST_F(ConvChoices, OfInt8GiveTheSameBitsWithTheSameAlgorithms) {
  const graph::Program program = wide_program();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({kImages, 3, 34, 36}, 5);
  const CalibrationImages first{1, [&](int64_t) {
                                  const auto end = input.data.begin() + 3 * 34 * 36;
                                  return std::vector<float>(input.data.begin(), end);
                                }};
  const Calibration all = calibrate(program, weights, first, {.layer_error = 1, .output_error = 1});
  const auto expected = graph::run_reference(program, weights, input);
  CompileOptions options{.threads = 2, .batch = kImages, .precision = Precision::int8, .calibration = &all};
  const auto by_rule = compile(program, weights, options);
  options.autotune = true;
  options.choice_file = file();
  size_t most = 1;
  std::map<std::vector<ConvAlgorithm>, std::vector<float>> of_algorithms;
  for (size_t n = 0; n < most; ++n) {
    std::filesystem::remove(file());
    ChoiceCache cache(file(), machine_text(by_rule->kernels->name));
    const auto wanted = nth_choices(*by_rule, scope_of(options), n, most, &cache);
    cache.save();
    const auto plan = compile(program, weights, options);
    ASSERT_EQ(choices_of(*plan), wanted) << n;
    const HostTensor found = engine_forward(plan)(input).front();
    EXPECT_LT(relative_error(found, expected.front()), 0.05) << n;
    EXPECT_EQ(found.data, of_algorithms.try_emplace(algorithms_of(wanted), found.data).first->second) << n;
  }
  EXPECT_GE(most, 10U);  // two algorithms of a 3x3 convolution, rows and shares
  options.choice_file = "";
  const auto measured = compile(program, weights, options);
  EXPECT_LT(relative_error(engine_forward(measured)(input).front(), expected.front()), 0.05);
}

TEST_F(ConvChoices, AreKeptForEachNumberFormat) {
  const graph::Program program = wide_program();
  const Weights weights = lively_weights(program, 3);
  const HostTensor input = random_tensor({1, 3, 34, 36}, 5);
  const Calibration all = calibrate(program, weights, only(input), {.layer_error = 1, .output_error = 1});
  CompileOptions options{.threads = 2, .calibration = &all, .autotune = true, .choice_file = file()};
  compile(program, weights, options);
  const std::string of_floats = read_file(file());
  EXPECT_NE(of_floats.find("fp32, 3x3"), std::string::npos);
  EXPECT_EQ(of_floats.find("int8, 3x3"), std::string::npos);
  options.precision = Precision::int8;
  compile(program, weights, options);
  const std::string of_both = read_file(file());
  EXPECT_NE(of_both.find("fp32, 3x3"), std::string::npos);
  EXPECT_NE(of_both.find("int8, 3x3"), std::string::npos);
}

TEST_F(ConvChoices, AreTheRulesWhereNobodyMeasures) {
  const graph::Program program = mixed_program(arch::Activation::relu);
  const CompileOptions options{.threads = 2, .batch = kImages};
  const auto plan = compile(program, lively_weights(program, 3), options);
  size_t most = 1;
  EXPECT_EQ(choices_of(*plan), nth_choices(*plan, scope_of(options), 0, most, nullptr));
}

TEST_F(ConvChoices, ThatWereMeasuredAreKeptAndTakenAgain) {
  const graph::Program program = mixed_program(arch::Activation::relu);
  const Weights weights = lively_weights(program, 3);
  const CompileOptions options{.threads = 2, .autotune = true, .choice_file = file()};
  const auto first = compile(program, weights, options);
  const std::string kept = read_file(file());
  const auto second = compile(program, weights, options);
  EXPECT_EQ(choices_of(*first), choices_of(*second));
  EXPECT_EQ(read_file(file()), kept);
}

TEST_F(ConvChoices, OfTheFileAreTakenWithoutAMeasurement) {
  const graph::Program program = mixed_program(arch::Activation::relu);
  const Weights weights = lively_weights(program, 3);
  CompileOptions options{.threads = 2, .choice_file = file()};
  const auto by_rule = compile(program, weights, options);
  size_t most = 1;
  ChoiceCache cache(file(), machine_text(by_rule->kernels->name));
  const auto wanted = nth_choices(*by_rule, scope_of(options), 1, most, &cache);
  for (size_t i = 0; i < wanted.size(); ++i) ASSERT_NE(wanted[i], choices_of(*by_rule)[i]) << i;
  cache.save();
  const std::string kept = read_file(file());
  options.autotune = true;
  EXPECT_EQ(choices_of(*compile(program, weights, options)), wanted);
  EXPECT_EQ(read_file(file()), kept);
}

TEST_F(ConvChoices, SurviveTheirText) {
  EXPECT_EQ(to_text(ConvChoice{ConvAlgorithm::gathered, 57, Share::columns}), "gathered, 57, columns");
  for (const auto algorithm : {ConvAlgorithm::direct, ConvAlgorithm::gathered, ConvAlgorithm::winograd,
                               ConvAlgorithm::small_winograd, ConvAlgorithm::tile_rows, ConvAlgorithm::tile_strips}) {
    for (const Share share : {Share::rows, Share::columns}) {
      for (const int64_t rows : {int64_t{1}, int64_t{57}, kMaxTaskRows}) {
        const ConvChoice choice{algorithm, rows, share};
        EXPECT_EQ(parse_choice(to_text(choice)), choice) << to_text(choice);
      }
    }
  }
  const std::string too_many = to_text(ConvChoice{ConvAlgorithm::direct, kMaxTaskRows + 1, Share::rows});
  for (const std::string& text :
       {std::string(), too_many, std::string("gathered, 0, rows"), std::string("gathered, -1, rows"),
        std::string("gathered, 57"), std::string("gathered, , rows"), std::string("gathered, 5x, rows"),
        std::string("gathered, 5, 7, rows"), std::string("gathered, 99999999999999999999, rows"),
        std::string("fast, 57, rows"), std::string("gathered, 57, rows ")}) {
    EXPECT_EQ(parse_choice(text), std::nullopt) << text;
  }
}

constexpr ConvChoice kOne{ConvAlgorithm::direct, 112, Share::rows}, kOther{ConvAlgorithm::winograd, 28, Share::columns};

TEST_F(ConvChoices, OfTwoWhoWriteAtOnceAreBothKept) {
  ChoiceCache a(file(), "m"), b(file(), "m");
  a.add("x", kOne);
  b.add("y", kOther);
  a.save();
  b.save();
  const ChoiceCache both(file(), "m"), elsewhere(file(), "n");
  EXPECT_EQ(both.find("x"), kOne);
  EXPECT_EQ(both.find("y"), kOther);
  EXPECT_EQ(elsewhere.find("x"), std::nullopt);
}

const std::vector<const char*> kBroken{"{", "[]", R"({"format": "other", "choices": {}})",
                                       R"({"format": "spinenet convolution choices", "choices": {"m: x": 7}})",
                                       R"({"format": "spinenet convolution choices", "choices": {"m: x": "fast"}})"};

TEST_F(ConvChoices, ABrokenFileOfTheOwnCacheIsNamedAndWrittenAnew) {
  const std::filesystem::path own = folder_ / "cache/choices.json";
  std::filesystem::create_directories(own.parent_path());
  for (const char* text : kBroken) {
    fixture::put_file(own, text);
    testing::internal::CaptureStderr();
    ChoiceCache cache(own, "m", ChoiceFile::own);
    EXPECT_NE(testing::internal::GetCapturedStderr().find(own), std::string::npos) << text;
    EXPECT_EQ(cache.find("x"), std::nullopt);
    cache.add("x", kOne);
    cache.save();
    EXPECT_EQ(ChoiceCache(own, "m", ChoiceFile::own).find("x"), kOne) << text;
  }
}

TEST_F(ConvChoices, ANamedFileThatIsNoneIsRefusedAndStays) {
  std::filesystem::create_directories(folder_ / "deep");
  for (const char* text : kBroken) {
    fixture::put_file(file(), text);
    EXPECT_THROW(ChoiceCache(file(), "m"), Error) << text;
    EXPECT_EQ(read_file(file()), text);
  }
  fixture::put_file(file(), "");
  ChoiceCache cache(file(), "m");
  cache.add("x", kOne);
  cache.save();
  EXPECT_EQ(ChoiceCache(file(), "m").find("x"), kOne);
}

TEST_F(ConvChoices, ANamedFileThatCannotBeWrittenIsRefusedAtOnce) {
  fixture::put_file(folder_ / "deep", "a file where a folder is needed");
  EXPECT_THROW(ChoiceCache(file(), "m"), Error);
}

TEST_F(ConvChoices, AnOwnCacheThatCannotBeWrittenIsAWarning) {
  fixture::put_file(folder_ / "deep", "a file where a folder is needed");
  testing::internal::CaptureStderr();
  ChoiceCache cache(file(), "m", ChoiceFile::own);
  cache.add("x", kOne);
  EXPECT_NO_THROW(cache.save());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("not kept"), std::string::npos);
  EXPECT_EQ(cache.find("x"), kOne);
}

}  // namespace
}  // namespace spinenet::engine
