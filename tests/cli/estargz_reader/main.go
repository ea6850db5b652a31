// Reads the layers of an OCI layout as lazily pulling runtimes do, by the eStargz project's own library: opens each by its
// footer, verifies the table of contents against the manifest's annotation, and each file chunk by chunk. Prints what it
// found as JSON; ends with an error at the first thing that is not as it should be.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/containerd/stargz-snapshotter/estargz"
	digest "github.com/opencontainers/go-digest"
)

type file struct {
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Mode   int64  `json:"mode"`
	Link   string `json:"link"`
	Sha256 string `json:"sha256"`
	Chunks int    `json:"chunks"`
}

type layer struct {
	Digest      digest.Digest   `json:"digest"`
	OpenedBytes int64           `json:"openedBytes"` // read until all names were known
	PlainSize   int64           `json:"plainSize"`   // as the annotation has it
	Files       map[string]file `json:"files"`
}

// counted tells how much of a blob was asked for.
type counted struct {
	in    io.ReaderAt
	count int64
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.in.ReadAt(p, at)
	c.count += int64(n)
	return n, err
}

// readFile reads a file as it would be asked for: chunk by chunk, each verified by itself.
func readFile(reader *estargz.Reader, verifier estargz.TOCEntryVerifier, name string, entry *estargz.TOCEntry) file {
	content := must(reader.OpenFile(name))
	whole := digest.Canonical.Digester()
	chunks := 0
	for at := int64(0); at < entry.Size; chunks++ {
		chunk, found := reader.ChunkEntryForOffset(name, at)
		if !found || chunk.ChunkOffset != at {
			log.Fatalf("%s: no chunk at %d", name, at)
		}
		bytes := make([]byte, chunk.ChunkSize)
		must(content.ReadAt(bytes, at))
		check := must(verifier.Verifier(chunk))
		must(check.Write(bytes))
		if !check.Verified() {
			log.Fatalf("%s: the chunk at %d is not what its digest says", name, at)
		}
		whole.Hash().Write(bytes)
		at += chunk.ChunkSize
	}
	if whole.Digest().String() != entry.Digest {
		log.Fatalf("%s: the file is not what its digest says", name)
	}
	return file{entry.Type, entry.Size, entry.Mode, "", whole.Digest().Encoded(), chunks}
}

func walk(reader *estargz.Reader, verifier estargz.TOCEntryVerifier, directory *estargz.TOCEntry, prefix string, found map[string]file) {
	directory.ForeachChild(func(base string, entry *estargz.TOCEntry) bool {
		name := prefix + base
		switch entry.Type {
		case "reg":
			found[name] = readFile(reader, verifier, entry.Name, entry) // a hard link's chunks are found by the first name only
		case "dir":
			found[name] = file{Type: entry.Type, Mode: entry.Mode}
			walk(reader, verifier, entry, name+"/", found)
		default:
			found[name] = file{Type: entry.Type, Mode: entry.Mode, Link: entry.LinkName}
		}
		return true
	})
}

func readLayer(layout string, of descriptor) layer {
	in := must(os.Open(blob(layout, of.Digest)))
	defer in.Close()
	counter := &counted{in: in}
	reader, err := estargz.Open(io.NewSectionReader(counter, 0, of.Size))
	if err != nil {
		log.Fatalf("%s: %v", of.Digest, err)
	}
	opened := counter.count
	wanted := digest.Digest(of.Annotations[estargz.TOCJSONDigestAnnotation])
	verifier, err := reader.VerifyTOC(wanted)
	if err != nil {
		log.Fatalf("%s: %v", of.Digest, err)
	}
	result := layer{Digest: of.Digest, OpenedBytes: opened, Files: map[string]file{}}
	result.PlainSize = must(strconv.ParseInt(of.Annotations[estargz.StoreUncompressedSizeAnnotation], 10, 64))
	root, _ := reader.Lookup("")
	if root == nil {
		log.Fatalf("%s: no root", of.Digest)
	}
	walk(reader, verifier, root, "", result.Files)
	return result
}

func main() {
	layout := os.Args[1]
	layers := []layer{}
	for _, of := range layersOf(layout) {
		layers = append(layers, readLayer(layout, of))
	}
	fmt.Println(string(must(json.Marshal(layers))))
}
