// The object graph of a tf.train.Checkpoint: TrackableObjectGraph { nodes = 1 }, a node has children = 1,
// attributes = 2 { name = 1, full_name = 2, checkpoint_key = 3 } and
// slot_variables = 3 { original_variable_node_id = 1, slot_name = 2, slot_variable_node_id = 3 }.
#include <set>

#include "base/error.h"
#include "base/format.h"
#include "formats/import/tensor_bundle.h"
#include "formats/import/wire_reader.h"

namespace spinenet::formats {
namespace {

constexpr std::string_view kVariableValue = "VARIABLE_VALUE";
// Objects, attributes and slots together. One takes two bytes of the graph, but many times that here.
constexpr size_t kMaxGraphObjects = 500'000;

struct GraphAttribute {
  std::string_view name, full_name, key;
};

struct GraphNode {
  std::vector<GraphAttribute> attributes;
  std::vector<std::pair<uint64_t, std::string_view>> slots;  // the node that is one, and its kind
};

GraphAttribute read_graph_attribute(std::string_view bytes, std::string_view place) {
  GraphAttribute attribute;
  for (WireReader reader(bytes, place); reader.next();) {
    if (reader.field() == 1) attribute.name = reader.bytes();
    if (reader.field() == 2) attribute.full_name = reader.bytes();
    if (reader.field() == 3) attribute.key = reader.bytes();
  }
  return attribute;
}

std::pair<uint64_t, std::string_view> read_graph_slot(std::string_view bytes, std::string_view place) {
  std::pair<uint64_t, std::string_view> slot;
  for (WireReader reader(bytes, place); reader.next();) {
    if (reader.field() == 2) slot.second = reader.bytes();
    if (reader.field() == 3) slot.first = reader.number();
  }
  return slot;
}

GraphNode read_graph_node(std::string_view bytes, std::string_view place, size_t& count) {
  GraphNode node;
  ++count;
  for (WireReader reader(bytes, place); reader.next();) {
    if ((reader.field() == 2 || reader.field() == 3) && ++count > kMaxGraphObjects) break;  // the caller says it
    if (reader.field() == 2) node.attributes.push_back(read_graph_attribute(reader.bytes(), place));
    if (reader.field() == 3) node.slots.push_back(read_graph_slot(reader.bytes(), place));
  }
  return node;
}

}  // namespace

ObjectGraph parse_object_graph(std::string_view bytes, std::string_view place) {
  std::vector<GraphNode> nodes;
  size_t count = 0;
  for (WireReader reader(bytes, place); reader.next();) {
    if (reader.field() == 1) nodes.push_back(read_graph_node(reader.bytes(), place, count));
    if (count > kMaxGraphObjects) {
      fail(ErrorKind::bad_data, fmt::format("it has more than {} objects and variables", kMaxGraphObjects), place,
           "the checkpoint is damaged: use another copy");
    }
  }
  ObjectGraph graph;
  for (const GraphNode& node : nodes) {
    for (const GraphAttribute& attribute : node.attributes) {
      if (attribute.name == kVariableValue) graph.full_names.emplace(attribute.key, attribute.full_name);
    }
    for (const auto& [number, kind] : node.slots) {
      if (number >= nodes.size()) {
        fail(ErrorKind::bad_data, fmt::format("a slot variable is object {} of {}", number, nodes.size()), place,
             "the checkpoint is damaged: use another copy");
      }
      for (const GraphAttribute& attribute : nodes[number].attributes) graph.slots.emplace(attribute.key, kind);
    }
  }
  return graph;
}

}  // namespace spinenet::formats
