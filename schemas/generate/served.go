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

// readServed reads which group versions a default API server serves, from the lists in pkg/controlplane/instance.go.
func readServed(kubernetes string, facts *goFacts) (map[[2]string]bool, error) {
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
	served := map[[2]string]bool{
		// Served by the servers that kube-apiserver delegates to, so not listed there.
		{"apiextensions.k8s.io", "v1"}:   true,
		{"apiregistration.k8s.io", "v1"}: true,
	}
	lists := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || len(spec.Names) != 1 {
			return true
		}
		enabled := strings.HasSuffix(spec.Names[0].Name, "EnabledByDefault")
		if !enabled && !strings.HasSuffix(spec.Names[0].Name, "DisabledByDefault") {
			return true
		}
		lists++
		ast.Inspect(spec.Values[0], func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok && selector.Sel.Name == "SchemeGroupVersion" {
				pkg := packages[selector.X.(*ast.Ident).Name]
				if group, known := facts.groups[pkg]; known {
					served[[2]string{group, pkg[strings.LastIndex(pkg, "/")+1:]}] = enabled
				} else {
					err = fmt.Errorf("%s: no API group is known for %s", path, pkg)
				}
			}
			return true
		})
		return true
	})
	if lists < 3 {
		return nil, fmt.Errorf("%s: the lists of served group versions have moved", path)
	}
	return served, err
}
