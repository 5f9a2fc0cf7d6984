# One static library per folder, and the rule by which a source file is compiled as CUDA.
set_property(GLOBAL PROPERTY unmix_libraries "")

# Sets `result` to the headers through which a file reaches tensor/launch.h, itself included ("autograd/pointwise.h"):
# what includes one of them is compiled by nvcc whenever CUDA is on, or one functor would come from two compilers.
function(unmix_kernel_headers result)
  file(GLOB headers RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/*/*.h)
  set(found tensor/launch.h)
  set(last 0)
  list(LENGTH found count)
  while(count GREATER last)
    set(last ${count})
    list(JOIN found "|" pattern)
    string(REPLACE "." "\\." pattern "${pattern}")
    foreach(header IN LISTS headers)
      file(STRINGS ${PROJECT_SOURCE_DIR}/${header} hit REGEX "^#include \"(${pattern})\"")
      if(hit)
        list(APPEND found ${header})
      endif()
    endforeach()
    list(REMOVE_DUPLICATES found)
    list(LENGTH found count)
  endwhile()
  list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
  set(${result} ${found} PARENT_SCOPE)
endfunction()

if(UNMIX_CUDA_ENABLED)
  unmix_kernel_headers(UNMIX_KERNEL_HEADERS)
  list(JOIN UNMIX_KERNEL_HEADERS "|" UNMIX_KERNEL_PATTERN)
  string(REPLACE "." "\\." UNMIX_KERNEL_PATTERN "^#include \"(${UNMIX_KERNEL_PATTERN})\"")
endif()

# Marks a file as CUDA: its language, or on the simulated device the header that stands in for the language.
function(unmix_mark_kernel_file source)
  file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${source})
  set_property(GLOBAL APPEND PROPERTY unmix_kernel_files ${name})
  if(UNMIX_CUDA_SIMULATED)
    set_source_files_properties(${source} PROPERTIES
      COMPILE_OPTIONS "-include;${PROJECT_SOURCE_DIR}/tests/cudasim/sim.h")
  else()
    set_source_files_properties(${source} PROPERTIES LANGUAGE CUDA)
  endif()
endfunction()

# Sets `result` to the .cpp files of `folder`: `*_cuda.cpp` only with CUDA, kernel files marked as CUDA then.
function(unmix_sources result folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  if(NOT UNMIX_CUDA_ENABLED)
    list(FILTER sources EXCLUDE REGEX "_cuda\\.cpp$")
  else()
    foreach(source IN LISTS sources)
      file(STRINGS ${source} hit REGEX "${UNMIX_KERNEL_PATTERN}")
      if(hit OR source MATCHES "_cuda\\.cpp$")
        unmix_mark_kernel_file(${source})
      endif()
    endforeach()
    # A file that gains or loses such an include changes its compiler.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
  endif()
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

# unmix_library(folder DEPENDS folders... PUBLIC targets... PRIVATE targets...): unmix::folder from folder/*.cpp. Its
# include path is a folder that holds nothing but a link to it, so that a library finds the headers of those it depends on
# and no others.
function(unmix_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;PUBLIC;PRIVATE")
  set(target unmix_${folder})
  set(headers ${PROJECT_BINARY_DIR}/include/${folder})
  file(MAKE_DIRECTORY ${headers})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${headers}/${folder} SYMBOLIC)
  unmix_sources(sources ${PROJECT_SOURCE_DIR}/${folder})
  add_library(${target} STATIC ${sources})
  add_library(unmix::${folder} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${folder})
  list(TRANSFORM arg_DEPENDS PREPEND unmix_)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  target_compile_features(${target} INTERFACE $<INSTALL_INTERFACE:cxx_std_20>)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${headers}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/unmix>)
  if(UNMIX_CUDA_ENABLED)
    target_compile_definitions(${target} PUBLIC UNMIX_CUDA=1 $<$<BOOL:${UNMIX_CUDA_SIMULATED}>:UNMIX_CUDA_SIM=1>)
  endif()
  set_property(GLOBAL APPEND PROPERTY unmix_libraries ${target})
endfunction()

# unmix::unmix: all of them.
function(unmix_umbrella)
  get_property(libraries GLOBAL PROPERTY unmix_libraries)
  add_library(unmix_all INTERFACE)
  add_library(unmix::unmix ALIAS unmix_all)
  set_target_properties(unmix_all PROPERTIES EXPORT_NAME unmix)
  target_link_libraries(unmix_all INTERFACE ${libraries})
endfunction()

# unmix_executable(target folders...): from the .cpp files of these folders of the calling one, linked by the C++ compiler
# whatever compiled them. It may include every header of the project.
function(unmix_executable target)
  set(all_sources "")
  foreach(folder IN LISTS ARGN)
    unmix_sources(sources ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
    list(APPEND all_sources ${sources})
  endforeach()
  add_executable(${target} ${all_sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE unmix::unmix)
  set_target_properties(${target} PROPERTIES
    LINKER_LANGUAGE CXX RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()
