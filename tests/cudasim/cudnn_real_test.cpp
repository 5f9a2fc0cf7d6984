// The stand-in of cuDNN beside cuDNN itself, where a copy is installed: the calls that set descriptors run without a
// GPU. For any argument the stand-in must answer as cuDNN does, or say that it has no stand-in for what cuDNN takes.
#include <cudnn.h>
#include <dlfcn.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "tests/cudasim/library_helpers.h"

namespace cudasim {
namespace {

void* open_cudnn() {
  std::vector<std::string> places = {"", "/usr/local/cuda/lib/", "/usr/local/cuda/lib64/"};
  if (const char* home = std::getenv("HOME")) places.push_back(fmt::format("{}/.cache/unmix/cuda/lib/", home));
  for (const std::string& place : places) {
    // Deep binding: its own calls go to its own libraries, not to the stand-ins in this program.
    if (void* library = dlopen((place + "libcudnn.so.9").c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND))
      return library;
  }
  return nullptr;
}

// A descriptor of cuDNN and one of the stand-in.
template <class T>
class Twins {
 public:
  using Create = cudnnStatus_t(T*);
  using Destroy = cudnnStatus_t(T);
  Twins(Create* create_real, Destroy* destroy_real, Create* create, Destroy* destroy)
      : destroy_real_(destroy_real), destroy_(destroy) {
    create_real(&real);
    create(&simulated);
  }
  ~Twins() {
    destroy_real_(real);
    destroy_(simulated);
  }
  Twins(const Twins&) = delete;
  Twins& operator=(const Twins&) = delete;

  T real = nullptr, simulated = nullptr;

 private:
  Destroy *destroy_real_, *destroy_;
};

class BesideCudnn : public testing::Test {
 protected:
  void SetUp() override {
    if (library() == nullptr) GTEST_SKIP() << "no libcudnn.so.9 is installed";
  }

  static void* library() {
    static void* const opened = open_cudnn();
    return opened;
  }

  template <class Function>
  static Function* real(Function*, const char* name) {
    auto* found = reinterpret_cast<Function*>(dlsym(library(), name));
    EXPECT_NE(found, nullptr) << name;
    return found;
  }
#define REAL(function) real(&function, #function)
#define TWINS(kind) \
  Twins<cudnn##kind##_t>(REAL(cudnnCreate##kind), REAL(cudnnDestroy##kind), &cudnnCreate##kind, &cudnnDestroy##kind)

  // `arguments` describes the call.
  static void compare(cudnnStatus_t real, cudnnStatus_t simulated, const std::string& arguments) {
    std::array<char, 512> reason{};
    if (simulated != CUDNN_STATUS_SUCCESS) cudnnGetLastErrorString(reason.data(), reason.size());
    const bool left_out = simulated == CUDNN_STATUS_NOT_SUPPORTED &&
                          std::string_view(reason.data()).find("no stand-in") != std::string::npos;
    EXPECT_TRUE(real == simulated || (left_out && real == CUDNN_STATUS_SUCCESS))
        << arguments << ": cuDNN answers " << real << ", the stand-in " << simulated << " (" << reason.data() << ")";
    ++compared_;
    accepted_ += simulated == CUDNN_STATUS_SUCCESS;
  }

  // Every value of every two arguments together, the others being the first of theirs: calls visit(arguments).
  template <class Visit>
  static void every_two(const std::vector<std::vector<int>>& values, const Visit& visit) {
    std::vector<int> chosen;
    for (const auto& v : values) chosen.push_back(v[0]);
    for (size_t a = 0; a < values.size(); ++a)
      for (size_t b = a + 1; b < values.size(); ++b)
        for (const int first : values[a])
          for (const int second : values[b]) {
            std::vector<int> arguments = chosen;
            arguments[a] = first;
            arguments[b] = second;
            visit(arguments);
          }
  }

  static inline int compared_ = 0, accepted_ = 0;
};

TEST_F(BesideCudnn, RnnDescriptor) {
  const auto rnn = TWINS(RNNDescriptor);
  const auto dropout = TWINS(DropoutDescriptor);
  cudnnHandle_t handle = nullptr;
  cudnnCreate(&handle);
  cudnnSetDropoutDescriptor(dropout.simulated, handle, 0.0f, nullptr, 0, 0);
  const auto set = [](auto* function, auto* descriptor, auto* drop, const std::vector<int>& a) {
    return function(descriptor, static_cast<cudnnRNNAlgo_t>(a[0]), static_cast<cudnnRNNMode_t>(a[1]),
                    static_cast<cudnnRNNBiasMode_t>(a[2]), static_cast<cudnnDirectionMode_t>(a[3]),
                    static_cast<cudnnRNNInputMode_t>(a[4]), static_cast<cudnnDataType_t>(a[5]),
                    static_cast<cudnnDataType_t>(a[6]), static_cast<cudnnMathType_t>(a[7]), a[8], a[9], a[10], a[11],
                    drop, static_cast<uint32_t>(a[12]));
  };
  accepted_ = 0;
  for (const int algorithm : {CUDNN_RNN_ALGO_STANDARD, CUDNN_RNN_ALGO_PERSIST_STATIC})
    for (const int hidden : {3, 256, 512}) {
      const std::vector<std::vector<int>> values = {{algorithm},
                                                    {CUDNN_LSTM, CUDNN_RNN_RELU, CUDNN_RNN_TANH, CUDNN_GRU},
                                                    {CUDNN_RNN_DOUBLE_BIAS, 0, 1, 3},
                                                    {CUDNN_BIDIRECTIONAL, CUDNN_UNIDIRECTIONAL, 2},
                                                    {CUDNN_LINEAR_INPUT, CUDNN_SKIP_INPUT},
                                                    {CUDNN_DATA_FLOAT, CUDNN_DATA_DOUBLE, CUDNN_DATA_HALF},
                                                    {CUDNN_DATA_FLOAT, CUDNN_DATA_DOUBLE, CUDNN_DATA_HALF},
                                                    {CUDNN_FMA_MATH, CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH},
                                                    {512, 1, 0, -1},
                                                    {hidden, 0, -1},
                                                    {hidden, 1, 0, -1, hidden + 1},
                                                    {1, 2, 0, -1},
                                                    {CUDNN_RNN_PADDED_IO_DISABLED, CUDNN_RNN_PADDED_IO_ENABLED, 2}};
      every_two(values, [&](const std::vector<int>& a) {
        compare(set(REAL(cudnnSetRNNDescriptor_v8), rnn.real, dropout.real, a),
                set(&cudnnSetRNNDescriptor_v8, rnn.simulated, dropout.simulated, a),
                fmt::format("{}", fmt::join(a, ", ")));
      });
    }
  EXPECT_GT(accepted_, 100);
  cudnnDestroy(handle);
}

TEST_F(BesideCudnn, RnnDataDescriptor) {
  const auto data = TWINS(RNNDataDescriptor);
  // Lengths, by their number in the arguments.
  const std::vector<std::vector<int>> lengths = {{4, 4, 4}, {4, 3, 1}, {1, 3, 4}, {4, 0, 0}, {5, 1, 1}, {4, -1, 1}};
  const auto set = [&](auto* function, auto* descriptor, const std::vector<int>& a) {
    return function(descriptor, static_cast<cudnnDataType_t>(a[0]), static_cast<cudnnRNNDataLayout_t>(a[1]), a[2], a[3],
                    a[4], a[5] < 0 ? nullptr : lengths[static_cast<size_t>(a[5])].data(), nullptr);
  };
  accepted_ = 0;
  const std::vector<std::vector<int>> values = {
      {CUDNN_DATA_FLOAT, CUDNN_DATA_HALF, CUDNN_DATA_DOUBLE},
      {CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED,
       CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED},
      {4, 5, 65535, 65536, 3, 0, -1},
      {3, 2, 1, 0, -1},
      {512, 1, 0, -1},
      {0, 1, 2, 3, 4, 5, -1}};
  every_two(values, [&](const std::vector<int>& a) {
    compare(set(REAL(cudnnSetRNNDataDescriptor), data.real, a), set(&cudnnSetRNNDataDescriptor, data.simulated, a),
            fmt::format("{}", fmt::join(a, ", ")));
  });
  EXPECT_GT(accepted_, 20);
}

TEST_F(BesideCudnn, TensorAndFilterDescriptors) {
  const auto tensor = TWINS(TensorDescriptor);
  const auto filter = TWINS(FilterDescriptor);
  const auto set_tensor = [](auto* function, auto* descriptor, const std::vector<int>& a) {
    return function(descriptor, static_cast<cudnnTensorFormat_t>(a[0]), static_cast<cudnnDataType_t>(a[1]), a[2], a[3],
                    a[4], a[5]);
  };
  const auto set_filter = [](auto* function, auto* descriptor, const std::vector<int>& a) {
    return function(descriptor, static_cast<cudnnDataType_t>(a[1]), static_cast<cudnnTensorFormat_t>(a[0]), a[2], a[3],
                    a[4], a[5]);
  };
  const auto set_nd = [](auto* function, auto* descriptor, const std::vector<int>& a) {
    const std::array<int, 9> dims = {a[1], a[2], 4, 3, 2, 2, 2, 2, 2}, strides = {a[3], a[4], 1, 1, 1, 1, 1, 1, 1};
    return function(descriptor, static_cast<cudnnDataType_t>(a[5]), a[0], dims.data(), strides.data());
  };
  const std::vector<int> types = {CUDNN_DATA_FLOAT, CUDNN_DATA_HALF, CUDNN_DATA_DOUBLE}, sizes = {2, 1, 0, -1};
  accepted_ = 0;
  every_two({{CUDNN_TENSOR_NCHW, CUDNN_TENSOR_NHWC}, types, sizes, sizes, sizes, sizes},
            [&](const std::vector<int>& a) {
              const std::string arguments = fmt::format("{}", fmt::join(a, ", "));
              compare(set_tensor(REAL(cudnnSetTensor4dDescriptor), tensor.real, a),
                      set_tensor(&cudnnSetTensor4dDescriptor, tensor.simulated, a), "tensor " + arguments);
              compare(set_filter(REAL(cudnnSetFilter4dDescriptor), filter.real, a),
                      set_filter(&cudnnSetFilter4dDescriptor, filter.simulated, a), "filter " + arguments);
            });
  every_two({{3, 4, 5, 8, 9, 2, 1, 0}, sizes, sizes, {24, 8, 1, 0, -1}, {8, 1, 0, -1}, types},
            [&](const std::vector<int>& a) {
              compare(set_nd(REAL(cudnnSetTensorNdDescriptor), tensor.real, a),
                      set_nd(&cudnnSetTensorNdDescriptor, tensor.simulated, a),
                      fmt::format("nd {}", fmt::join(a, ", ")));
            });
  EXPECT_GT(accepted_, 40);
}

TEST_F(BesideCudnn, ConvolutionDescriptor) {
  const auto convolution = TWINS(ConvolutionDescriptor);
  const auto set = [](auto* function, auto* descriptor, const std::vector<int>& a) {
    return function(descriptor, a[0], a[1], a[2], a[3], a[4], a[5], static_cast<cudnnConvolutionMode_t>(a[6]),
                    static_cast<cudnnDataType_t>(a[7]));
  };
  const std::vector<int> padding = {0, 1, -1}, steps = {1, 2, 0, -1};
  accepted_ = 0;
  every_two({padding,
             padding,
             steps,
             steps,
             steps,
             steps,
             {CUDNN_CROSS_CORRELATION, CUDNN_CONVOLUTION},
             {CUDNN_DATA_FLOAT, CUDNN_DATA_HALF, CUDNN_DATA_DOUBLE}},
            [&](const std::vector<int>& a) {
              compare(set(REAL(cudnnSetConvolution2dDescriptor), convolution.real, a),
                      set(&cudnnSetConvolution2dDescriptor, convolution.simulated, a),
                      fmt::format("{}", fmt::join(a, ", ")));
            });
  for (const auto math : {CUDNN_FMA_MATH, CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH})
    compare(REAL(cudnnSetConvolutionMathType)(convolution.real, math),
            cudnnSetConvolutionMathType(convolution.simulated, math), fmt::format("math {}", static_cast<int>(math)));
  EXPECT_GT(accepted_, 40);
}

}  // namespace
}  // namespace cudasim
