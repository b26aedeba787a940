// Command generate writes one bundle of schema facts per Kubernetes version, and the table of APIs that have been removed.
//
// It reads the Go modules of Kubernetes' own releases, which `go mod download` fetches and verifies. See ../README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// release is one line of versions.txt.
type release struct {
	version    string            // 1.33
	kubernetes string            // v1.33.13
	staging    string            // v0.33.13
	other      map[string]string // module -> its version, where that is not staging
}

// stagingVersion is the version of a staging module.
func (release release) stagingVersion(module string) string {
	if version, differs := release.other[module]; differs {
		return version
	}
	return release.staging
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	if err := run("../kubernetes"); err != nil {
		log.Fatal(err)
	}
}

func run(output string) error {
	releases, err := readReleases("versions.txt")
	if err != nil {
		return err
	}
	corrections := corrections{used: map[string]bool{}}
	if err := readJSON("corrections.json", &corrections); err != nil {
		return err
	}
	var removed []lifecycle
	if err := readJSON("removed-by-hand.json", &removed); err != nil {
		return err
	}
	// The newest release first: what it says about a removal wins over what was once planned.
	var newest *bundle
	for _, release := range slices.Backward(releases) {
		bundle, facts, err := makeBundle(release, corrections)
		if err != nil {
			return fmt.Errorf("%s: %w", release.version, err)
		}
		if err := bundle.write(filepath.Join(output, release.version+".jsonl")); err != nil {
			return err
		}
		if newest == nil {
			newest = bundle
		}
		removed = append(removed, facts.removals()...)
		log.Printf("%s: %d kinds, %d definitions", release.version, len(bundle.kinds), len(bundle.definitions))
	}
	if err := corrections.unused(); err != nil {
		return err
	}
	return writeRemoved(filepath.Join(output, "removed.json"), removed, newest)
}

func makeBundle(release release, corrections corrections) (*bundle, *goFacts, error) {
	kubernetes, err := download("k8s.io/kubernetes", release.kubernetes)
	if err != nil {
		return nil, nil, err
	}
	facts := newGoFacts()
	for module, packages := range stagingModules {
		folder, err := download(module, release.stagingVersion(module))
		if err != nil {
			return nil, nil, err
		}
		if err := facts.readModule(module, filepath.Join(folder, packages)); err != nil {
			return nil, nil, err
		}
	}
	if err := facts.resolveEnums(); err != nil {
		return nil, nil, err
	}
	served, err := readServed(kubernetes, facts)
	if err != nil {
		return nil, nil, err
	}
	bundle, err := readOpenAPI(release, filepath.Join(kubernetes, "api/openapi-spec/v3"), facts, served)
	if err != nil {
		return nil, nil, err
	}
	corrections.apply(bundle)
	bundle.dropUnreachable()
	return bundle, facts, nil
}

// stagingModules maps the modules that declare API types to the folder in which they do.
var stagingModules = map[string]string{
	"k8s.io/api":                     ".",
	"k8s.io/apimachinery":            "pkg/apis/meta/v1",
	"k8s.io/apiextensions-apiserver": "pkg/apis/apiextensions/v1",
	"k8s.io/kube-aggregator":         "pkg/apis/apiregistration/v1",
}

// download fetches one module version into Go's module cache and returns its folder there.
func download(module, version string) (string, error) {
	// Outside any module, so that no go.mod has to list what is downloaded.
	command := exec.Command("go", "mod", "download", "-json", module+"@"+version)
	command.Dir = os.TempDir()
	output, err := command.Output()
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(output, &answer); jsonErr != nil {
		return "", fmt.Errorf("go mod download %s@%s: %w", module, version, err)
	}
	if answer.Error != "" {
		return "", fmt.Errorf("%s", answer.Error)
	}
	return answer.Dir, nil
}

func readReleases(path string) ([]release, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var releases []release
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 || fields[0] == "#" {
			continue
		}
		other := map[string]string{}
		for _, pinned := range fields[3:] {
			module, version, _ := strings.Cut(pinned, "@")
			other[module] = version
		}
		releases = append(releases, release{fields[0], fields[1], fields[2], other})
	}
	return releases, nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
