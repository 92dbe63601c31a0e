// The backbone of a Model Garden checkpoint. Its layers are layer_with_weights-K, where K says how deep a layer stands
// in the graph; which of them is which convolution of ours follows from the variables' own names, whose numbers rise in
// the order in which the layers were made: stem, then for each block its connections and itself, then the endpoints.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "formats/import/layer_rules.h"
#include "formats/import/source_tensors.h"
#include "graph/program.h"

namespace spinenet::formats {

// Whether the scope ("backbone/", or nothing) has layers of that kind.
bool has_garden_backbone(const SourceTensors& source, const std::string& scope);

// Where the source has each layer of the backbone. ErrorKind::bad_data where it has another number of them, or does not
// say how they are called.
void add_garden_backbone(const SourceTensors& source, const std::string& scope, const graph::Program& backbone,
                         LayerMap& layers);

}  // namespace spinenet::formats
