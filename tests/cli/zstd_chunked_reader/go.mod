module zstd_chunked_reader

go 1.24.0

require (
	github.com/containers/storage v1.59.1
	github.com/opencontainers/go-digest v1.0.0
)
