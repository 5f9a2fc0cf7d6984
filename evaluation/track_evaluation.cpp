#include "evaluation/track_evaluation.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace unmix {
namespace {

constexpr const char* kOp = "evaluate";

const Audio* find(const NamedAudio& signals, const std::string& name) {
  const auto found = std::ranges::find(signals, name, &std::pair<std::string, Audio>::first);
  return found == signals.end() ? nullptr : &found->second;
}

void check_form(const std::string& target, const Audio& reference, const Audio& estimate) {
  check(reference.sample_rate == estimate.sample_rate && reference.channels == estimate.channels, kOp,
        "{}: the estimate ({} Hz, {} channels) and the reference ({} Hz, {} channels) differ", target,
        estimate.sample_rate, estimate.channels, reference.sample_rate, reference.channels);
}

std::string length_note(const Audio& reference, const Audio& audio, const std::string& name) {
  if (audio.frames() == reference.frames()) return "";
  return fmt::format("{} has {} frames, the reference {}: it is {}", name, audio.frames(), reference.frames(),
                     audio.frames() > reference.frames() ? "cut" : "continued with zeros");
}

// The targets that can be scored, in order; what cannot is noted.
std::vector<std::string> targets_of(const NamedAudio& references, const NamedAudio& estimates,
                                    std::vector<std::string>& notes) {
  std::vector<std::string> targets;
  for (const auto& [name, reference] : references) {
    const Audio* estimate = find(estimates, name);
    if (estimate == nullptr) continue;
    check_form(name, reference, *estimate);
    if (const std::string note = length_note(reference, *estimate, name); !note.empty()) notes.push_back(note);
    const bool silent = bss_silent(reference, 0, reference.frames());
    if (silent || bss_silent(*estimate, 0, reference.frames())) {
      notes.push_back(
          fmt::format("{} is left out: its {} is silent throughout", name, silent ? "reference" : "estimate"));
    } else {
      targets.push_back(name);
    }
  }
  const std::vector<std::string> strange = names_without(estimates, references);
  if (!strange.empty())
    notes.push_back(fmt::format("without a reference of their name, and not scored: {}", fmt::join(strange, ", ")));
  check(!targets.empty(), kOp, "no estimate of a target can be scored: {}{}the references are {}",
        fmt::join(notes, "; "), notes.empty() ? "" : "; ", fmt::join(names_without(references, {}), ", "));
  return targets;
}

class Scorer {
 public:
  Scorer(const NamedAudio& references, const NamedAudio& estimates, const EvaluationOptions& options)
      : references_(references),
        estimates_(estimates),
        bss_(windows_at(options, references.front().second.sample_rate)) {}

  std::vector<TargetEvaluation> operator()(const std::vector<std::string>& targets) const {
    AudioList references, estimates;
    for (const std::string& target : targets) {
      references.push_back(find(references_, target));
      estimates.push_back(find(estimates_, target));
    }
    const BssEvaluation evaluation = bss_eval(references, estimates, bss_);
    std::vector<TargetEvaluation> result;
    for (size_t i = 0; i < targets.size(); ++i) result.push_back({targets[i], evaluation.scores[i]});
    if (targets.size() == 1)
      for (BssScores& scores : result[0].frames) scores[2] = std::numeric_limits<double>::quiet_NaN();
    return result;
  }

 private:
  const NamedAudio& references_;
  const NamedAudio& estimates_;
  BssEvalOptions bss_;
};

}  // namespace

BssEvalOptions windows_at(const EvaluationOptions& options, int sample_rate) {
  BssEvalOptions result;
  result.mode = options.mode;
  result.threads = options.threads;
  if (options.window == 0) return result;
  const auto samples = [&](const char* name, double seconds, int64_t least) {
    const auto count = static_cast<int64_t>(std::min(seconds * sample_rate, 1e15));
    if (count < least)
      throw ArgumentError(fmt::format("{} {}: at {} Hz these are {} samples; {} or more are needed, {:.2g} s", name,
                                      seconds, sample_rate, count, least, static_cast<double>(least) / sample_rate));
    return count;
  };
  result.window = samples("win", options.window, options.mode == BssMode::v3 ? bss_filter_length : 1);
  result.hop = samples("hop", options.hop, 1);
  return result;
}

std::vector<std::string> names_without(const NamedAudio& signals, const NamedAudio& others) {
  std::vector<std::string> names;
  for (const auto& [name, audio] : signals)
    if (name != "mixture" && find(others, name) == nullptr) names.push_back(name);
  return names;
}

Audio fit_to(const Audio& reference, Audio audio, const std::string& name, std::vector<std::string>& notes) {
  check_form(name, reference, audio);
  const std::string note = length_note(reference, audio, name);
  if (note.empty()) return audio;
  notes.push_back(note);
  Audio fitted{audio.sample_rate, audio.channels, std::vector<float>(reference.samples.size(), 0.0f)};
  const auto common = static_cast<size_t>(std::min(audio.frames(), reference.frames()));
  for (int c = 0; c < audio.channels; ++c) std::ranges::copy(audio.channel(c).first(common), fitted.channel(c).begin());
  return fitted;
}

TrackEvaluation evaluate_track(const std::string& track, const NamedAudio& references, const NamedAudio& estimates,
                               const EvaluationOptions& options) {
  check(!references.empty(), kOp, "there is no reference");
  const Audio& first = references.front().second;
  TrackEvaluation result{track,
                         options.window > 0 ? options.window : static_cast<double>(first.frames()) / first.sample_rate,
                         options.hop,
                         {},
                         {}};
  std::vector<std::string> targets = targets_of(references, estimates, result.notes);
  const Scorer score(references, estimates, options);
  const auto has = [&](const char* name) { return std::ranges::count(targets, name) > 0; };
  const bool accompanied = has("vocals") && has("accompaniment");
  if (accompanied) std::erase(targets, "accompaniment");
  if (!accompanied || targets.size() > 1) {
    result.targets = score(targets);
    if (targets.size() == 1) result.notes.push_back(targets[0] + " is the only target: it has no SIR");
  }
  if (accompanied) {
    std::erase_if(result.targets, [](const TargetEvaluation& target) { return target.name == "vocals"; });
    for (TargetEvaluation& target : score({"vocals", "accompaniment"})) result.targets.push_back(std::move(target));
  }
  return result;
}

}  // namespace unmix
