package codec

import (
	"bytes"
	"strings"
)

// unsupported names a format that is known and not read, with what to do; ""
// for anything else.
func unsupported(prefix []byte) string {
	p := bytes.TrimPrefix(prefix, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(p, []byte("\xff\xfe<")) || bytes.HasPrefix(p, []byte("\xfe\xff\x00<")) {
		p = bytes.ReplaceAll(p[2:], []byte{0}, nil) // UTF-16: near enough to tell
	}
	text := string(bytes.TrimLeft(p, " \t\r\n"))
	switch {
	case strings.HasPrefix(text, "<"):
		return unsupportedXML(text)
	case strings.HasPrefix(text, "MSH|"), strings.HasPrefix(text, "FHS|"), strings.HasPrefix(text, "BHS|"),
		strings.HasPrefix(text, "\x0bMSH|"):
		return "HL7 v2 messages are not supported yet; ask its origin for FHIR JSON"
	case strings.HasPrefix(text, "shc:/"), strings.HasPrefix(text, "shlink:/"), strings.HasPrefix(text, "eyJ") && !strings.Contains(strings.TrimSpace(text), " "),
		strings.HasPrefix(text, "{") && strings.Contains(text, `"verifiableCredential"`):
		return "SMART Health Cards are not supported yet; ask its origin for FHIR JSON"
	case len(p) >= 132 && string(p[128:132]) == "DICM":
		return "DICOM images are not supported yet"
	case len(p) >= 262 && string(p[257:262]) == "ustar":
		return "tar archives are not supported; use a folder or a zip"
	case strings.HasPrefix(text, "7z\xbc\xaf\x27\x1c"), strings.HasPrefix(text, "Rar!\x1a\x07"), strings.HasPrefix(text, "BZh"),
		strings.HasPrefix(text, "\xfd7zXZ\x00"), strings.HasPrefix(text, "\x28\xb5\x2f\xfd"):
		return "this kind of archive is not supported; use a folder, a zip or gzip"
	case strings.HasPrefix(text, "SQLite format 3\x00"):
		return "databases are not supported"
	}
	return ""
}

func unsupportedXML(text string) string {
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"):
		return ""
	case strings.Contains(text, "http://hl7.org/fhir"):
		return "FHIR XML is not supported yet; ask its origin for FHIR JSON"
	case strings.Contains(text, "urn:hl7-org:v3"), strings.Contains(text, "<ClinicalDocument"):
		return "C-CDA documents are not supported yet; ask its origin for FHIR JSON"
	case strings.Contains(text, "<HealthData"), strings.Contains(text, "HealthKit Export"):
		return "exports of Apple Health are not supported yet"
	}
	return "XML is not supported yet; ask its origin for FHIR JSON"
}
