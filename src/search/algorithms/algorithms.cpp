#include "search/algorithms/algorithms.h"

#include "base/format.h"
#include "search/algorithms/controller.h"
#include "search/algorithms/random_search.h"

namespace spinenet::search {
namespace {

template <Config T>
std::string text_of(AlgorithmKind kind, T options) {
  std::string text(name_of(kind));
  for (const Field& field : fields_of(options).items) text += fmt::format(" {}={}", field.name, field.write());
  return text;
}

}  // namespace

void fields(FieldList& list, AlgorithmOptions& o) {
  list("kind", o.kind, "What proposes architectures");
  list.group("evolution", o.evolution, "Regularised evolution");
  list.group("controller", o.controller, "The LSTM policy");
}

std::unique_ptr<SearchAlgorithm> make_algorithm(const arch::SearchSpace& space, const AlgorithmOptions& options) {
  validate(space);
  switch (options.kind) {
    case AlgorithmKind::controller:
      return std::make_unique<Controller>(space, options.controller);
    case AlgorithmKind::evolution:
      return std::make_unique<Evolution>(space, options.evolution);
    case AlgorithmKind::random:
      break;
  }
  return std::make_unique<RandomSearch>(space);
}

std::string options_text(const AlgorithmOptions& options) {
  switch (options.kind) {
    case AlgorithmKind::controller:
      return text_of(options.kind, options.controller);
    case AlgorithmKind::evolution:
      return text_of(options.kind, options.evolution);
    case AlgorithmKind::random:
      break;
  }
  return std::string(name_of(options.kind));
}

}  // namespace spinenet::search
