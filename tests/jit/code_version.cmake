# The version that keys hold follows the contents of every source, and nothing else.
function(version_of result first second)
  file(WRITE ${WORK}/first.c "${first}")
  file(WRITE ${WORK}/second.c "${second}")
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DSOURCES=${WORK}/first.c;${WORK}/second.c" -DOUT=${WORK}/out.h -P ${SCRIPT}
    COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${WORK}/out.h text)
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

version_of(base "one" "two")
version_of(again "one" "two")
version_of(changed "one" "Two")
version_of(moved "onet" "wo")
if(NOT base MATCHES "^#define CODE_VERSION UINT64_C\\(0x[0-9a-f]*\\)\n$" OR NOT base STREQUAL again)
  message(FATAL_ERROR "not a version, or not the same one for the same sources: ${base}${again}")
endif()
if(base STREQUAL changed OR base STREQUAL moved)
  message(FATAL_ERROR "one version for different sources: ${base}${changed}${moved}")
endif()
