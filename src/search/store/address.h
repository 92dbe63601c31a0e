// Where a study lives: a SQLite file or a PostgreSQL database. An address of a server may hold a password, so what a
// reader sees of an address is never its text.
//
// Invariant: shown() has no password, whatever the text; the text itself leaves by reveal() alone, which is for the
// database's library and for the environment of a worker.
// Thread contract: plain values; the functions on the environment belong to the main thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::search {

class StudyAddress {
 public:
  StudyAddress() = default;
  // Also from a word of a command line. ErrorKind::usage, with nothing of a text that may hold a password, for an
  // address of a server that is none, of a server of another kind, or of libpq's form "host=... dbname=...".
  StudyAddress(std::string_view text);  // an address is written as text wherever one is asked for
  StudyAddress(const std::string& text) : StudyAddress(std::string_view(text)) {}
  StudyAddress(const char* text) : StudyAddress(std::string_view(text)) {}

  bool empty() const { return text_.empty(); }
  bool is_server() const { return is_server_; }
  bool holds_password() const { return shown_ != text_; }
  // For messages, documents and logs: the text less passwords.
  const std::string& shown() const { return shown_; }
  const std::string& reveal() const { return text_; }

 private:
  std::string text_, shown_;
  bool is_server_ = false;
};

// A command line in which these addresses stand without their passwords.
std::vector<std::string> without_passwords(std::vector<std::string> arguments, std::span<const StudyAddress> addresses);

// The variable that hands a study's address from the leader of a search to its workers.
constexpr const char* kAddressVariable = "SPINENET_STUDY_ADDRESS";
// The address in that variable, which is then removed, so that no process of a trial inherits it; or `otherwise`.
StudyAddress inherited_address(std::string_view otherwise);

}  // namespace spinenet::search
