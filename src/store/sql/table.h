// Table: the usual statements over a list of columns, so that each aggregate names its columns once. Internal
// to store/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sql {

// "$3, $4, $5" from 3 on.
std::string places(std::size_t first, std::size_t count);

class Table {
public:
    // The first column is the primary key.
    Table(std::string_view name, std::vector<std::string_view> columns);

    const std::string& columns() const { return columns_; }  // "id, name, ..."
    const std::string& select() const { return select_; }    // "SELECT id, name, ... FROM table"
    // Does nothing when the row exists; returns the key when it was written.
    const std::string& insert() const { return insert_; }
    // $1 is the key; returns it when the row exists.
    const std::string& update() const { return update_; }
    const std::string& upsert() const { return upsert_; }
    // select() WHERE key = $1
    const std::string& get() const { return get_; }

private:
    std::string columns_;
    std::string select_;
    std::string insert_;
    std::string update_;
    std::string upsert_;
    std::string get_;
};

}  // namespace sql
