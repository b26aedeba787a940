// Holds versions against ranges as Helm does: prints for each range which of the versions fit, or ERR.
//
//	go run . > expected.txt
package main

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

var versions = strings.Fields(`0.0.0 0.0.1 0.0.3 0.1.0 0.2.3 0.2.9 0.3.0 1.0.0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-beta.2
	1.0.0-beta.11 1.0.0-rc.1 v1.1.0 1.2 1.2.0 1.2.3 1.2.3+build 1.2.3-0 1.2.4 1.2.10 1.3.0 1.9.9 2.0.0-rc.1 2 2.0.0 2.1.0
	2.3.4 3.0.0 3.1.4 10.20.30 01.2.3 1.2.3-01 1.2.3.4 v x latest`)

var ranges = []string{
	"", " ", "*", "x", "X", "1", "1.x", "1.*", "1.X.3", "1.2", "1.2.x", "1.2.3", "=1.2.3", "= 1.2.3", "v1.2.3", "1.2.3+other",
	"!=1.2.3", "!=1.2", "!=1", "!=*", "!=1.2.x-0", ">1.2.3", ">1.2", ">1", ">*", ">=1.2.3", "=>1.2.3", ">=1.2", ">=1", "<1.2.3",
	"<1.2", "<2", "<*", "<=1.2.3", "=<1.2.3", "<=1.2", "<=1", "<=*", "~1.2.3", "~1.2", "~1", "~0", "~0.0.0", "~*", "~>1.2.3",
	"~> 1.2", "^1.2.3", "^1.2", "^1", "^0.2.3", "^0.2", "^0.0.3", "^0.0", "^0", "^*", "^0.0.0", "~1.2.3-beta", "^1.0.0-0",
	">=1.0.0-0", ">0.0.0-0", "<2.0.0-0", "1.0.0-beta.2", ">=1.0.0-beta.2 <2.0.0", ">1.0.0-alpha", "!=1.0.0-alpha",
	">=1.2 <3", ">=1.2, <3", ">=1.2,<3", ">=1.2 , <3", ">= 1.2 < 3", ">=1.2<3", "1.2 - 2.3", "1.2.3 - 2.3.4", "1 - 2", "1.2-2.3",
	"1 - 2 3 - 4", ">1.0 - 2.0", "1 - x", "1.0.0-rc.1 - 2.0.0", "1.2.3 || 2.3.4", "<1 || >=2.0.0", "^1 || ^3", "1||2 - 3",
	"1 | 2", "1|2", "^1.0.0 || >=2.0.0-0", "~1.2 || 3.x, >=3.1", "||", "1 ||", "a", "1.2.3.4", "1.2.3-", "1.2.x-0", "1.x.3", "01.2.3",
	">> 1", "=>=1", "==1.2.3", "!1.2.3", "1.2.3 1.2.4", ">=1,", ",>=1", ">= 1.2.3-01", "^1.2.3+build", "  ^1.2.3  ", "^ 1.2.3",
	"\t>=1.2\n<2", "99999999999999999999", strings.Repeat("1.2.3 || ", 31) + "1", strings.Repeat("1.2.3 || ", 32) + "1",
	">=" + strings.Repeat("1", 600),
}

func main() {
	for _, text := range ranges {
		constraint, err := semver.NewConstraint(text)
		if err != nil {
			fmt.Printf("%q ERR\n", text)
			continue
		}
		fits := []string{}
		for _, version := range versions {
			if read, err := semver.NewVersion(version); err == nil && constraint.Check(read) {
				fits = append(fits, version)
			}
		}
		fmt.Printf("%q %s\n", text, strings.Join(fits, " "))
	}
	// The order of the versions that can be read.
	read := []*semver.Version{}
	for _, version := range versions {
		if one, err := semver.NewVersion(version); err == nil {
			read = append(read, one)
		} else {
			fmt.Printf("%q no version\n", version)
		}
	}
	for _, one := range read {
		row := ""
		for _, other := range read {
			row += string("<=>"[one.Compare(other)+1])
		}
		fmt.Printf("%q %s\n", one.Original(), row)
	}
}
