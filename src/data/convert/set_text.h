// Text that the readers and writers of data sets share: files of bounded size, numbers, lines, names.
//
// Thread contract: pure functions but for what is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::data {

// One label file, XML file or list. COCO and Label Studio files have CocoLimits.
inline constexpr int64_t kMaxSetFileBytes = int64_t{512} << 20;

// UTF-8 without a byte order mark. ErrorKind::io when it cannot be read, ErrorKind::bad_data for what is no regular
// file, larger than kMaxSetFileBytes, or other text.
std::string read_set_file(const std::filesystem::path& path);
// The same of text at hand; `place` appears in messages.
std::string checked_text(std::string text, std::string_view place);

// Spaces at the ends are passed over. Nothing for what is no finite number.
std::optional<double> number_in(std::string_view text);
std::optional<int64_t> integer_in(std::string_view text);
// 0, 1, true or false, in any case of letters; no and yes.
std::optional<bool> flag_in(std::string_view text);
// With the fewest digits that read back to the same value; never "-0".
std::string number_text(double number);

std::string_view trimmed(std::string_view text);
// The letters of ASCII alone.
std::string lower_case(std::string_view text);
// Without line ends, each of which is LF, CR LF or CR alone; the last line may lack its own.
std::vector<std::string_view> lines_of(std::string_view text);
// Between spaces and tabs.
std::vector<std::string_view> words_of(std::string_view text);
// A name without the suffix of its last part: "a/b.c.jpg" is "a/b.c".
std::string without_suffix(std::string_view name);

// ErrorKind::bad_data for a coordinate or a side beyond what any image has (10,000,000 pixels).
void check_coordinate(double pixels, std::string_view place);

}  // namespace spinenet::data
