// How near a model's answers in bf16 and int8 are to those in fp32, on images like those that it is for: what
// `spinenet calibrate` measured and the model file keeps. `--precision auto` goes by it.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/compile/compile.h"
#include "formats/model_file.h"

namespace spinenet::runtime {

struct PrecisionFacts {
  std::string weights;  // weights_identity() of those that were measured
  int images = 0;       // that the average precision was measured on
  std::map<engine::Precision, double>
      output_error;                        // engine::output_error(), the largest of several networks; not of fp32
  std::map<engine::Precision, double> ap;  // with fp32; of no format where the images had no annotations
};

// A format is near enough where it loses at most this much of fp32's AP, or, without annotations or where fp32 itself
// finds next to nothing, where its outputs differ by at most this share of their standard deviation (docs/precision.md
// has what that does to AP).
inline constexpr double kMostLostAp = 0.002, kLeastAp = 0.05;
inline constexpr double kMostOutputError = 0.05;

bool is_near_enough(const PrecisionFacts& facts, engine::Precision precision);

// Of formats with the time that each takes, fp32 among them: the fastest that is near enough.
engine::Precision fastest_near(const PrecisionFacts& facts, const std::map<engine::Precision, double>& seconds);

// Of a model's metadata. Nothing where the model has none; ErrorKind::bad_data, with `place`, where they make no sense.
std::optional<PrecisionFacts> precision_facts_of(const formats::ModelFile& model, const std::string& place);
void set_precision_facts(formats::ModelFile& model, const PrecisionFacts& facts);

Json to_json(const PrecisionFacts& facts);

}  // namespace spinenet::runtime
