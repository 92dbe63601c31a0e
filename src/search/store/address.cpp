#include "search/store/address.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

constexpr std::string_view kForm = "postgresql://user@host:port/database";

[[noreturn]] void refuse(std::string_view scheme, std::string_view why) {
  fail(ErrorKind::usage, fmt::format("no address of a PostgreSQL database: {}", why), scheme,
       fmt::format("write {}; characters such as @ / ? & of a part as %40 %2F %3F %26", kForm));
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// "%70" is a p: libpq decodes names of parameters, too.
std::string decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16).ptr == &text[i + 1] + 2;
    result += escape ? static_cast<char>(value) : text[i];
    if (escape) i += 2;
  }
  return result;
}

bool is_password(std::string_view name) {
  const std::string plain = lower(decoded(name));
  return plain == "password" || plain == "sslpassword";
}

// The scheme with its "://", or nothing. Letters before "://" that no file name of ours begins with.
std::string_view scheme_of(std::string_view text) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos || end == 0) return "";
  const std::string_view scheme = text.substr(0, end);
  const bool is_word = std::ranges::all_of(scheme, [](unsigned char c) { return std::isalnum(c) != 0 || c == '+'; });
  return is_word ? text.substr(0, end + 3) : std::string_view();
}

// "host=db password=secret": libpq's other form.
bool is_list_of_parameters(std::string_view text) {
  constexpr std::array<std::string_view, 8> kNames{"host", "hostaddr", "port",    "dbname",
                                                   "user", "password", "service", "passfile"};
  const size_t end = text.find('=');
  if (end == std::string_view::npos) return false;
  const std::string plain = lower(text);
  for (const std::string_view parameter : {" password=", " password ="}) {
    if (plain.find(parameter) != std::string::npos) return true;
  }
  std::string_view name = text.substr(0, end);
  while (name.ends_with(' ')) name.remove_suffix(1);
  while (name.starts_with(' ')) name.remove_prefix(1);
  return std::ranges::find(kNames, name) != kNames.end();
}

// "postgresql:/user:secret@db": an address with a slash forgotten would be shown as the name of a file.
bool begins_as_server(std::string_view text) {
  const std::string word = lower(text.substr(0, text.find(':')));
  return word.size() < text.size() && (word == "postgresql" || word == "postgres");
}

// The user and host less the password. The form is stricter than libpq's: what it would take apart in another way than
// a reader does (a password with a bare @ or /) could be shown in part by its messages.
std::string shown_authority(std::string_view authority, std::string_view scheme) {
  const size_t at = authority.find('@');
  if (at == std::string_view::npos) return std::string(authority);
  if (authority.find('@', at + 1) != std::string_view::npos) refuse(scheme, "it has more than one @");
  const std::string_view user = authority.substr(0, at);
  const size_t colon = user.find(':');
  if (colon == std::string_view::npos) return std::string(authority);
  return fmt::format("{}{}", user.substr(0, colon), authority.substr(at));
}

std::string shown_parameters(std::string_view query, std::string_view scheme) {
  std::string shown;
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    const size_t equal = parameter.find('=');
    if (equal == std::string_view::npos) refuse(scheme, "a parameter after ? has no value");
    if (is_password(parameter.substr(0, equal))) continue;
    shown += fmt::format("{}{}", shown.empty() ? "?" : "&", parameter);
  }
  return shown;
}

std::string shown_server(std::string_view text, std::string_view scheme) {
  const std::string_view rest = text.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const std::string_view behind = rest.substr(authority.size());
  const std::string_view path = behind.substr(0, behind.find('?'));
  if (path.find('@') != std::string_view::npos) refuse(scheme, "there is an @ behind the host");
  const std::string_view query = path.size() < behind.size() ? behind.substr(path.size() + 1) : std::string_view();
  return fmt::format("{}{}{}{}", scheme, shown_authority(authority, scheme), path, shown_parameters(query, scheme));
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

StudyAddress::StudyAddress(std::string_view text) : text_(text) {
  const std::string_view scheme = scheme_of(text);
  if (scheme.empty()) {
    if (is_list_of_parameters(text)) refuse("--study", "a list of parameters");
    if (begins_as_server(text)) refuse("--study", "its first word ends without ://");
    shown_ = text_;
    return;
  }
  const std::string known = lower(scheme);
  if (known != "postgresql://" && known != "postgres://") refuse(scheme, "it is that of another kind of server");
  if (known != scheme) refuse(scheme, "its first word is not written in small letters");
  shown_ = shown_server(text, scheme);
  is_server_ = true;
}

std::vector<std::string> without_passwords(std::vector<std::string> arguments,
                                           std::span<const StudyAddress> addresses) {
  for (std::string& argument : arguments) {
    for (const StudyAddress& address : addresses) {
      if (address.holds_password()) replace_all(argument, address.reveal(), address.shown());
    }
  }
  return arguments;
}

StudyAddress inherited_address(std::string_view otherwise) {
  const char* given = std::getenv(kAddressVariable);
  StudyAddress address = given == nullptr ? StudyAddress(otherwise) : StudyAddress(given);
  ::unsetenv(kAddressVariable);
  return address;
}

}  // namespace spinenet::search
