package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	"sigs.k8s.io/yaml"
)

// longestSocket is what every system's address of a Unix socket can hold, less the name of the socket itself.
const longestSocket = 90

// store is etcd, reachable through a socket in the data folder, so by nobody but its owner.
type store struct {
	*embed.Etcd
	endpoint string
}

// startStore starts etcd and returns when it serves. What it stores need not outlive a crash, so nothing is synced.
func startStore(folder string) (*store, error) {
	if len(folder) > longestSocket {
		return nil, fmt.Errorf("the path %s is too long for a socket", folder)
	}
	endpoint := "unix://" + filepath.Join(folder, "etcd.sock")
	// What a member tells others, of whom there are none. A socket is refused here by older releases.
	const advertised = "http://127.0.0.1:0"
	// As a file, because the fields of embed.Config were renamed between releases; these names stayed.
	content, err := yaml.Marshal(map[string]any{
		"name":                        "tests",
		"data-dir":                    filepath.Join(folder, "etcd"),
		"listen-client-urls":          endpoint,
		"advertise-client-urls":       advertised,
		"listen-peer-urls":            "unix://" + filepath.Join(folder, "peer.sock"),
		"initial-advertise-peer-urls": advertised,
		"initial-cluster":             "tests=" + advertised,
		"unsafe-no-fsync":             true,
		"enable-grpc-gateway":         false,
		"quota-backend-bytes":         8 << 30,
		"log-level":                   "error",
		"log-outputs":                 []string{"stderr"},
	})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "etcd.yaml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return nil, err
	}
	config, err := embed.ConfigFromFile(file)
	if err != nil {
		return nil, err
	}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return &store{Etcd: etcd, endpoint: endpoint}, nil
	case err := <-etcd.Err():
		return nil, err
	case <-etcd.Server.StopNotify():
		return nil, errors.New("it stopped before it was ready")
	}
}
