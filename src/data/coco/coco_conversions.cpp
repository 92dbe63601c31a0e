#include "data/coco/coco_conversions.h"

#include <array>
#include <string>

#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"

namespace spinenet::data {

void warn_of_conversions(const FindingLog& log, std::string_view place) {
  constexpr std::array kConversions{Fault::wrong_area, Fault::bad_crowd_flag, Fault::converted_value};
  std::string text;
  for (const Finding& finding : log.findings()) {
    for (const Fault fault : kConversions) {
      if (finding.code != code(fault) || text.find(finding.code) != std::string::npos) continue;
      text += fmt::format("{}{} {}x, first {}: {}", text.empty() ? "" : "; ", finding.code, log.count(fault),
                          printable(finding.place), printable(finding.message));
    }
  }
  if (!text.empty()) log_warning(fmt::format("{}: values taken by a rule: {}", place, text));
}

}  // namespace spinenet::data
