package document

import (
	"bytes"
	"unicode/utf8"
)

// kindOf gives the media type of a file that begins with prefix, "" when it is
// none that is taken in.
func kindOf(prefix []byte) string {
	has := func(s string) bool { return bytes.HasPrefix(prefix, []byte(s)) }
	at := func(i int, s string) bool {
		return len(prefix) >= i+len(s) && string(prefix[i:i+len(s)]) == s
	}
	switch {
	case has("%PDF-"):
		return "application/pdf"
	case has("\x89PNG\r\n\x1a\n"):
		return "image/png"
	case has("\xff\xd8\xff"):
		return "image/jpeg"
	case has("GIF87a"), has("GIF89a"):
		return "image/gif"
	case has("II*\x00"), has("MM\x00*"):
		return "image/tiff"
	case has("RIFF") && at(8, "WEBP"):
		return "image/webp"
	case at(4, "ftypheic"), at(4, "ftypheix"), at(4, "ftypmif1"):
		return "image/heic"
	}
	return textKind(prefix)
}

// textKind knows text by what is not in it. What is meant for other programs
// (JSON, XML) is no text.
func textKind(prefix []byte) string {
	p := bytes.TrimPrefix(prefix, []byte("\xef\xbb\xbf"))
	for i := 1; i < utf8.UTFMax && i < len(p); i++ { // the last character may be cut
		if utf8.RuneStart(p[len(p)-i]) {
			if !utf8.FullRune(p[len(p)-i:]) {
				p = p[:len(p)-i]
			}
			break
		}
	}
	if !utf8.Valid(p) || bytes.ContainsFunc(p, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r == 0x7f
	}) {
		return ""
	}
	p = bytes.ToLower(bytes.TrimSpace(p[:min(len(p), 512)]))
	switch {
	case len(p) == 0, p[0] == '{', p[0] == '[':
		return ""
	case bytes.HasPrefix(p, []byte("<!doctype html")), bytes.HasPrefix(p, []byte("<html")):
		return "text/html"
	case p[0] == '<':
		return ""
	}
	return "text/plain"
}
