// What the Go readers share (go_tools.py puts it beside each of them): an OCI layout with one image.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	digest "github.com/opencontainers/go-digest"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations"`
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func blob(layout string, of digest.Digest) string {
	return filepath.Join(layout, "blobs", "sha256", of.Encoded())
}

func readJSON(path string, into any) {
	if err := json.Unmarshal(must(os.ReadFile(path)), into); err != nil {
		log.Fatal(err)
	}
}

func layersOf(layout string) []descriptor {
	var index struct{ Manifests []descriptor }
	readJSON(filepath.Join(layout, "index.json"), &index)
	var manifest struct{ Layers []descriptor }
	readJSON(blob(layout, index.Manifests[0].Digest), &manifest)
	return manifest.Layers
}
