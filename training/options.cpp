#include "training/options.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "data/musdb.h"

namespace unmix {
namespace {

// Options that choose where and how long a run works, not what it computes.
constexpr const char* kFreeToChange[] = {"output",   "checkpoint", "model", "cache", "root",      "epochs",
                                         "patience", "nb_workers", "quiet", "device"};

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError(message);
}

template <class Number>
void positive(const char* option, Number value) {
  require(value > 0, fmt::format("{} {}: give a number above zero", option, value));
}

void one_of(const char* option, const std::string& value, const std::vector<std::string>& choices) {
  for (const std::string& choice : choices)
    if (value == choice) return;
  throw UsageError(fmt::format("{} {}: give one of {}", option, value, fmt::join(choices, ", ")));
}

}  // namespace

Variant TrainOptions::loss_variant() const { return variant == "paper" ? Variant::paper : Variant::seed; }

Precision TrainOptions::arithmetic() const {
  return precision == "bf16" ? Precision::bf16 : precision == "tf32" ? Precision::tf32 : Precision::fp32;
}

double TrainOptions::learning_rate() const {
  if (lr == "auto") return find_loss(loss).learning_rate;
  double value = 0.0;
  const auto [end, error] = std::from_chars(lr.data(), lr.data() + lr.size(), value);
  require(error == std::errc{} && end == lr.data() + lr.size() && std::isfinite(value) && value > 0.0,
          fmt::format("--lr {}: give a number above zero, or auto", lr));
  return value;
}

void TrainOptions::validate() const {
  find_loss(loss);
  one_of("--variant", variant, {"seed", "paper"});
  one_of("--precision", precision, {"fp32", "tf32", "bf16"});
  if (!architecture.empty()) one_of("--architecture", architecture, {"joint", "single"});
  require(architecture != "joint" || target.empty(), "--target belongs to a single model: leave it out with joint");
  if (!joint()) {
    std::vector<std::string> targets = musdb_sources;
    targets.emplace_back("accompaniment");
    require(!target.empty(), "--architecture single needs --target");
    one_of("--target", target, targets);
  }
  require(checkpoint.empty() || model.empty(), "--checkpoint resumes a run and --model starts a new one: give one");
  learning_rate();
  positive("--epochs", epochs);
  positive("--batch-size", batch_size);
  positive("--patience", patience);
  positive("--lr-decay-patience", lr_decay_patience);
  require(lr_decay_gamma > 0.0 && lr_decay_gamma < 1.0,
          fmt::format("--lr-decay-gamma {}: give a number between 0 and 1", lr_decay_gamma));
  require(weight_decay >= 0.0, fmt::format("--weight-decay {}: give zero or more", weight_decay));
  require(clip_gradient_norm >= 0.0, fmt::format("--clip-gradient-norm {}: give zero or more", clip_gradient_norm));
  positive("--seq-dur", seq_dur);
  positive("--samples-per-track", samples_per_track);
  positive("--reduce-samples", reduce_samples);
  positive("--nb-channels", nb_channels);
  require(nb_channels <= 2, fmt::format("--nb-channels {}: MUSDB18 is stereo, give 1 or 2", nb_channels));
  require(nb_workers >= 0, fmt::format("--nb-workers {}: give zero or more", nb_workers));
}

nlohmann::json to_json(const TrainOptions& o) {
  return {{"loss", o.loss},
          {"variant", o.variant},
          {"architecture", o.joint() ? "joint" : "single"},
          {"target", o.target},
          {"root", o.root.string()},
          {"is_wav", o.is_wav},
          {"output", o.output.string()},
          {"checkpoint", o.checkpoint.string()},
          {"model", o.model.string()},
          {"cache", o.cache.string()},
          {"epochs", o.epochs},
          {"batch_size", o.batch_size},
          {"lr", o.learning_rate()},
          {"patience", o.patience},
          {"lr_decay_patience", o.lr_decay_patience},
          {"lr_decay_gamma", o.lr_decay_gamma},
          {"weight_decay", o.weight_decay},
          {"clip_gradient_norm", o.clip_gradient_norm},
          {"seq_dur", o.seq_dur},
          {"samples_per_track", o.samples_per_track},
          {"reduce_samples", o.reduce_samples},
          {"source_augmentations", o.source_augmentations},
          {"random_track_mix", o.random_track_mix},
          {"unidirectional", o.unidirectional},
          {"nfft", o.nfft},
          {"nhop", o.nhop},
          {"hidden_size", o.hidden_size},
          {"nb_layers", o.nb_layers},
          {"dropout", o.dropout},
          {"bandwidth", o.bandwidth},
          {"nb_channels", o.nb_channels},
          {"nb_workers", o.nb_workers},
          {"precision", o.precision},
          {"seed", o.seed},
          {"device", name(o.device)}};
}

std::string resume_conflict(const nlohmann::json& before, const nlohmann::json& now) {
  for (const auto& [key, value] : now.items()) {
    if (std::find(std::begin(kFreeToChange), std::end(kFreeToChange), key) != std::end(kFreeToChange)) continue;
    if (!before.contains(key) || before.at(key) == value) continue;
    std::string option = key;
    std::replace(option.begin(), option.end(), '_', '-');
    return fmt::format("--{} was {}, now {}", option, before.at(key).dump(), value.dump());
  }
  return "";
}

}  // namespace unmix
