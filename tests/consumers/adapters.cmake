# Builds a program for each adapter in ADAPTERS.
foreach(adapter IN LISTS ADAPTERS)
  find_package(sidecall 0.1 REQUIRED COMPONENTS ${adapter})
  add_executable(over_${adapter} "${CMAKE_CURRENT_LIST_DIR}/over_${adapter}.cpp")
  target_link_libraries(over_${adapter} PRIVATE sidecall::${adapter})
endforeach()
