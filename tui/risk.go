package tui

import (
	"encoding/json"
	"slices"
	"strings"

	"phivault/tui/widget"
)

// riskConcept is a CodeableConcept, or one within a CodeableReference of R5.
type riskConcept struct {
	Text    string
	Coding  []struct{ Display, Code string }
	Concept *riskConcept
}

func (c *riskConcept) words() string {
	if c.Concept != nil {
		return c.Concept.words()
	}
	if c.Text != "" {
		return c.Text
	}
	for _, x := range c.Coding {
		if x.Display != "" || x.Code != "" {
			return stated(x.Display, x.Code)
		}
	}
	return ""
}

const highRisk = "criticality high"

// riskOf says an allergy's criticality and reactions as stated
// (https://hl7.org/fhir/R4/allergyintolerance.html); "" where neither is.
func riskOf(resource []byte) string {
	var a struct {
		Criticality string
		Reaction    []struct {
			Manifestation []riskConcept
			Severity      string
		}
	}
	_ = json.Unmarshal(resource, &a) // other shapes leave the fields empty
	var parts, seen []string
	switch a.Criticality {
	case "":
	case "high":
		parts = append(parts, highRisk)
	case "unable-to-assess":
		parts = append(parts, "criticality not assessable")
	default:
		parts = append(parts, "criticality "+a.Criticality)
	}
	for _, r := range a.Reaction {
		for _, m := range r.Manifestation {
			text := m.words()
			if text == "" || slices.Contains(seen, text) {
				continue
			}
			if seen = append(seen, text); r.Severity != "" {
				text += " (" + r.Severity + ")"
			}
			parts = append(parts, text)
		}
	}
	return widget.Clean(strings.Join(parts, ", "))
}

// risky puts an allergy's risk behind its title in w columns: a high criticality is never
// cut, before it is the title.
func risky(title, risk string, w int) string {
	if risk == "" {
		return title
	}
	if strings.HasPrefix(risk, highRisk) {
		title = strings.TrimRight(widget.Fit(title, min(widget.Width(title), max(1, w-len(highRisk)-3))), " ")
	}
	return title + ", " + risk
}
