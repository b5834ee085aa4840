#pragma once

namespace chaos_test {

/// The test of retries; see tests/chaos.
int main(int argc, char** argv);

} // namespace chaos_test
