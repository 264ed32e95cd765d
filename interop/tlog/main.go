// Reads a log and bundles of Shugu with nothing but the packages that Go's own checksum database uses.
//
//	go run . log URL VKEY EXPECTED.json   checkpoint, tiles and proofs of a running exchange
//	go run . bundle TRUST.json FILE…      bundles of the suite with SHA-256 and Ed25519
//
// Prints one JSON object {"passed", "failed", "notes"}.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type outcome struct {
	Passed int      `json:"passed"`
	Failed int      `json:"failed"`
	Notes  []string `json:"notes"`
}

func (o *outcome) expect(holds bool, what string, args ...any) {
	if holds {
		o.Passed++
		return
	}
	o.Failed++
	o.note("FAILED "+what, args...)
}

func (o *outcome) note(text string, args ...any) {
	o.Notes = append(o.Notes, fmt.Sprintf(text, args...))
}

func main() {
	var result outcome
	var err error
	switch {
	case len(os.Args) == 5 && os.Args[1] == "log":
		err = checkLog(&result, os.Args[2], os.Args[3], os.Args[4])
	case len(os.Args) >= 4 && os.Args[1] == "bundle":
		err = checkBundles(&result, os.Args[2], os.Args[3:])
	default:
		err = fmt.Errorf("usage: log URL VKEY EXPECTED.json | bundle TRUST.json FILE...")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	json.NewEncoder(os.Stdout).Encode(result)
	if result.Failed > 0 {
		os.Exit(1)
	}
}
