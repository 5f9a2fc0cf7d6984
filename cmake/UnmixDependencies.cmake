# What the library links. The installed package includes this file too, so that a user's project finds the same things.
# scripts/install-deps.sh installs all of it on Debian; docs/dependencies.md says what each is for.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(toml11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(FFTW3F REQUIRED IMPORTED_TARGET fftw3f)
pkg_check_modules(FFTW3 REQUIRED IMPORTED_TARGET fftw3)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil libswresample)
pkg_check_modules(RSVG REQUIRED IMPORTED_TARGET librsvg-2.0)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)

# Not by its own package file: Debian's asks for OpenCL, which the CPU primitives do not use.
if(NOT TARGET unmix_dnnl)
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl_version.h REQUIRED)
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  file(STRINGS ${DNNL_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h unmix_dnnl_version REGEX "define DNNL_VERSION_MAJOR")
  if(NOT unmix_dnnl_version MATCHES "MAJOR 2$")
    message(FATAL_ERROR "unmix uses the API of oneDNN 2; ${DNNL_INCLUDE_DIR} has another: ${unmix_dnnl_version}")
  endif()
  unset(unmix_dnnl_version)
  add_library(unmix_dnnl SHARED IMPORTED)
  set_target_properties(unmix_dnnl PROPERTIES
    IMPORTED_LOCATION ${DNNL_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR})
endif()

if(UNMIX_CUDA_ENABLED AND NOT UNMIX_CUDA_SIMULATED AND NOT TARGET unmix_cudnn)
  find_package(CUDAToolkit REQUIRED)
  find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS} REQUIRED)
  find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS ${CUDAToolkit_LIBRARY_DIR} REQUIRED)
  add_library(unmix_cudnn SHARED IMPORTED)
  set_target_properties(unmix_cudnn PROPERTIES
    IMPORTED_LOCATION ${CUDNN_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CUDNN_INCLUDE_DIR})
endif()
