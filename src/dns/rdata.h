// The data of records: wire form and text form, by one table of layouts per type. Types not in the table are
// opaque and read and written as RFC 3597 says (\# length hex).
#pragma once

#include "dns/resolver.h"
#include "dns/wire.h"

#include <string>
#include <string_view>

namespace dns {

// "a", "CAA", "TYPE257" -> the type.
base::Result<RecordType> record_type_from(std::string_view text);

// Reads `length` octets of record data and expands the names in them (RFC 3597 4: only those of the types of
// RFC 1035). Empty with a failed reader when they do not fit the type's layout.
base::Bytes read_data(Reader& reader, RecordType type, std::size_t length);

// Writes the data without its length; names in the types of RFC 1035 are compressed.
void write_data(Writer& writer, RecordType type, base::ByteView data);

// Whether data of this type has a form that is checked; the others are opaque.
bool has_layout(RecordType type);
// Whether write_data() would compress names in data of this type.
bool has_compressible_names(RecordType type);

// Presentation form: names in lower case without final dot, strings quoted, TXT "one" "two".
std::string data_text(RecordType type, base::ByteView data);

// The same as master files have it: names absolute, with a final dot and their own case.
std::string master_data(RecordType type, base::ByteView data);

// From the presentation form.
base::Result<base::Bytes> parse_data(RecordType type, std::string_view text);

// What checks compare: like data_text, but the strings of a TXT joined and bare.
std::string plain_text(RecordType type, base::ByteView data);

}  // namespace dns
