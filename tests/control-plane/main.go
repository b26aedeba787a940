// A Kubernetes control plane for tests, in one process: etcd, kube-apiserver and kube-controller-manager of the release
// that the module file names. README.md tells how it is set up, and `up` and `down` run it by hand.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// graceful is how long the servers get to stop by themselves; what they leave behind is thrown away in any case.
const graceful = 5 * time.Second

func main() {
	data := flag.String("data", "", "`folder` for everything that is written; must be empty or not exist yet")
	port := flag.Int("port", 0, "`port` of the API server on 127.0.0.1; 0 takes a free one")
	parent := flag.Int("parent", 0, "stop once the parent is not process `ID` any more; 0 never does")
	flag.Parse()
	if err := run(*data, *port, *parent); err != nil {
		fmt.Fprintln(os.Stderr, "control-plane:", err)
		os.Exit(1)
	}
}

// run starts everything, writes the kubeconfigs, and returns when it is told to stop or when a server fails.
func run(data string, port, parent int) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if parent != 0 {
		go watchParent(ctx, stop, parent)
	}

	data, err := prepare(data)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	credentials, err := newCredentials(data, "https://"+listener.Addr().String())
	if err != nil {
		return err
	}

	store, err := startStore(data)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer store.Close()
	server := make(chan struct{})
	failed := make(chan error, 2)
	go func() {
		defer close(server)
		failed <- fmt.Errorf("kube-apiserver ended: %v", runServer(ctx, credentials, store.endpoint, listener))
	}()
	go func() {
		failed <- fmt.Errorf("kube-controller-manager ended: %v", runControllers(ctx, credentials))
	}()

	select {
	case err := <-failed:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
	}
	time.AfterFunc(graceful, func() { os.Exit(1) })
	<-server
	return nil
}

// prepare makes the data folder, readable by its owner only, and gives its absolute path.
func prepare(data string) (string, error) {
	if data == "" {
		return "", errors.New("--data is missing")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: every start needs a folder of its own", data)
	}
	return data, os.Chmod(data, 0o700)
}

// watchParent calls stop once another process is the parent, which happens when the one that started us has ended.
func watchParent(ctx context.Context, stop func(), parent int) {
	for ctx.Err() == nil {
		if os.Getppid() != parent {
			stop()
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}
