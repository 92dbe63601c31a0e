// PostgreSQL's client library, loaded when the first study in PostgreSQL is opened: it brings Kerberos, LDAP and
// OpenSSL with it, for which no other command waits.
//
// Invariant: every function of a Libpq is there. Thread contract: free functions; the library, once loaded, stays.
// Source: PostgreSQL's manual, "libpq - C Library".
#pragma once

#include <libpq-fe.h>

namespace spinenet::search {

struct Libpq {
  decltype(&PQclear) clear = nullptr;
  decltype(&PQcmdStatus) command_status = nullptr;
  decltype(&PQcmdTuples) command_tuples = nullptr;
  decltype(&PQconnectdbParams) connect_database = nullptr;
  decltype(&PQconninfoFree) free_connection_options = nullptr;
  decltype(&PQconninfoParse) parse_connection_options = nullptr;
  decltype(&PQerrorMessage) error_message = nullptr;
  decltype(&PQexec) execute = nullptr;
  decltype(&PQexecPrepared) execute_prepared = nullptr;
  decltype(&PQfinish) finish = nullptr;
  decltype(&PQfname) field_name = nullptr;
  decltype(&PQfreemem) free_memory = nullptr;
  decltype(&PQftype) field_type = nullptr;
  decltype(&PQgetlength) value_length = nullptr;
  decltype(&PQgetvalue) value = nullptr;
  decltype(&PQnfields) field_count = nullptr;
  decltype(&PQntuples) tuple_count = nullptr;
  decltype(&PQparameterStatus) parameter_status = nullptr;
  decltype(&PQpingParams) ping = nullptr;
  decltype(&PQprepare) prepare = nullptr;
  decltype(&PQresultErrorField) result_error_field = nullptr;
  decltype(&PQresultStatus) result_status = nullptr;
  decltype(&PQserverVersion) server_version = nullptr;
  decltype(&PQsetNoticeProcessor) set_notice_processor = nullptr;
  decltype(&PQstatus) status = nullptr;
  decltype(&PQtransactionStatus) transaction_status = nullptr;
};

// The library of this machine. ErrorKind::unsupported when it is not installed.
const Libpq& libpq();

// As it is in the file that the dynamic linker finds by this name; tests give another.
Libpq load_libpq(const char* file);

}  // namespace spinenet::search
