#include "arch/text.h"

#include "arch/architecture_fields.h"

namespace spinenet::arch {

Json to_json(const Architecture& architecture) {
  return fields_to_json(architecture);
}

Architecture architecture_from_json(const Json& json, std::string_view place) {
  Architecture architecture;
  read_json_fields(json, place, architecture);
  validate(architecture);
  return architecture;
}

Architecture read_architecture(const std::filesystem::path& path) {
  return architecture_from_json(read_json(path), path.string());
}

}  // namespace spinenet::arch
