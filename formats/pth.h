// PyTorch's .pth files, read without Python and without running anything (formats/pickle.h). Two formats: since 1.6 a
// zip archive (<name>/data.pkl: the object; <name>/data/<key>: its storages), before that a stream: the pickles of a
// magic number, a version, the writer's system, the object and the storages' keys, then per key an int64 count and the
// values.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "formats/safetensors.h"

namespace unmix {

// The tensors of a state dict (text keys, tensors or Parameters of any strides; other entries are ignored), or of the
// one under the key "state_dict" where the file is a checkpoint of a training. All number types become float32. Throws
// one line for everything else; no more values are made than the file has bytes.
TensorFile read_pth(const std::filesystem::path& path);

// The same of a file's bytes; `file` names it in messages.
TensorFile parse_pth(std::string_view bytes, const std::string& file);

// Whether a file that begins with these bytes (9 or more) is meant to be a .pth: a zip archive or a pickle.
bool looks_like_pth(std::string_view first_bytes);

// Atomic, from any device: an OrderedDict of float32 tensors in a zip archive, which torch.load reads with
// weights_only=True. Scalars named *.num_batches_tracked become int64. Metadata has no place there.
void write_pth(const std::filesystem::path& path, const TensorFile& file);

}  // namespace unmix
