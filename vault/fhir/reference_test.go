package fhir

import "testing"

func TestParseReference(t *testing.T) {
	for ref, want := range map[string]Reference{
		"":                                      {},
		"  ":                                    {},
		"Patient/1":                             {Kind: Relative, Type: "Patient", ID: "1"},
		"Patient/1/_history/2.b":                {Kind: Relative, Type: "Patient", ID: "1", Version: "2.b"},
		"Patient/1#part":                        {Kind: Relative, Type: "Patient", ID: "1"},
		"#p1":                                   {Kind: Fragment, ID: "p1"},
		"#":                                     {Kind: Fragment},
		"#a/b":                                  {Kind: Unsupported},
		"https://h.example/fhir/Patient/1":      {Kind: Absolute, Base: "https://h.example/fhir", Type: "Patient", ID: "1"},
		"HTTP://h.example/Patient/1":            {Kind: Absolute, Base: "HTTP://h.example", Type: "Patient", ID: "1"},
		"http://h.example/Patient/1/_history/3": {Kind: Absolute, Base: "http://h.example", Type: "Patient", ID: "1", Version: "3"},
		"http://h.example/page":                 {Kind: Absolute, Base: "http://h.example/page"},
		"http://Patient/1":                      {Kind: Absolute, Base: "http://Patient/1"},
		"http://h.example/Patient/1?x=y":        {Kind: Absolute, Base: "http://h.example/Patient/1?x=y"},
		"urn:uuid:AAAA1111-2222-3333-4444-55":   {Kind: URN, URN: "urn:uuid:aaaa1111-2222-3333-4444-55"},
		"urn:oid:1.2.3":                         {Kind: URN, URN: "urn:oid:1.2.3"},
		"URN:UUID:x":                            {Kind: URN, URN: "urn:uuid:x"},
		"urn:uuid:":                             {Kind: Unsupported},
		"urn:other:x":                           {Kind: Unsupported},
		"Practitioner?identifier=http://npi.example|99":            {Kind: Conditional, Type: "Practitioner", System: "http://npi.example", Value: "99"},
		"Practitioner?identifier=http%3A%2F%2Fnpi.example%7C9%209": {Kind: Conditional, Type: "Practitioner", System: "http://npi.example", Value: "9 9"},
		"Patient?identifier=a+b|c+d":                               {Kind: Conditional, Type: "Patient", System: "a+b", Value: "c+d"},
		"Patient?identifier=77":                                    {Kind: Conditional, Type: "Patient", Value: "77", AnySystem: true},
		"Patient?identifier=|77":                                   {Kind: Conditional, Type: "Patient", Value: "77"},
		`Patient?identifier=s|a\,b\|c\\d`:                          {Kind: Conditional, Type: "Patient", System: "s", Value: `a,b|c\d`},
		"Patient?identifier=s|":                                    {Kind: Unsupported, Type: "Patient"},
		"Patient?identifier=a|1,a|2":                               {Kind: Unsupported, Type: "Patient"},
		"Patient?identifier=1,2":                                   {Kind: Unsupported, Type: "Patient"},
		"Patient?identifier=a|b|c":                                 {Kind: Unsupported, Type: "Patient"},
		"Patient?identifier=a|b&active=true":                       {Kind: Unsupported, Type: "Patient"},
		"Patient?identifier=%zz":                                   {Kind: Unsupported, Type: "Patient"},
		"Patient?_tag=x":                                           {Kind: Unsupported, Type: "Patient"},
		"Patient?name=x":                                           {Kind: Unsupported, Type: "Patient"},
		"?identifier=x":                                            {Kind: Unsupported},
		"patient/1":                                                {Kind: Unsupported},
		"Patient":                                                  {Kind: Unsupported},
		"Patient/":                                                 {Kind: Unsupported},
		"Patient/a b":                                              {Kind: Unsupported},
		"x/Patient/1":                                              {Kind: Unsupported},
		"../Patient/1":                                             {Kind: Unsupported},
		"ftp://h.example/Patient/1":                                {Kind: Unsupported},
	} {
		if got := ParseReference(ref); got != want {
			t.Errorf("%q\ngot  %+v\nwant %+v", ref, got, want)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"Patient/1/_history/2", "#x", "urn:uuid:A", "https://h/Patient/1", `P?identifier=s|a\,b`, "Patient?identifier=%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseReference(s)
		again := ""
		switch r.Kind {
		case Relative:
			again = r.Type + "/" + r.ID
		case Absolute:
			if again = r.Base; r.Type != "" {
				again += "/" + r.Type + "/" + r.ID
			}
		case URN:
			again = r.URN
		case Fragment:
			again = "#" + r.ID
		case Conditional:
			if r.Value == "" || r.Type == "" {
				t.Fatalf("%q: %+v", s, r)
			}
			return
		default:
			return
		}
		if r.Version != "" {
			again += "/_history/" + r.Version
		}
		if got := ParseReference(again); got != r {
			t.Fatalf("%q gives %+v, but %q gives %+v", s, r, again, got)
		}
	})
}
