#include <sidecall/curl_multi.hpp>

#include <cstdio>

int main()
{
    sidecall::curl_multi_transport transport; // must link with the library
    transport.poll();
    std::puts("ok");
}
