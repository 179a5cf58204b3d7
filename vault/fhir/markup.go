package fhir

import (
	"bytes"
	"encoding/base64"
	"html"
	"mime"
	"strings"
	"unicode/utf8"
)

// stripMarkup appends the words of an XHTML, HTML or XML text: no tags, no
// comments, no scripts, entities decoded. Whatever is not closed ends the text.
func stripMarkup(dst, s []byte) []byte {
	for len(s) > 0 {
		i := bytes.IndexByte(s, '<')
		if i < 0 {
			i = len(s)
		}
		dst = append(dst, s[:i]...)
		if s = s[i:]; len(s) == 0 {
			break
		}
		switch {
		case bytes.HasPrefix(s, []byte("<!--")):
			s = past(s[4:], "-->")
		case bytes.HasPrefix(s, []byte("<![CDATA[")):
			text, _, _ := bytes.Cut(s[9:], []byte("]]>"))
			dst = append(dst, text...)
			s = s[min(len(s), 9+len(text)+3):]
		case len(s) > 1 && (s[1] == '/' || s[1] == '!' || s[1] == '?' || 'a' <= s[1]|0x20 && s[1]|0x20 <= 'z'):
			name, end := tag(s)
			if !inline[string(name)] {
				dst = append(dst, ' ')
			}
			s = s[end:]
			if n := string(name); n == "script" || n == "style" {
				s = pastElement(s, n)
			}
		default:
			dst = append(dst, '<')
			s = s[1:]
		}
	}
	if bytes.IndexByte(dst, '&') < 0 {
		return dst
	}
	return append(dst[:0], html.UnescapeString(string(dst))...)
}

// inline are the elements that do not part words.
var inline = map[string]bool{"a": true, "b": true, "i": true, "em": true, "strong": true, "span": true, "u": true, "s": true,
	"small": true, "big": true, "sub": true, "sup": true, "font": true, "tt": true, "code": true, "abbr": true, "mark": true, "wbr": true}

// markupLines is stripMarkup for reading: a new line wherever a block begins or
// ends, cells of a table apart.
func markupLines(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	b := stripMarkup(nil, []byte(blocks.Replace(s)))
	var out []string
	for line := range bytes.Lines(bytes.ReplaceAll(b, []byte(lineMark), []byte("\n"))) {
		if words := strings.Join(strings.Fields(string(line)), " "); words != "" {
			out = append(out, words)
		}
	}
	return strings.Join(out, "\n")
}

// lineMark cannot come from text: JSON strings reach here with white space folded.
const lineMark = "\v"

var blocks = strings.NewReplacer("<p", lineMark+"<p", "<div", lineMark+"<div", "<br", lineMark+"<br", "<li", lineMark+"<li",
	"<tr", lineMark+"<tr", "<h1", lineMark+"<h1", "<h2", lineMark+"<h2", "<h3", lineMark+"<h3", "<h4", lineMark+"<h4",
	"</p>", "</p>"+lineMark, "</table>", "</table>"+lineMark, "</td>", " | </td>", "</th>", " | </th>")

func past(s []byte, mark string) []byte {
	if _, after, ok := bytes.Cut(s, []byte(mark)); ok {
		return after
	}
	return nil
}

// pastElement skips to behind the end tag of an element whose content is no text.
func pastElement(s []byte, name string) []byte {
	for {
		i := bytes.Index(s, []byte("</"))
		if i < 0 {
			return nil
		}
		s = s[i+2:]
		if len(s) >= len(name) && strings.EqualFold(string(s[:len(name)]), name) {
			return past(s, ">")
		}
	}
}

// tag reads a tag: its name in lower case, and where it ends. A > in a quoted
// attribute does not end it.
func tag(s []byte) (name []byte, end int) {
	i := 1
	if s[i] == '/' {
		i++
	}
	at := i
	for i < len(s) && ('a' <= s[i]|0x20 && s[i]|0x20 <= 'z' || '0' <= s[i] && s[i] <= '9') {
		i++
	}
	name = bytes.ToLower(s[at:min(i, at+16)])
	var quote byte
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return name, i + 1
		}
	}
	return name, len(s)
}

// textKind is how the bytes of an attachment become words.
type textKind struct {
	markup, latin1 bool
}

// textType reports whether a content type is text that can be read here.
func textType(contentType string) (textKind, bool) {
	typ, params, err := mime.ParseMediaType(contentType)
	if err != nil && typ == "" {
		return textKind{}, false
	}
	if !strings.HasPrefix(typ, "text/") && typ != "application/xhtml+xml" {
		return textKind{}, false
	}
	k := textKind{markup: strings.Contains(typ, "html") || strings.Contains(typ, "xml")}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "utf8", "us-ascii":
	case "iso-8859-1", "latin1", "latin-1", "iso_8859-1", "windows-1252", "iso-8859-15":
		k.latin1 = true
	default:
		return textKind{}, false
	}
	return k, true
}

// decode gives the words in raw. What claims UTF-8 and is not is read as Latin-1.
func (k textKind) decode(raw []byte) []byte {
	cut := len(raw) > maxText
	if cut {
		raw = raw[:maxText]
	}
	valid := utf8.Valid(raw)
	for n := 1; cut && !valid && n < utf8.UTFMax; n++ {
		valid = utf8.Valid(raw[:len(raw)-n])
	}
	if k.latin1 || !valid {
		wide := make([]byte, 0, len(raw)+len(raw)/4)
		for _, b := range raw {
			wide = utf8.AppendRune(wide, rune(b))
		}
		raw = wide
	}
	if k.markup {
		return stripMarkup(nil, raw)
	}
	return raw
}

// decodeBase64 appends the content of base64 text, up to maxText of it, and
// nothing when it is none. FHIR allows white space in it.
func decodeBase64(dst, s []byte) []byte {
	if bytes.ContainsAny(s, " \t\r\n") {
		s = bytes.Join(bytes.Fields(s), nil)
	}
	if most := base64.StdEncoding.EncodedLen(maxText + 3); len(s) > most {
		s = s[:most]
	}
	enc := base64.StdEncoding
	if len(s)%4 != 0 {
		enc = base64.RawStdEncoding
	}
	out, err := enc.AppendDecode(dst, s)
	if err != nil {
		return dst[:0]
	}
	return out
}
