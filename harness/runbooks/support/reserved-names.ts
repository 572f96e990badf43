/** The last complaint of a node's kubelet about a name that its runtime holds; nothing when there was none lately. */
export const lastReservedName =
  "journalctl -u kubelet -n 400 -o cat --no-pager | grep -o 'name .* is reserved for.*' | tail -n 1 | cut -c1-200";
