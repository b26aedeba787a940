package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	kubeoptions "k8s.io/kubernetes/pkg/kubeapiserver/options"
)

// admissionPlugins are all that may run: those that the newest release has on by default. They are listed, so that a new
// release cannot change verdicts unseen; see checkPlugins. An older release leaves out the ones that it does not have.
var admissionPlugins = []string{
	"CertificateApproval",
	"CertificateSigning",
	"CertificateSubjectRestriction",
	"ClusterTrustBundleAttest",
	"DefaultIngressClass",
	"DefaultStorageClass",
	"DefaultTolerationSeconds",
	"LimitRanger",
	"MutatingAdmissionPolicy",
	"MutatingAdmissionWebhook",
	"NamespaceLifecycle",
	"NodeDeclaredFeatureValidator",
	"PersistentVolumeClaimResize",
	"PodGroupProtection",
	"PodResizeValidator",
	"PodSecurity",
	"PodTopologyLabels",
	"Priority",
	"ResourceQuota",
	"RuntimeClass",
	"ServiceAccount",
	"StorageObjectInUseProtection",
	"TaintNodesByCondition",
	"ValidatingAdmissionPolicy",
	"ValidatingAdmissionWebhook",
}

// runServer runs the API server on a listener until the context ends.
func runServer(ctx context.Context, c *credentials, etcd string, listener net.Listener) error {
	enabled, err := checkPlugins()
	if err != nil {
		return err
	}
	// The server speaks of its own requests otherwise.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	s := options.NewServerRunOptions()
	s.SecureServing.Listener = listener
	s.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	err = parse(s.Flags(), map[string]string{
		"bind-address":             "127.0.0.1",
		"advertise-address":        "127.0.0.1",
		"endpoint-reconciler-type": "none",
		"tls-cert-file":            c.serverCert,
		"tls-private-key-file":     c.serverKey,
		"client-ca-file":           c.authorityFile,
		"token-auth-file":          c.tokens,
		"authorization-mode":       "RBAC",
		"enable-admission-plugins": strings.Join(enabled, ","),
		// As on every cluster that people install; without it each privileged container is refused.
		"allow-privileged":                 "true",
		"service-account-issuer":           "https://kubernetes.default.svc",
		"service-account-signing-key-file": c.accountKey,
		"service-account-key-file":         c.accountKey,
		"service-cluster-ip-range":         serviceRange,
		"etcd-servers":                     etcd,
	})
	if err != nil {
		return err
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	completed, err := s.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	return app.Run(ctx, completed)
}

// checkPlugins gives the listed admission plugins that this release has, and fails when it has on by default one that is
// not listed.
func checkPlugins() ([]string, error) {
	var enabled []string
	off := kubeoptions.DefaultOffAdmissionPlugins()
	for _, plugin := range kubeoptions.AllOrderedPlugins {
		if slices.Contains(admissionPlugins, plugin) {
			enabled = append(enabled, plugin)
		} else if !off.Has(plugin) {
			return nil, fmt.Errorf("the admission plugin %s is on by default, and not listed in server.go", plugin)
		}
	}
	return enabled, nil
}

// parse sets the flags of a server by name.
func parse(sets cliflag.NamedFlagSets, values map[string]string) error {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	for name, value := range values {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}
