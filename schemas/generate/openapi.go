package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// bundle is the facts of one Kubernetes version.
type bundle struct {
	release     release
	kinds       []kind
	definitions map[string]*node
}

// kind is an API type that can be posted to a server.
type kind struct {
	gvk
	Definition  string `json:"def"`
	Namespaced  bool   `json:"namespaced"`
	Served      bool   `json:"served"`
	Introduced  string `json:"introduced,omitempty"`
	Deprecated  string `json:"deprecated,omitempty"`
	Removed     string `json:"removed,omitempty"`
	Replacement *gvk   `json:"replacement,omitempty"`
}

// node is a schema without its prose; the JSON names are OpenAPI's where one exists.
type node struct {
	Ref                   string           `json:"$ref,omitempty"`
	Type                  string           `json:"type,omitempty"`
	Format                string           `json:"format,omitempty"`
	Nullable              bool             `json:"nullable,omitempty"`
	Enum                  []string         `json:"enum,omitempty"`
	Minimum               *int64           `json:"minimum,omitempty"`
	Maximum               *int64           `json:"maximum,omitempty"`
	Default               any              `json:"default,omitempty"`
	Required              []string         `json:"required,omitempty"`
	ListType              string           `json:"x-kubernetes-list-type,omitempty"`
	ListMapKeys           []string         `json:"x-kubernetes-list-map-keys,omitempty"`
	MapType               string           `json:"x-kubernetes-map-type,omitempty"`
	PatchMergeKey         string           `json:"x-kubernetes-patch-merge-key,omitempty"`
	PatchStrategy         string           `json:"x-kubernetes-patch-strategy,omitempty"`
	IntOrString           bool             `json:"x-kubernetes-int-or-string,omitempty"`
	PreserveUnknownFields bool             `json:"x-kubernetes-preserve-unknown-fields,omitempty"`
	EmbeddedResource      bool             `json:"x-kubernetes-embedded-resource,omitempty"`
	Unions                any              `json:"x-kubernetes-unions,omitempty"`
	Items                 *node            `json:"items,omitempty"`
	AdditionalProperties  *node            `json:"additionalProperties,omitempty"`
	Properties            map[string]*node `json:"properties,omitempty"`
}

// document is as much of an OpenAPI v3 document as is read.
type document struct {
	Paths map[string]struct {
		Post *struct {
			GVK         *gvk `json:"x-kubernetes-group-version-kind"`
			RequestBody struct {
				Content map[string]struct{ Schema rawSchema }
			}
		}
	}
	Components struct{ Schemas map[string]rawSchema }
}

// rawSchema is a schema as OpenAPI writes it: node, and the constructs that are folded into it.
type rawSchema struct {
	node
	AllOf                []rawSchema          `json:"allOf"`
	Items                *rawSchema           `json:"items"`
	AdditionalProperties *rawSchema           `json:"additionalProperties"`
	Properties           map[string]rawSchema `json:"properties"`
}

// UnmarshalJSON admits `additionalProperties: true`, which says no more than its absence does.
func (raw *rawSchema) UnmarshalJSON(text []byte) error {
	if string(text) == "true" || string(text) == "false" {
		return nil
	}
	type plain rawSchema
	return json.Unmarshal(text, (*plain)(raw))
}

func readOpenAPI(release release, folder string, facts *goFacts, served *served) (*bundle, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_openapi.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no OpenAPI documents in %s", folder)
	}
	bundle := &bundle{release: release, definitions: map[string]*node{}}
	lifecycles := facts.allLifecycles()
	kinds := map[gvk]kind{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var document document
		if err := json.Unmarshal(text, &document); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for name, raw := range document.Components.Schemas {
			bundle.definitions[name] = raw.fold(goName(name), facts)
		}
		for path, operations := range document.Paths {
			// Subresources (`…/{name}/scale`) take bodies too, but nobody writes those into files.
			if operations.Post == nil || operations.Post.GVK == nil || strings.Contains(path, "{name}") {
				continue
			}
			id := *operations.Post.GVK
			isServed, err := served.has(id, path[strings.LastIndex(path, "/")+1:])
			if err != nil {
				return nil, err
			}
			life := lifecycles[id]
			body := operations.Post.RequestBody.Content["*/*"].Schema
			if body.Ref == "" {
				body = operations.Post.RequestBody.Content["application/json"].Schema
			}
			if body.Ref == "" {
				return nil, fmt.Errorf("%s: the body of POST has no definition", path)
			}
			kinds[id] = kind{
				id, definitionName(body.Ref), strings.Contains(path, "/namespaces/{namespace}/"), isServed,
				life.Introduced, life.Deprecated, life.Removed, life.Replacement,
			}
		}
	}
	for _, kind := range kinds {
		bundle.kinds = append(bundle.kinds, kind)
	}
	sort.Slice(bundle.kinds, func(i, j int) bool { return less(bundle.kinds[i].gvk, bundle.kinds[j].gvk) })
	return bundle, nil
}

// fold turns OpenAPI's spelling into ours: `allOf` of one reference is that reference, prose and zero defaults are dropped.
func (raw rawSchema) fold(structName string, facts *goFacts) *node {
	folded := raw.node
	folded.Ref = definitionName(folded.Ref)
	if len(raw.AllOf) == 1 {
		folded.Ref = definitionName(raw.AllOf[0].Ref)
	}
	if isZero(folded.Default) {
		folded.Default = nil
	}
	sort.Strings(folded.Required)
	if raw.Items != nil {
		folded.Items = raw.Items.fold("", facts)
	}
	if raw.AdditionalProperties != nil {
		folded.AdditionalProperties = raw.AdditionalProperties.fold("", facts)
	}
	if raw.Properties != nil {
		folded.Properties = map[string]*node{}
		for name, property := range raw.Properties {
			child := property.fold("", facts)
			if values := facts.enumOf(structName, name); values != nil {
				child.innermost().Enum = values
			}
			folded.Properties[name] = child
		}
	}
	return &folded
}

// innermost is the schema of a list's or map's elements, or the schema itself.
func (schema *node) innermost() *node {
	for {
		switch {
		case schema.Items != nil:
			schema = schema.Items
		case schema.AdditionalProperties != nil:
			schema = schema.AdditionalProperties
		default:
			return schema
		}
	}
}

func isZero(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	case string:
		return value == ""
	case float64:
		return value == 0
	}
	return value == nil || value == false
}

func definitionName(ref string) string {
	return strings.TrimPrefix(ref, "#/components/schemas/")
}

// goName turns "io.k8s.api.core.v1.Pod" into "k8s.io/api/core/v1.Pod".
func goName(definition string) string {
	path, found := strings.CutPrefix(definition, "io.k8s.")
	if !found {
		return ""
	}
	dot := strings.LastIndex(path, ".")
	return "k8s.io/" + strings.ReplaceAll(path[:dot], ".", "/") + path[dot:]
}

// dropUnreachable keeps the definitions that some kind leads to.
func (bundle *bundle) dropUnreachable() {
	kept := map[string]*node{}
	var visit func(schema *node)
	reach := func(name string) {
		if definition, known := bundle.definitions[name]; known && kept[name] == nil {
			kept[name] = definition
			visit(definition)
		}
	}
	visit = func(schema *node) {
		if schema == nil {
			return
		}
		reach(schema.Ref)
		visit(schema.Items)
		visit(schema.AdditionalProperties)
		for _, property := range schema.Properties {
			visit(property)
		}
	}
	for _, kind := range bundle.kinds {
		reach(kind.Definition)
	}
	bundle.definitions = kept
}

// less sorts by group and kind; of one kind's versions the one that servers prefer stands last.
func less(a, b gvk) bool {
	return slices.Compare(a.order(), b.order()) < 0
}

// order ranks alpha before beta before stable versions, whatever their numbers, as Kubernetes does.
func (id gvk) order() []string {
	parts := versionName.FindStringSubmatch(id.Version)
	if parts == nil {
		return []string{id.Group, id.Kind, id.Version}
	}
	stage := parts[2]
	if stage == "" {
		stage = "stable"
	}
	return []string{id.Group, id.Kind, stage, parts[1], parts[3]}
}
