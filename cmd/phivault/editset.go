package main

import (
	"errors"
	"slices"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir/compose"
)

// setFields gives the record's JSON with fields set as --set says, KEY=VALUE each.
func setFields(r *vault.Resource, list []string) ([]byte, error) {
	if len(r.Cuts) > 0 {
		return nil, usage("a record with attachments is edited through --file", "")
	}
	in := compose.Values{}
	for _, s := range list {
		key, value, ok := strings.Cut(s, "=")
		if _, twice := in[compose.Key(key)]; !ok || key == "" || twice {
			return nil, usage("--set is KEY=VALUE, each key once", fieldHint(r))
		}
		in[compose.Key(key)] = value
	}
	b, err := compose.Change(r.JSON, in)
	var wrong *compose.FieldError
	if !errors.As(err, &wrong) {
		return b, err
	}
	if wrong.Key == compose.Flag {
		return nil, usage("the record states a flag for the value before", "--set flag=H keeps or changes it, --set flag= takes it away")
	}
	// A key that is not the record's own was typed, and may be anything.
	if !slices.ContainsFunc(compose.Fields(r.JSON), func(f compose.Field) bool { return f.Key == wrong.Key }) {
		return nil, usage("--set names a field that this record does not have", fieldHint(r))
	}
	return nil, usage("--set "+wrong.Error(), "")
}

// fieldHint names the fields of a record, never what is in them.
func fieldHint(r *vault.Resource) string {
	var keys []string
	for _, f := range compose.Fields(r.JSON) {
		if f.Off == "" {
			keys = append(keys, string(f.Key))
		}
	}
	if len(keys) == 0 {
		return "give its new content with --file"
	}
	return "it has " + strings.Join(keys, ", ")
}
