#include "base/json.h"

#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"

namespace spinenet {
namespace {

constexpr size_t kMaxDepth = 64;

// Builds the value from the inside out, so that the time of an object is n log n in its keys: nlohmann's own reader
// looks at all entries of an object again for each one that is an object (with a callback), and for each key (where
// order is kept). Duplicate keys and depth are not errors for nlohmann's parser, so both are watched here.
template <class AnyJson>
class Builder {
 public:
  explicit Builder(std::string_view place) : place_(place) {}
  AnyJson take() { return std::move(root_); }

  bool null() { return value(nullptr); }
  bool boolean(bool flag) { return value(flag); }
  bool number_integer(typename AnyJson::number_integer_t number) { return value(number); }
  bool number_unsigned(typename AnyJson::number_unsigned_t number) { return value(number); }
  bool number_float(typename AnyJson::number_float_t number, const std::string& /*written*/) { return value(number); }
  bool string(std::string& text) { return value(std::move(text)); }
  bool binary(typename AnyJson::binary_t& /*bytes*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(false); }
  bool start_array(std::size_t /*size*/) { return open(true); }
  bool end_array() {
    AnyJson array(std::move(levels_.back().values));
    levels_.pop_back();
    return value(std::move(array));
  }
  bool end_object() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    AnyJson object = AnyJson::object();
    auto& entries = object.template get_ref<typename AnyJson::object_t&>();
    if constexpr (std::is_same_v<AnyJson, Json>) {
      // Its own insertion would look for the key among all others.
      std::vector<typename AnyJson::object_t::value_type>& list = entries;
      list.reserve(level.keys.size());
      for (size_t i = 0; i < level.keys.size(); ++i) list.emplace_back(*level.keys[i], std::move(level.values[i]));
    } else {
      for (size_t i = 0; i < level.keys.size(); ++i) entries.emplace(*level.keys[i], std::move(level.values[i]));
    }
    return value(std::move(object));
  }
  bool key(std::string& name) {
    const auto [found, fresh] = levels_.back().seen.insert(std::move(name));
    if (!fresh) {
      fail(ErrorKind::bad_data, fmt::format("key \"{}\" appears twice in one object", *found), place_,
           "keep one of the two");
    }
    levels_.back().keys.push_back(&*found);
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const nlohmann::detail::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ..."
    constexpr std::string_view kParseError = "] parse error ";
    std::string_view what = error.what();
    const size_t found = what.find(kParseError);
    const bool has_line = found != std::string_view::npos;
    if (has_line) what.remove_prefix(found + kParseError.size());
    fail(ErrorKind::bad_data, fmt::format("not valid JSON{}{}", has_line ? " " : ": ", what), place_);
  }

 private:
  struct Level {
    bool array = false;
    std::set<std::string> seen;
    std::vector<const std::string*> keys;  // into `seen`, in the order of the text
    std::vector<AnyJson> values;
  };
  static_assert(std::is_nothrow_move_constructible_v<Level>);

  void check_depth() const {
    if (levels_.size() > kMaxDepth) {
      fail(ErrorKind::bad_data, fmt::format("nested deeper than {} levels", kMaxDepth), place_);
    }
  }
  bool open(bool array) {
    check_depth();
    levels_.push_back({array, {}, {}, {}});
    return true;
  }
  template <class Value>
  bool value(Value&& value) {
    check_depth();
    if (levels_.empty()) {
      root_ = std::forward<Value>(value);
    } else {
      levels_.back().values.emplace_back(std::forward<Value>(value));
    }
    return true;
  }

  std::string_view place_;
  std::vector<Level> levels_;
  AnyJson root_;
};

template <class AnyJson>
AnyJson parse_any(std::string_view text, std::string_view place) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    fail(ErrorKind::bad_data, "starts with a byte order mark", place, "save it as plain UTF-8");
  }
  Builder<AnyJson> builder(place);
  AnyJson::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

}  // namespace

Json parse_json(std::string_view text, std::string_view place) {
  return parse_any<Json>(text, place);
}

SortedJson parse_sorted_json(std::string_view text, std::string_view place) {
  return parse_any<SortedJson>(text, place);
}

Json read_json(const std::filesystem::path& path) {
  constexpr int64_t kMostBytes = int64_t{1} << 30;
  return parse_json(read_file(path, kMostBytes), path.string());
}

std::string to_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace spinenet
