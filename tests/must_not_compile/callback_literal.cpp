// A callback literal whose host has an underscore does not compile, and the message says so.
// expect: this_literal_is_not_a_valid_callback_url
#include <sidecall/callback_url.hpp>
using namespace sidecall::literals;
#ifdef MISTAKE
inline constexpr auto callback = "https://my_host.example.com/udm"_callback_url;
#else
inline constexpr auto callback = "https://my-host.example.com/udm"_callback_url;
#endif
