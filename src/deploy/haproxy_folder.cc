#include "deploy/haproxy_folder.h"

#include "base/secret_file.h"
#include "deploy/haproxy_target.h"

#include <fmt/format.h>

#include <system_error>

namespace deploy {

base::Result<> HaproxyFolder::prepare()
{
    std::error_code failure;
    std::filesystem::create_directories(folder_, failure);
    if (failure) {
        return base::fail(base::Error(base::Errc::unavailable,
                                      fmt::format("cannot make {}: {}", folder_, failure.message()))
                              .with_code("deploy_folder")
                              .with_fix("Make it, and let the user of `certwright deploy` write there."));
    }
    const auto list = haproxy_list(folder_);
    return std::filesystem::exists(list) ? base::Result<>() : base::write_secret_file(list, "", 0644);
}

base::Task<> HaproxyFolder::begin_all()
{
    files_.clear();
    of_endpoint_.clear();
    gathering_ = true;
    list_stale_ = true;
    co_return prepare();
}

base::Task<> HaproxyFolder::put(Items items)
{
    auto work = [this, items] { return write(items); };
    co_return co_await base::blocking(pool_, std::move(work));
}

base::Task<> HaproxyFolder::end_all()
{
    gathering_ = false;
    auto work = [this]() -> base::Result<> {
        CHECKED(write_list());
        return remove_others();
    };
    co_return co_await base::blocking(pool_, std::move(work));
}

// New files, then the list that names them, then the end of the old ones: a start in between finds all it
// needs.
base::Result<> HaproxyFolder::write(const Items& items)
{
    std::set<std::string> gone;
    for (const auto& item : *items) {
        const auto before = of_endpoint_[item.endpoint];
        CHECKED(write_item(item));
        for (const auto& file : before) {
            if (!of_endpoint_[item.endpoint].contains(file)) {
                files_.erase(file);
                gone.insert(file);
                list_stale_ = true;
            }
        }
    }
    if (!gathering_ && list_stale_) {
        CHECKED(write_list());
    }
    for (const auto& file : gone) {
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
    }
    return {};
}

base::Result<> HaproxyFolder::write_item(const Item& item)
{
    std::set<std::string> wanted;
    for (const auto& bundle : item.bundles) {
        const auto file = haproxy_file(folder_, item, bundle);
        const auto line = haproxy_line(file, bundle);
        auto& known = files_[file];
        if (known.certificate != bundle.certificate) {
            CHECKED(base::write_secret_file(file, bundle.combined()));
            known.certificate = bundle.certificate;
        }
        list_stale_ = list_stale_ || known.line != line;
        known.line = line;
        wanted.insert(file);
    }
    of_endpoint_[item.endpoint] = std::move(wanted);
    return {};
}

base::Result<> HaproxyFolder::write_list()
{
    std::string text;
    for (const auto& [file, entry] : files_) {
        text += entry.line + '\n';
    }
    CHECKED(base::write_secret_file(haproxy_list(folder_), text, 0644));
    list_stale_ = false;
    return {};
}

base::Result<> HaproxyFolder::remove_others()
{
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, failure)) {
        if (entry.path().extension() == ".pem" && !files_.contains(entry.path().string())) {
            std::filesystem::remove(entry.path(), failure);
        }
    }
    return {};
}

}  // namespace deploy
