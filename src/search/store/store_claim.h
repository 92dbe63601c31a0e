// What a claim does inside its transaction: give a late trial to another worker, or suggest the next one when all it
// may know has ended.
//
// Invariant: the suggestion of trial k sees the state after exactly trials 0..k-lag, whoever asks and when.
// Thread contract: belongs to the thread of the tables.
#pragma once

#include "search/store/store_tables.h"

namespace spinenet::search {

// `request` names this call of a worker; `repeated`: an earlier try of it may have been carried out unheard.
ClaimAnswer claim_trial(StudyTables& tables, const ClaimOptions& options, const Suggest& suggest, int64_t request,
                        bool repeated);

}  // namespace spinenet::search
