# An overlay port for vcpkg (--overlay-ports=adapters/packages/vcpkg). adapters/packages/release sets SHA512 after the tag,
# so the port of the main branch has it, and the one inside the tag has not. tests/vcpkg runs the port with vcpkg itself.
vcpkg_from_github(
  OUT_SOURCE_PATH SOURCE_PATH
  REPO OWNER/sidecall
  REF "v${VERSION}"
  SHA512 0
  HEAD_REF main)

set(VCPKG_BUILD_TYPE release) # there is nothing to build
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}/include")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/sidecall)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
