#pragma once

namespace soak_test {

/// The soak; see tests/soak.
int main(int argc, char** argv);

/// The process under test, which the soak starts.
int application_main(int argc, char** argv);

} // namespace soak_test
