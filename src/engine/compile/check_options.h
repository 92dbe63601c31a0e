// What compile() is asked for, checked before anything is made.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

#include "engine/compile/compile.h"

namespace spinenet::engine {

// The kernels that a plan of these options takes: the system is asked for matrix tiles only where a format uses them.
const kernels::Kernels& kernels_for(const CompileOptions& options);

// A plan for the options' processor, threads and batch, without steps. ErrorKind::usage for options that do not exist;
// ErrorKind::unsupported for bf16 on a processor without it.
CompiledPlan empty_plan(const CompileOptions& options);

// Whether the options' processor computes in their number format.
bool has_format(const CompileOptions& options);

// Whether the options skip the optimisation of that name.
bool skips(const CompileOptions& options, std::string_view name);

}  // namespace spinenet::engine
