// Which tensors of an imported model were not in its source: they have first values, and nothing was learned into them.
// Who begins a training with the model makes them again, as its recipe says. They are a metadata entry of the model; a
// model that was trained has none.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/tensor_view.h"
#include "formats/model_file.h"

namespace spinenet::formats {

// `names` in the order of the weights. Without one there is no entry.
void set_first_values(ModelFile& model, const std::vector<std::string>& names);

// ErrorKind::bad_data where the entry is no list of names of the model's tensors.
std::vector<std::string> first_values_of(const ModelFile& model, std::string_view place);

// Whether the model has layers behind its backbone that give answers, and every one of them has first values. Whatever
// such a model says of images is noise.
bool is_head_untrained(const ModelFile& model, std::string_view place);
// The same of a model whose weights lie elsewhere.
bool is_head_untrained(const ModelFile& model, const WeightViews& weights, std::string_view place);

}  // namespace spinenet::formats
