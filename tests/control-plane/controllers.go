package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/config"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
)

// patience is how long the API server may take until it is ready, on a machine that is busy with other things.
const patience = 3 * time.Minute

// controllers are all but the ones that act on what kubelets do or fail to do: nodes are objects that tests write.
const controllers = "*,-node-lifecycle-controller,-taint-eviction-controller,-device-taint-eviction-controller," +
	"-node-ipam-controller,-pod-garbage-collector-controller"

// runControllers waits for the API server, runs the controller manager against it until the context ends, and writes the
// administrator's kubeconfig as soon as tests may begin.
func runControllers(ctx context.Context, c *credentials) error {
	const internal = "controllers.kubeconfig"
	if err := c.writeKubeconfig(internal, c.admin); err != nil {
		return err
	}
	path := filepath.Join(c.folder, internal)
	connection, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(connection)
	if err != nil {
		return err
	}
	if err := waitFor(ctx, "the API server is not ready", func(ctx context.Context) bool {
		var code int
		client.CoreV1().RESTClient().Get().AbsPath("/readyz").Do(ctx).StatusCode(&code)
		return code == http.StatusOK
	}); err != nil {
		return err
	}

	o, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	known, disabled, aliases := app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases()
	err = parse(o.Flags(known, disabled, aliases), map[string]string{
		"kubeconfig":     path,
		"secure-port":    "0",
		"leader-elect":   "false",
		"controllers":    controllers,
		"kube-api-qps":   "500",
		"kube-api-burst": "1000",
		"root-ca-file":   c.authorityFile,
		// It is made when it is missing, by default outside of our folder.
		"flex-volume-plugin-dir":           filepath.Join(c.folder, "volume-plugins"),
		"service-account-private-key-file": c.accountKey,
	})
	if err != nil {
		return err
	}
	var manager *config.Config
	switch o := any(o).(type) {
	case interface {
		Config(context.Context, []string, []string, map[string]string) (*config.Config, error)
	}:
		manager, err = o.Config(ctx, known, disabled, aliases)
	// Before 1.35.
	case interface {
		Config([]string, []string, map[string]string) (*config.Config, error)
	}:
		manager, err = o.Config(known, disabled, aliases)
	}
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- app.Run(ctx, manager.Complete()) }()

	// Pods are refused in a namespace until the controllers have made its default service account.
	if err := waitFor(ctx, "there is no default service account", func(ctx context.Context) bool {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	}); err != nil {
		return err
	}
	if err := c.writeKubeconfig("kubeconfig", c.admin); err != nil {
		return err
	}
	return <-failed
}

func waitFor(ctx context.Context, problem string, done func(context.Context) bool) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, patience, true,
		func(ctx context.Context) (bool, error) { return done(ctx), nil })
	if err != nil {
		return fmt.Errorf("%s: %w", problem, err)
	}
	return nil
}
