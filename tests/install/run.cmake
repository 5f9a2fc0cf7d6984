# Installs the build into a fresh prefix, then configures, builds and runs a user's project that finds it there.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${failed}): ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${WORK_DIR}/prefix)
set(configure ${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${WORK_DIR}/build -G ${GENERATOR} -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_EXE_LINKER_FLAGS=${LINK_FLAGS})

# Control: without the prefix the package must not be found, or what follows proves nothing.
execute_process(COMMAND ${configure} -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF
  RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE error)
if(NOT failed OR NOT error MATCHES "unmix-config.cmake")
  message(FATAL_ERROR "find_package(unmix) did not fail as it should without the prefix:\n${error}")
endif()

file(REMOVE_RECURSE ${WORK_DIR}/build)
run(${configure} -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/user)
if(NOT output MATCHES "^\\[2, 3\\] sum 15\n$")
  message(FATAL_ERROR "the user's program printed:\n${output}")
endif()
file(REMOVE_RECURSE ${WORK_DIR})
