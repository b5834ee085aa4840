#include <sidecall/httplib.hpp>

#include <cstdio>

int main()
{
    sidecall::httplib_transport const transport;
    httplib::Client const client("localhost"); // must link with the library
    std::puts("ok");
}
