package vault

// Limits bound what an input may ask for. The zero value of a field means the
// default.
type Limits struct {
	Resource   int64 // bytes of one resource's JSON, attachments cut out: 16 MiB
	Depth      int   // nesting of JSON: 128
	Attachment int64 // bytes of one decoded attachment: 2 GiB
	Entries    int   // files in one folder or zip: 1,000,000
	Expanded   int64 // bytes a zip or gzip may unpack to: 256 GiB
	Ratio      int64 // unpacked to packed, above the first 16 MiB: 400
}

// CutAt is the length of base64 text from which a string is tried as a blob.
const CutAt = 64 << 10

// DefaultLimits are the limits in force when nothing else is said.
func DefaultLimits() Limits {
	return Limits{Resource: 16 << 20, Depth: 128, Attachment: 2 << 30, Entries: 1_000_000, Expanded: 256 << 30, Ratio: 400}
}
