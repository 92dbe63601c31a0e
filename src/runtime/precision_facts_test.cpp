#include "runtime/precision_facts.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::runtime {
namespace {

using engine::Precision;

TEST(PrecisionFacts, AFormatIsNearEnoughByWhatItLosesOfAp) {
  const PrecisionFacts facts{"",
                             50,
                             {{Precision::bf16, 0.9}, {Precision::int8, 0.001}},
                             {{Precision::fp32, 0.4}, {Precision::bf16, 0.3985}, {Precision::int8, 0.397}}};
  EXPECT_TRUE(is_near_enough(facts, Precision::fp32));
  EXPECT_TRUE(is_near_enough(facts, Precision::bf16)) << "whatever its outputs are";
  EXPECT_FALSE(is_near_enough(facts, Precision::int8));
}

TEST(PrecisionFacts, WithoutAnnotationsTheOutputsCount) {
  const PrecisionFacts facts{"", 0, {{Precision::bf16, 0.01}, {Precision::int8, 0.3}}, {}};
  EXPECT_TRUE(is_near_enough(facts, Precision::bf16));
  EXPECT_FALSE(is_near_enough(facts, Precision::int8));
  EXPECT_FALSE(is_near_enough({}, Precision::bf16)) << "what was not measured is not known";
  EXPECT_TRUE(is_near_enough({}, Precision::fp32));
}

TEST(PrecisionFacts, NextToNoApSaysNothing) {
  const PrecisionFacts facts{"",
                             50,
                             {{Precision::bf16, 0.01}, {Precision::int8, 0.3}},
                             {{Precision::fp32, 0}, {Precision::bf16, 0}, {Precision::int8, 0}}};
  EXPECT_TRUE(is_near_enough(facts, Precision::bf16));
  EXPECT_FALSE(is_near_enough(facts, Precision::int8));
}

TEST(PrecisionFacts, TheFastestThatIsNearIsTaken) {
  const PrecisionFacts facts{"", 0, {{Precision::bf16, 0.01}, {Precision::int8, 0.3}}, {}};
  EXPECT_EQ(fastest_near(facts, {{Precision::fp32, 3}, {Precision::bf16, 2}, {Precision::int8, 1}}), Precision::bf16);
  EXPECT_EQ(fastest_near(facts, {{Precision::fp32, 3}, {Precision::bf16, 4}, {Precision::int8, 1}}), Precision::fp32);
  EXPECT_EQ(fastest_near(facts, {{Precision::fp32, 3}}), Precision::fp32);
  const PrecisionFacts both{"", 0, {{Precision::bf16, 0.01}, {Precision::int8, 0.02}}, {}};
  EXPECT_EQ(fastest_near(both, {{Precision::fp32, 3}, {Precision::bf16, 2}, {Precision::int8, 1}}), Precision::int8);
}

TEST(PrecisionFacts, AreKeptInTheMetadata) {
  formats::ModelFile model;
  EXPECT_FALSE(precision_facts_of(model, "m"));
  const PrecisionFacts facts{
      "0123456789abcdef", 7, {{Precision::int8, 0.04}}, {{Precision::fp32, 0.5}, {Precision::int8, 0.49}}};
  set_precision_facts(model, facts);
  const std::optional<PrecisionFacts> found = precision_facts_of(model, "m");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->weights, facts.weights);
  EXPECT_EQ(found->images, 7);
  EXPECT_EQ(found->output_error, facts.output_error);
  EXPECT_EQ(found->ap, facts.ap);
}

TEST(PrecisionFacts, WhatTheyCannotBeIsRefusedByPlace) {
  for (const char* text :
       {"", "[]", "{}", R"({"weights": 3, "images": 1})", R"({"weights": "a", "images": "b"})",
        R"({"weights": "a", "images": 1, "ap": 4})", R"({"weights": "a", "images": 1, "ap": {"fp64": 0.5}})",
        R"({"weights": "a", "images": 1, "output_error": {"bf16": "0.1"}})", R"({"weights": "a", "images": -3})",
        R"({"weights": "a", "images": 1000000000000000})",
        R"({"weights": "a", "images": 1, "output_error": {"bf16": -5}})"}) {
    formats::ModelFile model;
    model.extra["precision"] = text;
    try {
      precision_facts_of(model, "m.safetensors");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      EXPECT_NE(std::string(error.what()).find("m.safetensors: metadata entry \"precision\""), std::string::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace spinenet::runtime
