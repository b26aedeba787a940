package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// served says what a default API server serves: whole group versions, and single resources of those that are off.
type served struct {
	versions  map[[2]string]bool // group, version -> whether it is served
	resources map[[3]string]bool // group, version, plural
}

// has tells whether a resource is served; an error where its group version stands in no list.
func (served *served) has(id gvk, plural string) (bool, error) {
	isServed, listed := served.versions[[2]string{id.Group, id.Version}]
	if !listed {
		return false, fmt.Errorf("%s/%s stands in no list of served group versions", id.Group, id.Version)
	}
	return isServed || served.resources[[3]string{id.Group, id.Version, plural}], nil
}

// readServed reads the lists of what a default API server serves in pkg/controlplane/instance.go.
func readServed(kubernetes string, facts *goFacts) (*served, error) {
	path := filepath.Join(kubernetes, "pkg/controlplane/instance.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	packages := map[string]string{}
	for _, spec := range file.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		// The conversion packages inside k8s.io/kubernetes re-export the group version of their k8s.io/api namesake.
		target = strings.Replace(target, "k8s.io/kubernetes/pkg/apis/", "k8s.io/api/", 1)
		if spec.Name != nil {
			packages[spec.Name.Name] = target
		}
	}
	found := &served{
		versions: map[[2]string]bool{
			// Served by the servers that kube-apiserver delegates to, so not listed there.
			{"apiextensions.k8s.io", "v1"}:   true,
			{"apiregistration.k8s.io", "v1"}: true,
		},
		resources: map[[3]string]bool{},
	}
	// groupVersion looks up what `alias.SchemeGroupVersion` stands for.
	groupVersion := func(expr ast.Expr) (id [2]string, ok bool) {
		selector, isSelector := expr.(*ast.SelectorExpr)
		if !isSelector || selector.Sel.Name != "SchemeGroupVersion" {
			return id, false
		}
		pkg := packages[selector.X.(*ast.Ident).Name]
		group, known := facts.groups[pkg]
		if !known {
			err = fmt.Errorf("%s: no API group is known for %s", path, pkg)
		}
		return [2]string{group, pkg[strings.LastIndex(pkg, "/")+1:]}, known
	}
	lists := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || len(spec.Names) != 1 {
			return true
		}
		items, ok := spec.Values[0].(*ast.CompositeLit)
		name, ofResources := strings.CutSuffix(spec.Names[0].Name, "Resources")
		enabled := strings.HasSuffix(name, "EnabledByDefault")
		if !ok || !enabled && !strings.HasSuffix(name, "DisabledByDefault") {
			return true
		}
		lists++
		for _, item := range items.Elts {
			if !ofResources {
				if id, ok := groupVersion(item); ok {
					found.versions[id] = enabled
				}
				continue
			}
			// SchemeGroupVersion.WithResource("plural")
			call := item.(*ast.CallExpr)
			plural, _ := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
			if id, ok := groupVersion(call.Fun.(*ast.SelectorExpr).X); ok {
				found.resources[[3]string{id[0], id[1], plural}] = enabled
			}
		}
		return true
	})
	if lists < 3 {
		return nil, fmt.Errorf("%s: the lists of served group versions have moved", path)
	}
	return found, err
}
