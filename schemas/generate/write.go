package main

import (
	"bytes"
	"encoding/json"
	"os"
	"sort"
	"strconv"
	"strings"
)

// write writes a header, then a line per kind, then a line per definition, each in order of name.
func (bundle *bundle) write(path string) error {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	lines.SetEscapeHTML(false)
	header := struct {
		Kubernetes string `json:"kubernetes"`
		MadeFrom   string `json:"madeFrom"`
	}{bundle.release.version, bundle.release.kubernetes}
	if err := lines.Encode(header); err != nil {
		return err
	}
	for _, kind := range bundle.kinds {
		if err := lines.Encode(kind); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(bundle.definitions))
	for name := range bundle.definitions {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		line := struct {
			Name string `json:"name"`
			*node
		}{name, bundle.definitions[name]}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// writeRemoved writes one line per API that is gone by the newest release; of several entries for one API the first wins.
func writeRemoved(path string, removed []lifecycle, newest *bundle) error {
	stable := map[[2]string]gvk{}
	for _, kind := range newest.kinds {
		if !strings.ContainsAny(strings.TrimPrefix(kind.Version, "v"), "abcdefghijklmnopqrstuvwxyz") {
			stable[[2]string{kind.Group, kind.Kind}] = kind.gvk
		}
	}
	seen := map[gvk]bool{}
	var kept []lifecycle
	for _, life := range removed {
		if seen[life.gvk] || minor(life.Removed) > minor(newest.release.version) {
			continue
		}
		seen[life.gvk] = true
		if replacement, known := stable[[2]string{life.Group, life.Kind}]; known && life.Replacement == nil {
			life.Replacement = &replacement
		}
		kept = append(kept, life)
	}
	sort.Slice(kept, func(i, j int) bool { return less(kept[i].gvk, kept[j].gvk) })
	lines := make([]string, len(kept))
	for i, life := range kept {
		line, err := json.Marshal(life)
		if err != nil {
			return err
		}
		lines[i] = string(line)
	}
	return os.WriteFile(path, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644)
}

// minor is the number after the dot in "1.33".
func minor(version string) int {
	_, after, _ := strings.Cut(version, ".")
	number, _ := strconv.Atoi(after)
	return number
}
