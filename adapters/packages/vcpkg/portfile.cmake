# A port for vcpkg, to be used as an overlay (--overlay-ports=adapters/packages/vcpkg). OWNER, and SHA512, which vcpkg prints, are
# to be filled in with a release. vcpkg itself was never run on it: the tests run these lines with stand-ins for its functions.
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
