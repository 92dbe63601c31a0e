// spinenet_cpp.Study: a search whose networks the caller evaluates.
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/format.h"
#include "bindings.h"
#include "own_study.h"
#include "settings.h"
#include "text.h"
#include "without_lock.h"

namespace spinenet::python {
namespace {

namespace py = pybind11;
using Clock = std::chrono::steady_clock;
using search::Outcome;
using search::TrialFailure;

constexpr std::chrono::duration<double> kPause(0.2);  // between two looks at a study that has nothing to do

std::unique_ptr<OwnStudy> open_study(const py::object& place, std::optional<std::string> space,
                                     std::optional<std::string> algorithm, std::optional<int64_t> trials,
                                     std::optional<uint64_t> seed, std::optional<int> lag,
                                     std::optional<arch::Architecture> architecture, std::optional<int> image_size,
                                     std::optional<int> classes, const py::dict& settings, double lease,
                                     const std::string& worker) {
  const search::StudyAddress address(path_of(place));
  OwnStudyOptions options{std::move(space),
                          std::move(algorithm),
                          seed,
                          lag,
                          std::move(architecture),
                          image_size,
                          classes,
                          settings_of(settings),
                          trials,
                          lease,
                          worker};
  if (trials && *trials < 1) fail(ErrorKind::usage, fmt::format("{} trials", *trials), "trials", "use at least 1");
  const WithoutLock without_lock;
  return std::make_unique<OwnStudy>(address, options);
}

// None when the study is complete, or when the time is over.
py::object ask_for_trial(OwnStudy& study, std::optional<double> wait) {
  const Clock::time_point start = Clock::now();
  while (true) {
    OwnStudy::Answer answer;
    {
      const WithoutLock without_lock;
      answer = study.ask();
    }
    if (answer.trial) return py::cast(std::move(answer.trial));
    if (answer.state == search::ClaimState::finished) return py::none();
    const std::chrono::duration<double> waited = Clock::now() - start;
    if (wait && waited.count() >= *wait) return py::none();
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    const WithoutLock without_lock;
    std::this_thread::sleep_for(wait ? std::min(kPause, std::chrono::duration<double>(*wait) - waited) : kPause);
  }
}

bool tell_failure(OwnStudy& study, AskedTrial& trial, const std::string& name, const std::string& reason) {
  const auto failure = parse_enum<TrialFailure>(ErrorKind::usage, "failure", name, "failure");
  const WithoutLock without_lock;
  switch (failure) {
    case TrialFailure::non_finite:
    case TrialFailure::out_of_memory:
    case TrialFailure::timeout:
      return study.tell(trial, failed(failure, reason));
    case TrialFailure::lost:
      return study.lose(trial);
    case TrialFailure::none:
    case TrialFailure::crash:
    case TrialFailure::error:
      break;
  }
  fail(ErrorKind::usage, fmt::format("a trial cannot end as {}", name), "failure",
       "say non_finite, out_of_memory or timeout of its network, lost of its process; or give_back() the trial");
}

bool tell_outcome(OwnStudy& study, AskedTrial& trial, std::optional<double> score,
                  const std::map<std::string, double>& metrics, const std::optional<std::string>& failure,
                  const std::string& reason) {
  if (score.has_value() == failure.has_value()) {
    fail(ErrorKind::usage, "a trial ends with a score or with a failure", "tell", "give one of them");
  }
  if (failure) return tell_failure(study, trial, *failure, reason);
  Outcome outcome;
  outcome.measurement = {*score, metrics};
  const WithoutLock without_lock;
  return study.tell(trial, std::move(outcome));
}

search::Study read_own_study(const OwnStudy& study) {
  const WithoutLock without_lock;
  return study.read();
}

py::list told_trials(const OwnStudy& study) {
  py::list trials;
  for (const search::Trial& trial : read_own_study(study).trials) trials.append(json_to_python(search::to_json(trial)));
  return trials;
}

arch::Architecture network_of_trial(const OwnStudy& study, int64_t number) {
  const search::Study all = read_own_study(study);
  if (number < 0 || number >= static_cast<int64_t>(all.trials.size())) {
    fail(ErrorKind::usage, fmt::format("there is no trial {}", number), all.place,
         fmt::format("the study has {}", all.trials.size()));
  }
  return search::architecture_of(all, all.trials[static_cast<size_t>(number)]);
}

py::list best_networks(const OwnStudy& study, int count) {
  const search::Study all = read_own_study(study);
  py::list best;
  for (const search::Trial* trial : search::ranked(all)) {
    if (static_cast<int>(best.size()) >= count) break;
    best.append(py::make_tuple(trial->measurement.score, search::architecture_of(all, *trial)));
  }
  return best;
}

void bind_trial(py::module_& module) {
  py::class_<AskedTrial> type(module, "Trial", py::is_final(), "A network to evaluate.");
  type.attr("__module__") = kPackage;
  type.def_property_readonly(
          "number", [](const AskedTrial& t) { return t.claim().number; }, "In the study, from 0.")
      .def_property_readonly(
          "attempt", [](const AskedTrial& t) { return t.claim().attempt; },
          "How often it was handed out, this time too.")
      .def_property_readonly(
          "choices", [](const AskedTrial& t) { return t.claim().choices; }, "What the space decided.")
      .def_readonly("architecture", &AskedTrial::architecture, "The network.")
      .def_property_readonly("wanted", &AskedTrial::wanted, "Whether what comes of it may still count.")
      .def("__repr__",
           [](const AskedTrial& t) { return fmt::format("<Trial {}: {}>", t.claim().number, t.architecture.name); });
}

}  // namespace

void bind_study(py::module_& module) {
  bind_trial(module);
  py::class_<OwnStudy> type(module, "Study", py::is_final(), "A search whose networks you evaluate.");
  type.attr("__module__") = kPackage;
  type.def(py::init(&open_study), py::arg("place"), py::arg("space") = py::none(), py::kw_only(),
           py::arg("algorithm") = py::none(), py::arg("trials") = py::none(), py::arg("seed") = py::none(),
           py::arg("lag") = py::none(), py::arg("architecture") = py::none(), py::arg("image_size") = py::none(),
           py::arg("classes") = py::none(), py::arg("settings") = py::dict(), py::arg("lease") = 60.0,
           py::arg("worker") = "")
      .def("ask", &ask_for_trial, "The next trial.", py::arg("wait") = py::none())
      .def("tell", &tell_outcome, "What came of a trial.", py::arg("trial"), py::arg("score") = py::none(),
           py::kw_only(), py::arg("metrics") = py::dict(), py::arg("failure") = py::none(), py::arg("reason") = "")
      .def("give_back", &OwnStudy::give_back, "The trial was not tried.", py::arg("trial"),
           py::call_guard<WithoutLock>())
      .def("trials", &told_trials, "All that were begun.")
      .def("best", &best_networks, "The best networks, each once.", py::arg("count") = 1)
      .def("architecture", &network_of_trial, "Of a trial.", py::arg("number"))
      .def(
          "summary", [](const OwnStudy& s) { return json_to_python(search::study_summary(read_own_study(s))); },
          "How far it is.")
      .def_property_readonly(
          "place", [](const OwnStudy& s) { return text_to_python(s.place()); }, "Without a password.")
      .def_property_readonly(
          "worker", [](const OwnStudy& s) { return text_to_python(s.worker()); }, "Its name in the study.")
      .def("__repr__", [](const OwnStudy& s) { return text_to_python(fmt::format("<Study {}>", s.place())); });
}

}  // namespace spinenet::python
