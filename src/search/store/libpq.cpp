#include "search/store/libpq.h"

#include <memory>

#include <dlfcn.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

constexpr const char* kFile = "libpq.so.5";  // since PostgreSQL 8.2
constexpr const char* kRemedy =
    "install PostgreSQL's client library (Debian: apt install libpq5), or keep the study in a file";

struct CloseLibrary {
  void operator()(void* library) const { ::dlclose(library); }
};

// A function of the library, of whatever type it is wanted as.
struct Symbol {
  void* address = nullptr;
  template <class Function>
  operator Function*() const {
    return reinterpret_cast<Function*>(address);
  }
};

Symbol find_symbol(void* library, const char* file, const char* name) {
  void* address = ::dlsym(library, name);
  if (address == nullptr) {
    fail(ErrorKind::unsupported, fmt::format("is no library of PostgreSQL: it has no function {}", name), file,
         kRemedy);
  }
  return {address};
}

}  // namespace

Libpq load_libpq(const char* file) {
  std::unique_ptr<void, CloseLibrary> library(::dlopen(file, RTLD_NOW | RTLD_LOCAL));
  if (library == nullptr) {
    const char* reason = ::dlerror();
    fail(ErrorKind::unsupported,
         fmt::format("a study in PostgreSQL needs this library, which cannot be loaded: {}",
                     reason == nullptr ? "no reason given" : reason),
         file, kRemedy);
  }
  const auto find = [&](const char* name) { return find_symbol(library.get(), file, name); };
  const Libpq found{.clear = find("PQclear"),
                    .command_status = find("PQcmdStatus"),
                    .command_tuples = find("PQcmdTuples"),
                    .connect_database = find("PQconnectdbParams"),
                    .free_connection_options = find("PQconninfoFree"),
                    .parse_connection_options = find("PQconninfoParse"),
                    .error_message = find("PQerrorMessage"),
                    .execute = find("PQexec"),
                    .execute_prepared = find("PQexecPrepared"),
                    .finish = find("PQfinish"),
                    .field_name = find("PQfname"),
                    .free_memory = find("PQfreemem"),
                    .field_type = find("PQftype"),
                    .value_length = find("PQgetlength"),
                    .value = find("PQgetvalue"),
                    .field_count = find("PQnfields"),
                    .tuple_count = find("PQntuples"),
                    .parameter_status = find("PQparameterStatus"),
                    .ping = find("PQpingParams"),
                    .prepare = find("PQprepare"),
                    .result_error_field = find("PQresultErrorField"),
                    .result_status = find("PQresultStatus"),
                    .server_version = find("PQserverVersion"),
                    .set_notice_processor = find("PQsetNoticeProcessor"),
                    .status = find("PQstatus"),
                    .transaction_status = find("PQtransactionStatus")};
  (void)library.release();  // its functions are used as long as the program runs
  return found;
}

const Libpq& libpq() {
  static const Libpq loaded = load_libpq(kFile);
  return loaded;
}

}  // namespace spinenet::search
