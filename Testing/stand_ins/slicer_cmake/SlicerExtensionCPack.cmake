# Slicer packs what `install()` was told; here `cmake --install` shows it.
message(STATUS "EXTENSION_NAME=${PROJECT_NAME}")
