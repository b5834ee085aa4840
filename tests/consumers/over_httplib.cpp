#include <sidecall/httplib.hpp>

#include <cstdio>

int main()
{
    sidecall::httplib_transport const transport;
    httplib::Client const client("localhost"); // which needs the library
    std::puts("ok");
}
