// Weights taken over from another model, of the same task or another one: a classifier's backbone into a detector, and
// the other way round.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "formats/model_file.h"
#include "graph/program.h"

namespace spinenet::train {

// Names of tensors, each list in alphabetical order.
struct CarriedOver {
  std::vector<std::string> taken;        // name and shape fit
  std::vector<std::string> left;         // in the file alone
  std::vector<std::string> fresh;        // in the network alone: they keep their first values
  std::vector<std::string> other_shape;  // in both, with the two shapes; they keep their first values
};

// Puts the tensors of `source` whose names and shapes are those of `parameters` into `first`.
// ErrorKind::bad_data when there is not one.
CarriedOver carry_over(const graph::Program& parameters, const formats::ModelFile& source, std::string_view place,
                       Weights& first);

// What is to be warned of, or "": that fewer than half of the network's tensors were taken, with the first that were
// not; that the source's network computes something else with the same tensors (`computes_otherwise`).
std::string warning_of(const CarriedOver& carried, const std::filesystem::path& source,
                       const std::string& computes_otherwise);
// The settings without tensors in which two architectures (as arch::to_json writes them) differ, "padding same, here
// symmetric" say; or "".
std::string settings_without_tensors(const Json& source, const Json& here);

// As carried-weights.json has it: the source and the four lists.
Json to_json(const CarriedOver& carried, const std::filesystem::path& source);
// As the log has it: how many, and the first names of each list but the first.
std::string summary_of(const CarriedOver& carried, const std::filesystem::path& source);

}  // namespace spinenet::train
