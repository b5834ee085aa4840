#pragma once

#include <cstddef>
#include <string_view>

namespace sidecall {

/// The names of the optional members of a 201 response that were present but could not be read: they have another type,
/// or are not a valid SID or date. Twilio has already acted, so such a member does not cost you the `sid`: it is only
/// empty in the resource. A range of names such as `"date_created"`, always in the order `account_sid`, `call_sid`,
/// `date_created`, `uri`:
///
///     for (std::string_view name : subscription->unreadable) log(name);
///
/// One byte; does not allocate.
class unreadable_members {
    static constexpr std::string_view names[] = {"account_sid", "call_sid", "date_created", "uri"};
    static constexpr std::size_t count = sizeof names / sizeof *names;

public:
    /// A forward iterator over the names.
    class iterator {
    public:
        using value_type = std::string_view;    ///< A member's name.
        using difference_type = std::ptrdiff_t; ///< Required by `std::forward_iterator`.

        constexpr iterator() noexcept = default;

        /// The name; it lives as long as the program.
        constexpr std::string_view operator*() const noexcept { return names[index_]; }
        /// Moves to the next name.
        constexpr iterator& operator++() noexcept
        {
            ++index_;
            skip();
            return *this;
        }
        /// Moves to the next name and returns the old position.
        constexpr iterator operator++(int) noexcept
        {
            iterator const before = *this;
            ++*this;
            return before;
        }
        /// Whether both are at the same name; they must belong to the same range.
        friend constexpr bool operator==(iterator const&, iterator const&) = default;

    private:
        friend class unreadable_members;
        constexpr iterator(unsigned char bits, std::size_t index) noexcept : bits_(bits), index_(index) { skip(); }
        constexpr void skip() noexcept
        {
            while (index_ != count && (bits_ >> index_ & 1) == 0) ++index_;
        }

        unsigned char bits_ = 0;
        std::size_t index_ = 0;
    };

    constexpr iterator begin() const noexcept { return {bits_, 0}; }   ///< The first name.
    constexpr iterator end() const noexcept { return {bits_, count}; } ///< Past the last name.
    constexpr bool empty() const noexcept { return bits_ == 0; }       ///< Whether every member could be read.

    /// Whether the member with this name could not be read. Compares byte for byte.
    constexpr bool contains(std::string_view name) const noexcept
    {
        for (std::string_view member : *this)
            if (member == name) return true;
        return false;
    }

    /// Adds a member; for a `parse` that you write yourself. Ignores names other than the four above.
    constexpr void insert(std::string_view name) noexcept
    {
        for (std::size_t i = 0; i != count; ++i)
            if (names[i] == name) bits_ = static_cast<unsigned char>(bits_ | 1u << i);
    }

    /// Whether both contain the same names.
    friend constexpr bool operator==(unreadable_members const&, unreadable_members const&) = default;

private:
    unsigned char bits_ = 0;
};

} // namespace sidecall
