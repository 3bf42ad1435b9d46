# Slicer refuses an extension whose meta-information is not complete; so does this, and shows it to the tests.
foreach(name IN ITEMS HOMEPAGE CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  if("${EXTENSION_${name}}" STREQUAL "")
    message(FATAL_ERROR "EXTENSION_${name} is not set")
  endif()
  message(STATUS "EXTENSION_${name}=${EXTENSION_${name}}")
endforeach()
