#include <sidecall/curl.hpp>

#include <cstdio>

int main()
{
    sidecall::curl_transport const transport; // must link with the library
    std::puts("ok");
}
