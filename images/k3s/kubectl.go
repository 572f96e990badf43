package main

import (
	"os"

	"k8s.io/component-base/cli"
	kubectlcmd "k8s.io/kubectl/pkg/cmd"
)

// kubectl is upstream's, with the administrator's kubeconfig where none is named.
func kubectl(args []string) error {
	if os.Getenv("KUBECONFIG") == "" {
		if _, err := os.Stat(kubeconfigFile); err == nil {
			_ = os.Setenv("KUBECONFIG", kubeconfigFile)
		}
	}
	os.Args = append([]string{"kubectl"}, args...)
	os.Exit(cli.Run(kubectlcmd.NewDefaultKubectlCommand()))
	return nil
}
