#include "compare/measured_at.h"

#include <charconv>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::compare {

MeasuredAt parse_measured_at(std::string_view text) {
  if (text == "best") return {MeasuredAt::Kind::best, 0};
  if (text == "last") return {MeasuredAt::Kind::last, 0};
  int64_t step = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error == std::errc() && stop == text.data() + text.size() && step >= 1) return {MeasuredAt::Kind::step, step};
  fail(ErrorKind::usage, fmt::format("{} is neither best nor last nor a step", text), "--at",
       "give --at best, --at last or the number of a step from 1 on, such as --at 1000");
}

std::string text_of(const MeasuredAt& at) {
  switch (at.kind) {
    case MeasuredAt::Kind::best:
      return "the best measurement of each run";
    case MeasuredAt::Kind::last:
      return "the last measurement of each run";
    case MeasuredAt::Kind::step:
      return fmt::format("step {} of each run", at.step);
  }
  return "";
}

Json to_json(const MeasuredAt& at) {
  switch (at.kind) {
    case MeasuredAt::Kind::best:
      return "best";
    case MeasuredAt::Kind::last:
      return "last";
    case MeasuredAt::Kind::step:
      return at.step;
  }
  return {};
}

}  // namespace spinenet::compare
