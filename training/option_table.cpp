#include "training/option_table.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace unmix {
namespace {

constexpr std::string_view kModel = "Model", kRun = "Run", kNetworks = "Losses with networks of their own";

template <class T>
requires(!IsParsed<T>) nlohmann::json value_json(const T& value) { return value; }

// Names of files, and whatever else the command line gives as bytes.
nlohmann::json value_json(const std::filesystem::path& path) { return to_utf8(path.string()); }
nlohmann::json value_json(const std::string& text) { return to_utf8(text); }
nlohmann::json value_json(const std::vector<std::string>& texts) {
  auto list = nlohmann::json::array();
  for (const std::string& text : texts) list.push_back(to_utf8(text));
  return list;
}

template <IsParsed T>
nlohmann::json value_json(const T& value) {
  return to_utf8(option_text(value));
}

template <class T>
requires(!IsParsed<std::optional<T>>) nlohmann::json value_json(const std::optional<T>& value) {
  return value ? value_json(*value) : nlohmann::json();
}

// "single or joint"
std::string names_of_all(const auto& registry) {
  std::vector<std::string_view> names;
  for (const auto& entry : registry) names.push_back(entry.name);
  return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace

const std::vector<TrainOption>& train_option_table() {
  using O = TrainOptions;
  static const std::string architectures = names_of_all(model_registry()),
                           discriminators = names_of_all(discriminator_registry());
  static const std::string adversarial = names_of_losses_with(LossNetworks::discriminators),
                           features = names_of_losses_with(LossNetworks::features);
  static const std::vector<TrainOption> table{
      {kDataGroup, "dataset", &O::dataset,
       "Layout of the data set: musdb, aligned, sourcefolder, trackfolder_fix or trackfolder_var"},
      {kDataGroup, "root", &O::root,
       "Folder of the data set; for musdb that of MUSDB18, or of MUSDB18-HQ with --is-wav"},
      {kDataGroup, "is-wav", &O::is_wav, "musdb: read folders of WAV files instead of .stem.mp4 files"},
      {kDataGroup, "cache", &O::cache, "Folder for decoded audio; default: the user's cache folder"},
      {kDataGroup, "seq-dur", &O::seq_dur, "Length of a training sample in seconds"},
      {kDataGroup, "samples-per-track", &O::samples_per_track, "musdb: samples per track in an epoch"},
      {kDataGroup, "reduce-samples", &O::reduce_samples, "musdb: divide the samples per track by this number"},
      {kDataGroup, "source-augmentations", &O::source_augmentations,
       "Augmentations in the given order: gain, channelswap, force_stereo; default: gain channelswap for musdb, none "
       "for the others"},
      {kDataGroup, "random-track-mix", &O::random_track_mix,
       "Take each source from another track and position; on by default for musdb; trackfolder_fix mixes the "
       "interferers"},
      {kDataGroup, "nb-workers", &O::nb_workers, "Threads that prepare batches; 0: the training thread does"},
      {kFolderGroup, "input-file", &O::input_file, "aligned: name or pattern of the mixture's file in each track"},
      {kFolderGroup, "output-file", &O::output_file, "aligned: name or pattern of the target's file in each track"},
      {kFolderGroup, "interferer-dirs", &O::interferer_dirs, "sourcefolder: folders of the other sources"},
      {kFolderGroup, "target-dir", &O::target_dir, "sourcefolder: folder of the target"},
      {kFolderGroup, "nb-train-samples", &O::nb_train_samples, "sourcefolder: training samples per epoch"},
      {kFolderGroup, "nb-valid-samples", &O::nb_valid_samples, "sourcefolder: validation samples per epoch"},
      {kFolderGroup, "target-file", &O::target_file,
       "trackfolder_fix, trackfolder_var: the target's file in each track"},
      {kFolderGroup, "interferer-files", &O::interferer_files,
       "trackfolder_fix: the other sources' files in each track"},
      {kFolderGroup, "random-interferer-mix", &O::random_interferer_mix,
       "trackfolder_var: take the other sources from another track"},
      {kFolderGroup, "silence-missing", &O::silence_missing, "trackfolder_var: use silence where the target is missing",
       "silence-missing-targets"},
      {kFolderGroup, "ext", &O::ext, "sourcefolder, trackfolder_var: ending of the names of audio files"},
      {kModel, "architecture", &O::architecture,
       fmt::format("Network: {}; default: {} with one target, {} with several", architectures, default_model(true).name,
                   default_model(false).name)},
      {kModel, "target", &O::target,
       "musdb: vocals, drums, bass, other or accompaniment; other data sets: a name for the target"},
      {kModel, "unidirectional", &O::unidirectional, "Use an LSTM that reads forward only"},
      {kModel, "nfft", &O::nfft, "STFT size in samples"},
      {kModel, "nhop", &O::nhop, "STFT hop in samples"},
      {kModel, "hidden-size", &O::hidden_size, "Width of the network's layers"},
      {kModel, "nb-layers", &O::nb_layers, "Number of LSTM layers"},
      {kModel, "dropout", &O::dropout, "Dropout rate between LSTM layers"},
      {kModel, "bandwidth", &O::bandwidth, "Highest frequency that the network reads, in Hz"},
      {kModel, "nb-channels", &O::nb_channels, "Audio channels: 1 or 2"},
      {kRun, "loss", &O::loss, "Name of a loss or a weighted sum, \"L2freq + 0.5*PSA\"; 'unmix info' lists them"},
      {kRun, "balance", &O::balance,
       "Balance a sum of losses: its weights become shares of the gradient (by moving averages of the norms)"},
      {kRun, "variant", &O::variant, "Formula as in the code of the study (code) or in its text (paper)"},
      {kRun, "output", &O::output, "Model directory to write"},
      {kRun, "overwrite", &O::overwrite, "Replace a model that the output directory already holds"},
      {kRun, "checkpoint", &O::checkpoint, "Model directory of a run to resume"},
      {kRun, "checkpoint-minutes", &O::checkpoint_minutes,
       "Also save the state within an epoch, every so many minutes; 0: only after each epoch"},
      {kRun, "model", &O::model, "Model directory whose weights the run starts from"},
      {kRun, "epochs", &O::epochs, "Total number of epochs, those before a resume included"},
      {kRun, "batch-size", &O::batch_size, "Samples per training step"},
      {kRun, "lr", &O::lr, "Learning rate; auto: the one that the study used for the loss"},
      {kRun, "patience", &O::patience, "Epochs without improvement after which training stops"},
      {kRun, "lr-decay-patience", &O::lr_decay_patience,
       "Epochs without improvement after which the learning rate decays"},
      {kRun, "lr-decay-gamma", &O::lr_decay_gamma, "Factor by which the learning rate decays"},
      {kRun, "weight-decay", &O::weight_decay, "Adam's L2 weight decay"},
      {kRun, "clip-gradient-norm", &O::clip_gradient_norm, "Clip the norm of the whole gradient to this value; 0: off"},
      {kRun, "precision", &O::precision, "Arithmetic of matrix products: fp32, tf32 (on CUDA) or bf16"},
      {kRun, "lstm-engine", &O::lstm_engine,
       "LSTM on CUDA: standard (cuDNN, step by step), persistent (cuDNN, one kernel for all steps), or auto: by the "
       "GPU and the sizes"},
      {kNetworks, "discriminator", &O::discriminator,
       fmt::format("{}: network of the discriminators, {}; default: {}", adversarial, discriminators,
                   discriminator_registry().front().name)},
      {kNetworks, "gan", &O::gan, fmt::format("{}: objective, lsgan or hinge; default: lsgan", adversarial)},
      {kNetworks, "feature-matching", &O::feature_matching,
       fmt::format("{}: weight of the distance between the discriminators' features; 0: off", adversarial)},
      {kNetworks, "spectral-norm", &O::spectral_norm,
       fmt::format("{}: normalise the discriminators' weights by their spectral norm", adversarial)},
      {kNetworks, "unpaired-mixtures", &O::unpaired_mixtures,
       fmt::format("{}: folder of mixtures without stems", adversarial)},
      {kNetworks, "unpaired-stems", &O::unpaired_stems,
       fmt::format("{}: folder with one folder of stems per target, without mixtures", adversarial)},
      {kNetworks, "vggish", &O::vggish, fmt::format("{}: weights of VGGish; default: random features", features)},
      {kNetworks, "vggish-frontend", &O::vggish_frontend,
       fmt::format("{}: input of VGGish, waveform (resampled to 16 kHz) or spectrogram (the network's own, cheaper); "
                   "default: waveform",
                   features)},
      {kRun, "seed", &O::seed, "Seed of the random number generators"},
  };
  return table;
}

void read_option(std::string_view text, Objective& value) { value = Objective(text); }
void read_option(std::string_view text, Variant& value) { value = choose("variant", text, variant_names); }
void read_option(std::string_view text, const ModelEntry*& value) { value = &find_model(text); }
void read_option(std::string_view text, Precision& value) { value = choose("precision", text, precision_names); }
void read_option(std::string_view text, LstmEngine& value) { value = choose("lstm-engine", text, lstm_engine_names); }
void read_option(std::string_view text, const DiscriminatorEntry*& value) { value = &find_discriminator(text); }
void read_option(std::string_view text, std::optional<Gan>& value) { value = choose("gan", text, gan_names); }
void read_option(std::string_view text, std::optional<VggishFrontend>& value) {
  value = choose("vggish-frontend", text, vggish_frontend_names);
}
void read_option(std::string_view text, LearningRate& value) {
  value.value = parse_number(std::string(text));
  if (!value.value && text != "auto")
    throw ArgumentError(fmt::format("lr {}: give a number above zero, or auto", text));
}

void read_option(const std::vector<std::string>& texts, std::optional<std::vector<Augmentation>>& value) {
  value.emplace();
  for (const std::string& text : texts) value->push_back(choose("source-augmentations", text, augmentation_names));
}

std::string option_text(const Objective& value) { return value.text(); }
std::string option_text(Variant value) { return std::string(name_of(value, variant_names)); }
std::string option_text(const ModelEntry* value) { return value == nullptr ? "" : std::string(value->name); }
std::string option_text(const LearningRate& value) { return value.value ? fmt::format("{}", *value.value) : "auto"; }
std::string option_text(Precision value) { return std::string(name_of(value, precision_names)); }
std::string option_text(LstmEngine value) { return std::string(name_of(value, lstm_engine_names)); }
std::string option_text(const DiscriminatorEntry* value) { return value == nullptr ? "" : std::string(value->name); }
std::string option_text(std::optional<Gan> value) { return value ? std::string(name_of(*value, gan_names)) : ""; }
std::string option_text(std::optional<VggishFrontend> value) {
  return value ? std::string(name_of(*value, vggish_frontend_names)) : "";
}

const TrainOption& find_train_option(std::string_view name) {
  for (const TrainOption& option : train_option_table())
    if (option.name == name) return option;
  fail("train", "there is no option --{}", name);
}

nlohmann::json to_json(const TrainOptions& options) {
  nlohmann::json json;
  for (const TrainOption& option : train_option_table()) {
    std::string key(option.name);
    std::replace(key.begin(), key.end(), '-', '_');
    std::visit([&, &value = json[key]](auto member) { value = value_json(options.*member); }, option.member);
  }
  json["target"] = options.joint() ? "" : to_utf8(options.model_name());
  json["source_augmentations"] = nlohmann::json::array();
  for (const Augmentation augmentation : options.augmentations())
    json["source_augmentations"].push_back(name_of(augmentation, augmentation_names));
  json["random_track_mix"] = options.mixes_tracks();
  json["architecture"] = options.model_entry().name;
  json["lr"] = options.learning_rate();
  json["discriminator"] = options.discriminator_entry().name;
  json["gan"] = option_text(std::optional(options.gan.value_or(Gan::lsgan)));
  json["vggish_frontend"] = option_text(std::optional(options.vggish_frontend.value_or(VggishFrontend::waveform)));
  json["device"] = name(options.device);
  return json;
}

}  // namespace unmix
