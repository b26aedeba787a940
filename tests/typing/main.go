// Reads quoted texts, a line each, and prints each with what the API's clients read it as: JSON, or ERR.
//
//	cut -d' ' -f1 expected.txt | go run . > new.txt
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"sigs.k8s.io/yaml"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, err := strconv.Unquote(lines.Text())
		if err != nil {
			panic(err)
		}
		read, err := yaml.YAMLToJSON([]byte("k: " + text + "\n"))
		if err != nil {
			fmt.Println(lines.Text(), "ERR")
			continue
		}
		var entries map[string]json.RawMessage
		if err := json.Unmarshal(read, &entries); err != nil {
			panic(err)
		}
		fmt.Println(lines.Text(), string(entries["k"]))
	}
}
