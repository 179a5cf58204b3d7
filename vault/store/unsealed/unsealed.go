// Package unsealed holds the permission to open a database without encryption,
// which store asks for where no encrypting VFS is named.
//
// It exists so that a benchmark can put the encrypted store beside the same code
// on plain files. No program that keeps records may import it; the house's
// policy test says who may.
package unsealed

// Permit is the permission. The zero value is none, and no other package can
// make one that is.
type Permit struct{ given bool }

// ForMeasuring gives the permission, for synthetic records only.
func ForMeasuring() Permit { return Permit{given: true} }

// Given reports whether p is a permission.
func (p Permit) Given() bool { return p.given }
