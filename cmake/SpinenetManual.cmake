# Manual pages and completion scripts, which the built program writes of its own command line whenever it was linked:
# below SPINENET_MANUAL_DIR they lie as an install has them below its share folder.
#
# As a script (cmake -DPROGRAM=... -DFOLDER=... -P SpinenetManual.cmake) it writes them.
if(CMAKE_SCRIPT_MODE_FILE)
  function(write_from_program file)
    execute_process(COMMAND ${PROGRAM} ${ARGN} OUTPUT_FILE ${FOLDER}/${file} COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  file(REMOVE_RECURSE ${FOLDER})
  file(MAKE_DIRECTORY ${FOLDER}/man/man1 ${FOLDER}/bash-completion/completions ${FOLDER}/zsh/site-functions
                      ${FOLDER}/fish/vendor_completions.d)
  write_from_program(bash-completion/completions/spinenet completion bash)
  write_from_program(zsh/site-functions/_spinenet completion zsh)
  write_from_program(fish/vendor_completions.d/spinenet.fish completion fish)
  write_from_program(man/man1/spinenet.1 man)
  execute_process(COMMAND ${PROGRAM} man --list OUTPUT_VARIABLE commands COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" commands "${commands}")
  foreach(command ${commands})
    string(REPLACE " " "-" page ${command})
    separate_arguments(words UNIX_COMMAND ${command})
    write_from_program(man/man1/spinenet-${page}.1 man ${words})
  endforeach()
  return()
endif()

set(SPINENET_MANUAL_DIR ${CMAKE_CURRENT_BINARY_DIR}/manual)
if(CMAKE_CROSSCOMPILING)
  message(STATUS "The program cannot be run here: no manual pages and no completion scripts")
  file(MAKE_DIRECTORY ${SPINENET_MANUAL_DIR})
else()
  add_custom_command(
    TARGET spinenet POST_BUILD COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:spinenet> -DFOLDER=${SPINENET_MANUAL_DIR}
                                       -P ${CMAKE_CURRENT_LIST_FILE})
endif()
