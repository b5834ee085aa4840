#include <sidecall/curl.hpp>

#include <cstdio>

int main()
{
    sidecall::curl_transport const transport; // which needs the library
    std::puts("ok");
}
