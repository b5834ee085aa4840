// Precompiled for the programs in this folder.
#include <chrono>
#include <ostream>
#include <vector>

#include <sidecall/http1.hpp>
#include <sidecall/json.hpp>
#include <sidecall/observer.hpp>
#include <sidecall/ordered.hpp>
#include <sidecall/paging.hpp>
#include <sidecall/sidecall.hpp>
