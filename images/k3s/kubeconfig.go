package main

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfig leads to the API on loopback; cert is the certificate's and the key's path without their endings.
func kubeconfig(port int, authority, cert string) *api.Config {
	config := api.NewConfig()
	config.Clusters["default"] = &api.Cluster{Server: fmt.Sprintf("https://127.0.0.1:%d", port), CertificateAuthority: authority}
	config.AuthInfos["default"] = &api.AuthInfo{ClientCertificate: cert + ".crt", ClientKey: cert + ".key"}
	config.Contexts["default"] = &api.Context{Cluster: "default", AuthInfo: "default"}
	config.CurrentContext = "default"
	return config
}

func writeKubeconfig(file string, port int, authority, cert string) error {
	return clientcmd.WriteToFile(*kubeconfig(port, authority, cert), file)
}
