// The folder of a private CA.
#include "crypto/private_ca.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace crypto {

namespace {

namespace fs = std::filesystem;

constexpr int most_roots = 16;

base::Result<std::string> read_file(const fs::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        return base::fail(base::Errc::unavailable, fmt::format("cannot read {}", file.string()));
    }
    return text.str();
}

// Whole or not at all: a file of half a key would be worse than none.
base::Result<> write_file(const fs::path& file, std::string_view text, mode_t mode)
{
    const auto part = file.string() + ".part";
    ::unlink(part.c_str());
    const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    const bool written = descriptor >= 0 &&
                         ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(descriptor) == 0;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    if (!written || ::rename(part.c_str(), file.c_str()) != 0) {
        return base::fail(base::Errc::unavailable, fmt::format("cannot write {}", file.string()));
    }
    return {};
}

fs::path numbered(const fs::path& folder, std::string_view name, std::size_t number, std::string_view ending)
{
    return folder / fmt::format("{}-{}.{}", name, number, ending);
}

}  // namespace

base::Result<PrivateCa> PrivateCa::open(const fs::path& folder, const PrivateCaOptions& options)
{
    std::error_code failure;
    // The intermediate's key is written last: without it the folder holds no CA yet.
    if (fs::exists(folder / "intermediate.key", failure)) {
        return read(folder);
    }
    fs::create_directories(folder, failure);
    TRY(made, create(options));
    CHECKED(made.write(folder));
    return std::move(made);
}

// The intermediate's key first, then for each root its key, its certificate and the intermediate's.
std::string PrivateCa::to_secret() const
{
    auto text = key_.to_pem();
    for (std::size_t i = 0; i < roots_.size(); ++i) {
        text += roots_[i].key.to_pem() + roots_[i].pem + intermediates_[i];
    }
    return text;
}

base::Result<PrivateCa> PrivateCa::from_secret(std::string_view secret)
{
    constexpr std::string_view end = "-----END ";
    std::vector<std::string> blocks;
    while (true) {
        const auto last = secret.find(end);
        const auto line = last == secret.npos ? last : secret.find('\n', last);
        if (line == secret.npos) {
            break;
        }
        blocks.emplace_back(secret.substr(0, line + 1));
        secret.remove_prefix(line + 1);
    }
    constexpr std::size_t each = 3;
    if (blocks.size() < 1 + each || blocks.size() % each != 1) {
        return base::fail(base::Errc::invalid, "this is no private CA");
    }
    TRY(key, PrivateKey::from_pem(blocks.front()));
    std::vector<Root> roots;
    std::vector<std::string> intermediates;
    for (std::size_t at = 1; at < blocks.size(); at += each) {
        TRY(root_key, PrivateKey::from_pem(blocks[at]));
        roots.push_back({std::move(root_key), std::move(blocks[at + 1])});
        intermediates.push_back(std::move(blocks[at + 2]));
    }
    return PrivateCa(std::move(roots), std::move(key), std::move(intermediates));
}

base::Result<PrivateCa> PrivateCa::read(const fs::path& folder)
{
    std::vector<Root> roots;
    std::vector<std::string> intermediates;
    std::error_code failure;
    for (std::size_t i = 0; i < most_roots && fs::exists(numbered(folder, "root", i, "pem"), failure); ++i) {
        TRY(key_text, read_file(numbered(folder, "root", i, "key")));
        TRY(key, PrivateKey::from_pem(key_text));
        TRY(root, read_file(numbered(folder, "root", i, "pem")));
        TRY(intermediate, read_file(numbered(folder, "intermediate", i, "pem")));
        roots.push_back({std::move(key), std::move(root)});
        intermediates.push_back(std::move(intermediate));
    }
    TRY(key_text, read_file(folder / "intermediate.key"));
    TRY(key, PrivateKey::from_pem(key_text));
    if (roots.empty()) {
        return base::fail(base::Errc::invalid, fmt::format("{} holds no root-0.pem", folder.string()));
    }
    return PrivateCa(std::move(roots), std::move(key), std::move(intermediates));
}

base::Result<> PrivateCa::write(const fs::path& folder) const
{
    constexpr mode_t secret = S_IRUSR | S_IWUSR;
    constexpr mode_t open_to_all = secret | S_IRGRP | S_IROTH;
    for (std::size_t i = 0; i < roots_.size(); ++i) {
        CHECKED(write_file(numbered(folder, "root", i, "key"), roots_[i].key.to_pem(), secret));
        CHECKED(write_file(numbered(folder, "root", i, "pem"), roots_[i].pem, open_to_all));
        CHECKED(write_file(numbered(folder, "intermediate", i, "pem"), intermediates_[i], open_to_all));
    }
    return write_file(folder / "intermediate.key", key_.to_pem(), secret);
}

}  // namespace crypto
