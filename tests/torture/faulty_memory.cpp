#include "faulty_memory.hpp"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace faulty_memory {
namespace {

thread_local plan current;

bool is_counted(source who) noexcept
{
    return (current.sources & who) != 0;
}

bool fails(source who) noexcept
{
    if (!is_counted(who)) return false;
    std::uint64_t const number = ++current.count;
    if (current.first_failing == 0) return false;
    return current.goes_on ? number >= current.first_failing : number == current.first_failing;
}

/// The blocks that were allocated in trials. A hash table with open addressing in static memory, since it must not
/// allocate.
class block_table {
public:
    void add(void* block) noexcept
    {
        lock const guard(busy_);
        std::size_t at = place(block);
        while (blocks_[at] && blocks_[at] != gone()) at = (at + 1) % size;
        blocks_[at] = block;
        if (++live_ > size / 2) std::abort(); // too small for this test
    }
    bool remove(void* block) noexcept
    {
        lock const guard(busy_);
        if (live_ == 0) return false;
        for (std::size_t at = place(block), tried = 0; blocks_[at] && tried != size; at = (at + 1) % size, ++tried) {
            if (blocks_[at] != block) continue;
            blocks_[at] = gone();
            if (--live_ == 0) std::memset(blocks_, 0, sizeof blocks_);
            return true;
        }
        return false;
    }
    std::size_t live() noexcept
    {
        lock const guard(busy_);
        return live_;
    }

private:
    static constexpr std::size_t size = 4096;

    class lock {
    public:
        explicit lock(std::atomic_flag& flag) noexcept : flag_(flag)
        {
            while (flag_.test_and_set(std::memory_order_acquire)) {
            }
        }
        lock(lock const&) = delete;
        lock& operator=(lock const&) = delete;
        ~lock() { flag_.clear(std::memory_order_release); }

    private:
        std::atomic_flag& flag_;
    };

    static void* gone() noexcept { return reinterpret_cast<void*>(1); }
    static std::size_t place(void* block) noexcept { return reinterpret_cast<std::uintptr_t>(block) / 16 % size; }

    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    std::size_t live_ = 0;
    void* blocks_[size]{};
};
constinit block_table blocks;

void* take(source who, std::size_t bytes, std::size_t alignment = 0) noexcept
{
    if (fails(who)) return nullptr;
    if (bytes == 0) bytes = 1;
    void* block = nullptr;
    if (alignment == 0)
        block = std::malloc(bytes);
    else if (::posix_memalign(&block, alignment, bytes) != 0)
        return nullptr;
    if (block && is_counted(who) && who != openssl) blocks.add(block);
    return block;
}

void give_back(void* block) noexcept
{
    if (!block) return;
    blocks.remove(block);
    std::free(block);
}

void* take_again(source who, void* block, std::size_t bytes) noexcept
{
    if (!block) return take(who, bytes);
    if (fails(who)) return nullptr;
    bool const was_noted = blocks.remove(block); // before another thread can get the same block
    void* const moved = std::realloc(block, bytes == 0 ? 1 : bytes);
    if (!moved) std::abort(); // really out of memory
    if (was_noted || (is_counted(who) && who != openssl)) blocks.add(moved);
    return moved;
}

void* curl_take(std::size_t bytes)
{
    return take(libcurl, bytes);
}
void* curl_take_zeros(std::size_t count, std::size_t bytes)
{
    void* const block = take(libcurl, count * bytes);
    if (block) std::memset(block, 0, count * bytes);
    return block;
}
void* curl_take_again(void* block, std::size_t bytes)
{
    return take_again(libcurl, block, bytes);
}
char* curl_copy(char const* text)
{
    std::size_t const size = std::strlen(text) + 1;
    void* const block = take(libcurl, size);
    return static_cast<char*>(block ? std::memcpy(block, text, size) : nullptr);
}

void* openssl_take(std::size_t bytes, char const*, int)
{
    return bytes == 0 ? nullptr : take(openssl, bytes);
}
void* openssl_take_again(void* block, std::size_t bytes, char const*, int)
{
    if (bytes != 0) return take_again(openssl, block, bytes);
    give_back(block);
    return nullptr;
}
void openssl_give_back(void* block, char const*, int)
{
    give_back(block);
}

bool const openssl_is_here = CRYPTO_set_mem_functions(&openssl_take, &openssl_take_again, &openssl_give_back) == 1;
bool const libcurl_is_here = curl_global_init_mem(CURL_GLOBAL_DEFAULT, &curl_take, &give_back, &curl_take_again,
                                                  &curl_copy, &curl_take_zeros) == CURLE_OK;

void* take_or_throw(std::size_t bytes, std::size_t alignment = 0)
{
    void* const block = take(cpp, bytes, alignment);
    if (!block) throw std::bad_alloc();
    return block;
}

} // namespace

trial::trial(plan const& wanted) noexcept
{
    current = wanted;
}
trial::~trial()
{
    current = {};
}
std::uint64_t trial::count() noexcept
{
    return current.count;
}

pause::pause() noexcept : sources_(current.sources)
{
    current.sources = 0;
}
pause::~pause()
{
    current.sources = sources_;
}

std::size_t live() noexcept
{
    return blocks.live();
}

bool has_libcurl() noexcept
{
    return libcurl_is_here;
}
bool has_openssl() noexcept
{
    return openssl_is_here;
}

} // namespace faulty_memory

// NOLINTBEGIN(misc-new-delete-overloads): all of them are here.
void* operator new(std::size_t bytes)
{
    return faulty_memory::take_or_throw(bytes);
}
void* operator new[](std::size_t bytes)
{
    return faulty_memory::take_or_throw(bytes);
}
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept
{
    return faulty_memory::take(faulty_memory::cpp, bytes);
}
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept
{
    return faulty_memory::take(faulty_memory::cpp, bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment)
{
    return faulty_memory::take_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment)
{
    return faulty_memory::take_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, std::nothrow_t const&) noexcept
{
    return faulty_memory::take(faulty_memory::cpp, bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, std::nothrow_t const&) noexcept
{
    return faulty_memory::take(faulty_memory::cpp, bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete[](void* block) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete(void* block, std::size_t) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete[](void* block, std::size_t) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete(void* block, std::nothrow_t const&) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete[](void* block, std::nothrow_t const&) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete(void* block, std::align_val_t) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete[](void* block, std::align_val_t) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete(void* block, std::align_val_t, std::nothrow_t const&) noexcept
{
    faulty_memory::give_back(block);
}
void operator delete[](void* block, std::align_val_t, std::nothrow_t const&) noexcept
{
    faulty_memory::give_back(block);
}
// NOLINTEND(misc-new-delete-overloads)
