#include "base/json.h"

#include <set>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace spinenet {
namespace {

constexpr int kMaxDepth = 64;

// Duplicate keys and depth are not errors for nlohmann's parser, so a callback watches for them.
template <class AnyJson>
struct Watch {
  std::string_view place;
  std::vector<std::set<std::string>> keys;

  bool operator()(int depth, typename AnyJson::parse_event_t event, AnyJson& parsed) {
    if (depth > kMaxDepth) fail(ErrorKind::bad_data, fmt::format("nested deeper than {} levels", kMaxDepth), place);
    switch (event) {
      case AnyJson::parse_event_t::object_start:
        keys.emplace_back();
        break;
      case AnyJson::parse_event_t::object_end:
        keys.pop_back();
        break;
      case AnyJson::parse_event_t::key:
        if (!keys.back().insert(parsed.template get<std::string>()).second) {
          fail(ErrorKind::bad_data,
               fmt::format("key \"{}\" appears twice in one object", parsed.template get<std::string>()), place,
               "keep one of the two");
        }
        break;
      default:
        break;
    }
    return true;
  }
};

template <class AnyJson>
AnyJson parse_any(std::string_view text, std::string_view place) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    fail(ErrorKind::bad_data, "starts with a byte order mark", place, "save it as plain UTF-8");
  }
  try {
    return AnyJson::parse(text.begin(), text.end(), Watch<AnyJson>{place, {}});
  } catch (const typename AnyJson::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ..."
    constexpr std::string_view kParseError = "] parse error ";
    const std::string_view what = error.what();
    fail(ErrorKind::bad_data,
         fmt::format("not valid JSON {}", what.substr(what.find(kParseError) + kParseError.size())), place);
  } catch (const typename AnyJson::exception& error) {
    fail(ErrorKind::bad_data, fmt::format("not valid JSON: {}", error.what()), place);
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view place) {
  return parse_any<Json>(text, place);
}

SortedJson parse_sorted_json(std::string_view text, std::string_view place) {
  return parse_any<SortedJson>(text, place);
}

Json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

std::string to_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace spinenet
