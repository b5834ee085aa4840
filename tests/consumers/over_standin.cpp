// Not standin.hpp itself, which takes long to compile: what it needs from the libraries.
#include <sidecall/standin_types.hpp>

#include <nlohmann/json_fwd.hpp>
#include <openssl/evp.h>

#include <cstdio>

int main()
{
    sidecall::standin_options const options;
    if (!options.auth_token.empty() && EVP_sha256() != nullptr) std::puts("ok"); // must link with the library
}
