// Pulls the layers of an OCI layout into a store as podman does with partial pulls, by the code of the zstd:chunked project
// itself (containers/storage): by the manifest's annotations it reads the table of contents and the tar-split, then only the
// chunks of files that it has not, in this layer or one of an earlier run. Afterwards the store puts each layer's tar together again. Prints what it found as JSON;
// ends with an error at the first thing that is not as it should be.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/containers/storage"
	"github.com/containers/storage/pkg/chunked"
	"github.com/containers/storage/pkg/reexec"
	digest "github.com/opencontainers/go-digest"
)

type layer struct {
	Digest  digest.Digest     `json:"digest"`
	Size    int64             `json:"size"`
	Fetched uint64            `json:"fetched"` // bytes of the blob that were asked for
	DiffID  string            `json:"diffId"`  // of the tar that the store puts together
	Files   map[string]string `json:"files"`   // regular files by path, with the SHA-256 of what is on disk
}

// source gives ranges of a blob and counts them.
type source struct {
	blob    string
	fetched uint64
}

func (s *source) GetBlobAt(chunks []chunked.ImageSourceChunk) (chan io.ReadCloser, chan error, error) {
	streams, errors := make(chan io.ReadCloser), make(chan error, 1)
	for _, chunk := range chunks {
		s.fetched += chunk.Length
	}
	go func() {
		defer close(errors)
		defer close(streams)
		for _, chunk := range chunks {
			file, err := os.Open(s.blob)
			if err != nil {
				errors <- err
				return
			}
			streams <- struct {
				io.Reader
				io.Closer
			}{io.NewSectionReader(file, int64(chunk.Offset), int64(chunk.Length)), file}
		}
	}()
	return streams, errors, nil
}

func hashOf(in io.ReadCloser) string {
	defer in.Close()
	hash := sha256.New()
	must(io.Copy(hash, in))
	return hex.EncodeToString(hash.Sum(nil))
}

func filesBelow(root string) map[string]string {
	files := map[string]string{}
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			files[must(filepath.Rel(root, path))] = hashOf(must(os.Open(path)))
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	return files
}

func pull(store storage.Store, layout string, of descriptor, parent string) (layer, string) {
	if store.Exists(of.Digest.Encoded()) {
		return layer{Digest: of.Digest, Size: of.Size}, of.Digest.Encoded()
	}
	from := &source{blob: blob(layout, of.Digest)}
	differ, err := chunked.NewDiffer(context.Background(), store, of.Digest, of.Size, of.Annotations, from)
	if err != nil {
		log.Fatalf("%s cannot be pulled in parts: %v", of.Digest, err)
	}
	defer differ.Close()
	staged, err := store.PrepareStagedLayer(nil, differ)
	if err != nil {
		log.Fatalf("%s: %v", of.Digest, err)
	}
	result := layer{Digest: of.Digest, Size: of.Size, Files: filesBelow(staged.Target)}
	made := must(store.ApplyStagedLayer(storage.ApplyStagedLayerOptions{ID: of.Digest.Encoded(), ParentLayer: parent, DiffOutput: staged}))
	result.DiffID = "sha256:" + hashOf(must(store.Diff("", made.ID, nil)))
	result.Fetched = from.fetched
	return result, made.ID
}

func main() {
	if reexec.Init() {
		return
	}
	layout, work := os.Args[1], os.Args[2]
	store := must(storage.GetStore(storage.StoreOptions{RunRoot: filepath.Join(work, "run"), GraphRoot: filepath.Join(work, "graph"),
		GraphDriverName: "overlay", PullOptions: map[string]string{"enable_partial_images": "true"}}))
	layers, parent := []layer{}, ""
	for _, of := range layersOf(layout) {
		pulled, id := pull(store, layout, of, parent)
		layers, parent = append(layers, pulled), id
	}
	must(store.Shutdown(true))
	fmt.Println(string(must(json.Marshal(layers))))
}
