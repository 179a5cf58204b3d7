package store

import _ "embed"

// dictionary1 is the zstd dictionary of packing 2, trained on synthetic
// patients only. Losing or changing it would lose every body packed with it;
// a better one becomes dictionary 2 under a new packing number.
//
//go:generate go run ./internal/mkdict dictionary1.zst
//go:embed dictionary1.zst
var dictionary1 []byte
