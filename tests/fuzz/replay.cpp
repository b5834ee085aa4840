// Runs a target on files without libFuzzer, so that the corpus can be run with every compiler. Runs it on each file
// unchanged, truncated at any length, with one byte removed, and with one bit flipped.
//
//     replay TARGET FILE-OR-FOLDER...

#include "fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace {

constexpr std::size_t most_changes = 300; // of each kind, spread over the file

std::size_t inputs = 0;

void run(fuzz::target const& target, std::string_view bytes, std::string described)
{
    fuzz::described = std::move(described);
    // On the heap and of exactly this size, so that a sanitizer sees an access beyond it.
    std::unique_ptr<char[]> const copy(new char[bytes.size()]);
    if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
    target.run({copy.get(), bytes.size()});
    ++inputs;
}

void run_file(fuzz::target const& target, std::filesystem::path const& path)
{
    std::ifstream file(path, std::ios::binary);
    std::string const bytes(std::istreambuf_iterator<char>(file), {});
    std::string const name = path.string();
    run(target, bytes, name);
    std::size_t const step = bytes.size() / most_changes + 1;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        std::string const where = std::to_string(at);
        run(target, bytes.substr(0, at), name + ": its first bytes, so many: " + where);
        run(target, bytes.substr(0, at) + bytes.substr(at + 1), name + ": without the byte at " + where);
        std::string turned = bytes;
        turned[at] = static_cast<char>(turned[at] ^ 1 << at % 8);
        run(target, turned, name + ": with a bit of the byte at " + where + " turned over");
    }
}

} // namespace

int main(int argc, char** argv)
{
    fuzz::target const* target = fuzz::target::first;
    while (target != nullptr && (argc < 2 || std::string_view(argv[1]) != target->name)) target = target->next;
    if (target == nullptr) {
        std::fprintf(stderr, "usage: replay TARGET FILE-OR-FOLDER...\n");
        return 2;
    }
    for (int i = 2; i != argc; ++i) {
        std::vector<std::filesystem::path> paths;
        if (!std::filesystem::exists(argv[i])) {
            std::fprintf(stderr, "replay: there is no %s\n", argv[i]);
            return 2;
        }
        if (!std::filesystem::is_directory(argv[i]))
            paths.emplace_back(argv[i]);
        else
            for (auto const& entry : std::filesystem::recursive_directory_iterator(argv[i]))
                if (entry.is_regular_file()) paths.push_back(entry.path());
        std::sort(paths.begin(), paths.end());
        for (auto const& path : paths) run_file(*target, path);
    }
    std::printf("%zu inputs\n", inputs);
    return inputs == 0 ? 1 : 0;
}
