# An overlay port for vcpkg (--overlay-ports=adapters/packages/vcpkg). adapters/packages/release sets SHA512 after the
# tag: use the port of the main branch, because the one inside the tag has no hash. tests/vcpkg runs it with vcpkg.
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
