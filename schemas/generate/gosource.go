package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// goFacts is what the Go sources of the API types know and the OpenAPI documents do not: enums and life cycles.
type goFacts struct {
	groups     map[string]string              // package path -> API group
	enums      map[string][]string            // qualified type -> its constants
	structs    map[string]map[string]fieldRef // qualified struct -> JSON field -> the named type inside it
	embedded   map[string][]string            // qualified struct -> structs inlined into it
	lifecycles map[gvk]*lifecycle
	constants  []constant
	values     map[string]string // qualified constant -> its text
}

// constant is a declared constant of some type: its text, or the constant that it repeats.
type constant struct{ typeName, text, alias string }

// fieldRef names the type inside a field, looking through pointers, slices and map values.
type fieldRef struct{ typeName string }

type gvk struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// lifecycle says when an API was introduced, deprecated and removed, as "1.22", and what replaces it.
type lifecycle struct {
	gvk
	Introduced  string `json:"introduced,omitempty"`
	Deprecated  string `json:"deprecated,omitempty"`
	Removed     string `json:"removed,omitempty"`
	Replacement *gvk   `json:"replacement,omitempty"`
}

func newGoFacts() *goFacts {
	return &goFacts{
		groups: map[string]string{}, enums: map[string][]string{}, structs: map[string]map[string]fieldRef{},
		embedded: map[string][]string{}, lifecycles: map[gvk]*lifecycle{}, values: map[string]string{},
	}
}

// readModule parses every package below folder whose name is an API version.
func (facts *goFacts) readModule(module, folder string) error {
	root := folder
	if before, _, found := strings.Cut(filepath.ToSlash(folder), "/pkg/apis/"); found {
		root = before
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || !isSource(entry.Name()) || !versionName.MatchString(filepath.Base(filepath.Dir(path))) {
			return nil
		}
		relative, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		return facts.readFile(module+"/"+filepath.ToSlash(relative), path)
	})
}

var versionName = regexp.MustCompile(`^v([0-9]+)(?:(alpha|beta)([0-9]+))?$`)

func isSource(name string) bool {
	return strings.HasPrefix(name, "types") || name == "register.go" || name == "well_known_labels.go" ||
		name == "zz_generated.prerelease-lifecycle.go"
}

func (facts *goFacts) readFile(pkg, path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	imports := map[string]string{}
	for _, spec := range file.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		name := filepath.Base(target)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = target
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			facts.readDecl(pkg, imports, decl)
		case *ast.FuncDecl:
			facts.readLifecycle(pkg, decl)
		}
	}
	return nil
}

func (facts *goFacts) readDecl(pkg string, imports map[string]string, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			name := pkg + "." + spec.Name.Name
			if isEnum(decl.Doc) || isEnum(spec.Doc) {
				facts.enums[name] = nil
			}
			if target := typeName(pkg, imports, spec.Type); target != "" && spec.Assign.IsValid() {
				facts.embedded[name] = append(facts.embedded[name], target)
			}
			if object, ok := spec.Type.(*ast.StructType); ok {
				facts.readStruct(name, pkg, imports, object)
			}
		case *ast.ValueSpec:
			facts.readConstant(pkg, imports, decl, spec)
		}
	}
}

func isEnum(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		if text := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//")); text == "+enum" || text == "+k8s:enum" {
			return true
		}
	}
	return false
}

func (facts *goFacts) readConstant(pkg string, imports map[string]string, decl *ast.GenDecl, spec *ast.ValueSpec) {
	if decl.Tok != token.CONST || len(spec.Values) != 1 {
		return
	}
	name, value, typed := pkg+"."+spec.Names[0].Name, spec.Values[0], typeName(pkg, imports, spec.Type)
	// `const A = Type("a")` declares the same as `const A Type = "a"`.
	if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
		value, typed = call.Args[0], typeName(pkg, imports, call.Fun)
	}
	literal, ok := value.(*ast.BasicLit)
	if !ok {
		facts.constants = append(facts.constants, constant{typed, "", typeName(pkg, imports, value)})
		return
	}
	text, err := strconv.Unquote(literal.Value)
	if literal.Kind != token.STRING || err != nil {
		return
	}
	if spec.Names[0].Name == "GroupName" {
		facts.groups[pkg] = text
	}
	facts.values[name] = text
	facts.constants = append(facts.constants, constant{typed, text, ""})
}

func (facts *goFacts) readStruct(name, pkg string, imports map[string]string, object *ast.StructType) {
	fields := map[string]fieldRef{}
	for _, field := range object.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(field.Tag.Value)
		key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		inner := typeName(pkg, imports, field.Type)
		// encoding/json inlines an embedded struct that has no key, whether its tag says so or not.
		if key == "" && len(field.Names) == 0 {
			facts.embedded[name] = append(facts.embedded[name], inner)
		} else if key != "" {
			fields[key] = fieldRef{inner}
		}
	}
	facts.structs[name] = fields
}

// typeName is the qualified name of the innermost named type of an expression, or "".
func typeName(pkg string, imports map[string]string, expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return pkg + "." + expr.Name
	case *ast.SelectorExpr:
		if qualifier, ok := expr.X.(*ast.Ident); ok {
			return imports[qualifier.Name] + "." + expr.Sel.Name
		}
	case *ast.StarExpr:
		return typeName(pkg, imports, expr.X)
	case *ast.ArrayType:
		return typeName(pkg, imports, expr.Elt)
	case *ast.MapType:
		return typeName(pkg, imports, expr.Value)
	}
	return ""
}

// resolveEnums gives each enum type its constants, once all packages are read.
func (facts *goFacts) resolveEnums() error {
	for _, constant := range facts.constants {
		if _, isEnum := facts.enums[constant.typeName]; !isEnum {
			continue
		}
		text, known := constant.text, true
		if constant.alias != "" {
			text, known = facts.values[constant.alias]
		}
		if !known {
			return fmt.Errorf("a constant of %s repeats %s, whose text is unknown", constant.typeName, constant.alias)
		}
		facts.enums[constant.typeName] = append(facts.enums[constant.typeName], text)
	}
	for name, values := range facts.enums {
		sort.Strings(values)
		facts.enums[name] = dedupe(values)
	}
	return nil
}

// enumOf returns the values that a field of a struct may hold, or nil when any text will do.
func (facts *goFacts) enumOf(structName, field string) []string {
	if ref, ok := facts.structs[structName][field]; ok {
		name := ref.typeName
		if alias := facts.embedded[name]; len(alias) == 1 && facts.structs[name] == nil {
			name = alias[0]
		}
		return facts.enums[name]
	}
	for _, inner := range facts.embedded[structName] {
		if values := facts.enumOf(inner, field); values != nil {
			return values
		}
	}
	return nil
}

// readLifecycle reads the methods of zz_generated.prerelease-lifecycle.go, each of which returns one constant.
func (facts *goFacts) readLifecycle(pkg string, function *ast.FuncDecl) {
	what, found := strings.CutPrefix(function.Name.Name, "APILifecycle")
	if !found || function.Recv == nil || len(function.Body.List) != 1 {
		return
	}
	answer, ok := function.Body.List[0].(*ast.ReturnStmt)
	if !ok {
		return
	}
	kind := strings.TrimPrefix(typeName("", nil, function.Recv.List[0].Type), ".")
	// The group is filled in once register.go has been read.
	id := gvk{pkg, pkg[strings.LastIndex(pkg, "/")+1:], kind}
	life := facts.lifecycles[id]
	if life == nil {
		life = &lifecycle{gvk: id}
		facts.lifecycles[id] = life
	}
	switch what {
	case "Introduced":
		life.Introduced = versionOf(answer)
	case "Deprecated":
		life.Deprecated = versionOf(answer)
	case "Removed":
		life.Removed = versionOf(answer)
	case "Replacement":
		life.Replacement = replacementOf(answer)
	}
}

func versionOf(answer *ast.ReturnStmt) string {
	if len(answer.Results) != 2 {
		return ""
	}
	major, _ := answer.Results[0].(*ast.BasicLit)
	minor, _ := answer.Results[1].(*ast.BasicLit)
	if major == nil || minor == nil {
		return ""
	}
	return fmt.Sprintf("%s.%s", major.Value, minor.Value)
}

func replacementOf(answer *ast.ReturnStmt) *gvk {
	literal, ok := answer.Results[0].(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var replacement gvk
	for _, element := range literal.Elts {
		pair := element.(*ast.KeyValueExpr)
		value, _ := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
		switch pair.Key.(*ast.Ident).Name {
		case "Group":
			replacement.Group = value
		case "Version":
			replacement.Version = value
		case "Kind":
			replacement.Kind = value
		}
	}
	return &replacement
}

// allLifecycles returns the life cycle of every kind, with its API group in place of its package.
func (facts *goFacts) allLifecycles() map[gvk]lifecycle {
	all := map[gvk]lifecycle{}
	for id, life := range facts.lifecycles {
		group, known := facts.groups[id.Group]
		if !known {
			continue
		}
		whole := *life
		whole.Group = group
		all[whole.gvk] = whole
	}
	return all
}

// removals returns the APIs that carry a release of removal.
func (facts *goFacts) removals() []lifecycle {
	var removed []lifecycle
	for id, life := range facts.allLifecycles() {
		if life.Removed != "" && !strings.HasSuffix(id.Kind, "List") {
			removed = append(removed, life)
		}
	}
	return removed
}

func dedupe(sorted []string) []string {
	kept := sorted[:0]
	for i, value := range sorted {
		if i == 0 || value != sorted[i-1] {
			kept = append(kept, value)
		}
	}
	return kept
}
