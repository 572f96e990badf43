# shellcheck shell=sh
# Waits until the API server knows which pods are on this node: as long as it does not, the node may not read what every pod has a use for.
: "${patience:?seconds}"
until_known() {
  end=$(($(date +%s) + patience))
  until kubectl --kubeconfig /etc/kubernetes/kubelet.conf get --raw \
    /api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$end" ] || break
    sleep 0.05
  done
}
