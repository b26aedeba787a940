package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// corrections are facts about the server that neither the documents nor the tags state, keyed by "package.Definition.field",
// where the package is as much of the definition's name as is needed ("core.v1.ContainerPort.hostPort").
type corrections struct {
	// NotRequired lists fields that the documents call required and the server does without, each with the reason.
	NotRequired map[string]string `json:"notRequired"`
	// Ranges gives the numbers that the server takes.
	Ranges []struct {
		From, To int64
		Why      string
		Fields   []string
	} `json:"ranges"`
	// Enums overrides or, when empty, removes the values that a field may hold.
	Enums map[string]struct {
		Values []string
		Why    string
	} `json:"enums"`
	// Deprecated adds the deprecations that the server announces outside the life-cycle tags.
	Deprecated []lifecycle `json:"deprecated"`

	used map[string]bool
}

func (c *corrections) apply(bundle *bundle) {
	for name, definition := range bundle.definitions {
		for field, property := range definition.Properties {
			for key := range keysOf(name, field) {
				if _, ok := c.NotRequired[key]; ok {
					definition.Required = without(definition.Required, field)
					c.used[key] = true
				}
				for _, limits := range c.Ranges {
					if slices.Contains(limits.Fields, key) {
						property.Minimum, property.Maximum = &limits.From, &limits.To
						c.used[key] = true
					}
				}
				if enum, ok := c.Enums[key]; ok {
					property.innermost().Enum = enum.Values
					c.used[key] = true
				}
			}
		}
	}
	for i := range bundle.kinds {
		for _, life := range c.Deprecated {
			if kind := &bundle.kinds[i]; kind.gvk == life.gvk {
				kind.Deprecated, kind.Replacement = life.Deprecated, life.Replacement
				c.used[life.Kind] = true
			}
		}
	}
}

// keysOf yields "ContainerPort.hostPort", "v1.ContainerPort.hostPort", "core.v1.ContainerPort.hostPort" and so on.
func keysOf(definition, field string) map[string]bool {
	keys := map[string]bool{}
	parts := strings.Split(definition, ".")
	for i := range parts {
		keys[strings.Join(parts[i:], ".")+"."+field] = true
	}
	return keys
}

func without(list []string, item string) []string {
	var kept []string
	for _, entry := range list {
		if entry != item {
			kept = append(kept, entry)
		}
	}
	return kept
}

// unused reports corrections that no version needed: a field was renamed, or the documents were mended.
func (c *corrections) unused() error {
	var stale []string
	for key := range c.NotRequired {
		stale = append(stale, key)
	}
	for _, limits := range c.Ranges {
		stale = append(stale, limits.Fields...)
	}
	for key := range c.Enums {
		stale = append(stale, key)
	}
	for _, life := range c.Deprecated {
		stale = append(stale, life.Kind)
	}
	sort.Strings(stale)
	for _, key := range stale {
		if !c.used[key] {
			return fmt.Errorf("corrections.json: %s matches nothing in any version", key)
		}
	}
	return nil
}
