#include "tensor/library_versions.h"

#include <fftw3.h>
#include <oneapi/dnnl/dnnl.h>
#ifdef UNMIX_CUDA
#include <cublas_v2.h>
#include <cudnn_version.h>
#include <cufft.h>
#endif

namespace unmix {

std::vector<LibraryVersion> tensor_library_versions() {
  const dnnl_version_t& dnnl = *dnnl_version();
  std::vector<LibraryVersion> list{{"oneDNN", dotted(dnnl.major, dnnl.minor, dnnl.patch)}, {"FFTW", fftwf_version}};
#ifdef UNMIX_CUDA
  list.push_back({"CUDA", fmt::format("{}.{}", CUDART_VERSION / 1000, CUDART_VERSION / 10 % 100)});
  list.push_back({"cuBLAS", dotted(CUBLAS_VER_MAJOR, CUBLAS_VER_MINOR, CUBLAS_VER_PATCH)});
  list.push_back({"cuFFT", dotted(CUFFT_VER_MAJOR, CUFFT_VER_MINOR, CUFFT_VER_PATCH)});
  list.push_back({"cuDNN", dotted(CUDNN_MAJOR, CUDNN_MINOR, CUDNN_PATCHLEVEL)});
#endif
  return list;
}

}  // namespace unmix
