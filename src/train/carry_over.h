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
#include "train/recipe.h"

namespace spinenet::train {

// Names of tensors, each list in alphabetical order.
struct CarriedOver {
  std::vector<std::string> taken;        // name and shape fit
  std::vector<std::string> left;         // in the file alone
  std::vector<std::string> fresh;        // in the network alone: they keep their first values
  std::vector<std::string> other_shape;  // in both, with the two shapes; they keep their first values
  // In both, but with first values there, too; they keep their own.
  std::vector<std::string> untrained = {};
};

// Puts the tensors of `source` whose names and shapes are those of `parameters` into `first`, but not those that begin
// with first values in it (formats/first_values.h).
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

// As carried-weights.json has it: the source and the lists.
Json to_json(const CarriedOver& carried, const std::filesystem::path& source);
// As the log has it: how many, and the first names of each list but the first.
std::string summary_of(const CarriedOver& carried, const std::filesystem::path& source);

inline constexpr const char* kCarriedFile = "carried-weights.json";  // in the run folder
// The names of the tensors taken, of such a file. ErrorKind::bad_data where it does not say them.
std::vector<std::string> read_taken(const std::filesystem::path& file);

// ErrorKind::bad_data where `source` learned from pixels that were made its input in another way.
void check_pixels(const PixelRecipe& pixels, const formats::ModelFile& source, std::string_view place);

}  // namespace spinenet::train
