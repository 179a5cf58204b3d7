package fhir

import (
	"net/url"
	"strings"
)

// ReferenceKind says how a reference names what it means.
type ReferenceKind uint8

const (
	NoTarget    ReferenceKind = iota // empty: only a display or an identifier stands there
	Relative                         // Type/id, also with /_history/version
	Absolute                         // a URL; Type and ID are those at its end, if they are
	URN                              // urn:uuid: or urn:oid:
	Fragment                         // #id; ID is "" for "#", the resource itself
	Conditional                      // Type?identifier=system|value
	Unsupported                      // anything else, as other conditions
)

// Reference is a FHIR reference taken apart
// (https://hl7.org/fhir/R4/references.html).
type Reference struct {
	Kind    ReferenceKind
	Type    string // of Relative, Conditional, and Absolute where it can be told
	ID      string // of Relative, Fragment, and Absolute where it can be told
	Version string // from /_history/, "" for the current one
	Base    string // Absolute: what precedes Type/id, without the slash; or the whole URL
	URN     string // the whole of it, in lower case for urn:uuid:

	// Of a Conditional. AnySystem: only a value is asked for.
	System, Value string
	AnySystem     bool
}

// ParseReference takes ref apart. It accepts anything; what it cannot name a
// target for is Unsupported.
func ParseReference(ref string) Reference {
	ref = strings.TrimSpace(ref)
	scheme, _, colon := strings.Cut(ref, ":")
	switch {
	case ref == "":
		return Reference{}
	case ref[0] == '#':
		if id := ref[1:]; id == "" || validID(id) {
			return Reference{Kind: Fragment, ID: id}
		}
		return Reference{Kind: Unsupported}
	case colon && strings.EqualFold(scheme, "urn"):
		return urn(ref)
	case colon && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")):
		return absolute(ref)
	}
	if typ, query, ok := strings.Cut(ref, "?"); ok {
		return conditional(typ, query)
	}
	ref, _, _ = strings.Cut(ref, "#")
	base, typ, id, version := tail(ref)
	if typ == "" || base != "" {
		return Reference{Kind: Unsupported}
	}
	return Reference{Kind: Relative, Type: typ, ID: id, Version: version}
}

func urn(ref string) Reference {
	const uuid, oid = "urn:uuid:", "urn:oid:"
	switch lower := strings.ToLower(ref); {
	case strings.HasPrefix(lower, uuid) && len(lower) > len(uuid):
		return Reference{Kind: URN, URN: lower}
	case strings.HasPrefix(lower, oid) && len(lower) > len(oid):
		return Reference{Kind: URN, URN: lower}
	}
	return Reference{Kind: Unsupported}
}

func absolute(ref string) Reference {
	plain, _, _ := strings.Cut(ref, "#")
	if strings.ContainsRune(plain, '?') {
		return Reference{Kind: Absolute, Base: ref}
	}
	base, typ, id, version := tail(plain)
	if typ == "" || !strings.Contains(base, "://") || strings.HasSuffix(base, "/") {
		return Reference{Kind: Absolute, Base: ref}
	}
	return Reference{Kind: Absolute, Base: base, Type: typ, ID: id, Version: version}
}

// tail splits "base/Type/id" and "base/Type/id/_history/version".
func tail(s string) (base, typ, id, version string) {
	if head, v, ok := strings.Cut(s, "/_history/"); ok {
		if !validID(v) {
			return "", "", "", ""
		}
		s, version = head, v
	}
	rest, id := cutLast(s)
	base, typ = cutLast(rest)
	if !validType(typ) || !validID(id) {
		return "", "", "", ""
	}
	return base, typ, id, version
}

func cutLast(s string) (before, last string) {
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		return s[:i], s[i+1:]
	}
	return "", s
}

// conditional reads the one condition that can be answered without a server: an
// identifier (https://hl7.org/fhir/R4/search.html#token).
func conditional(typ, query string) Reference {
	r := Reference{Kind: Unsupported}
	if !validType(typ) {
		return r
	}
	r.Type = typ
	raw, ok := strings.CutPrefix(query, "identifier=")
	if !ok || strings.ContainsAny(raw, "&;") {
		return r
	}
	token, err := url.PathUnescape(raw) // a plus stays one: identifiers hold it, and rarely a space
	if err != nil {
		return r
	}
	parts, ok := splitToken(token)
	if !ok || parts[len(parts)-1] == "" {
		return r
	}
	r.Kind = Conditional
	if len(parts) == 1 {
		r.Value, r.AnySystem = parts[0], true
	} else {
		r.System, r.Value = parts[0], parts[1]
	}
	return r
}

// splitToken splits "system|value" and takes its escapes (\| \, \$ \\) away. A
// list of alternatives is no answer to what is meant.
func splitToken(s string) (parts []string, ok bool) {
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`|,$\`, s[i+1]) >= 0:
			i++
			part.WriteByte(s[i])
		case c == ',':
			return nil, false
		case c == '|':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	parts = append(parts, part.String())
	return parts, len(parts) <= 2
}

// validType reports whether s is formed like the name of a resource type.
func validType(s string) bool {
	if len(s) < 2 || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// validID reports whether s is a FHIR id: [A-Za-z0-9\-\.]{1,64}.
func validID(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
