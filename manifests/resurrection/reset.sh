# Run on the workstation between two trials on one cluster: takes away what the probes wrote.
set -eu
kubectl -n default delete configmap firedrill-probe --ignore-not-found
kubectl -n chromadb exec chromadb-0 -- psql -q -v ON_ERROR_STOP=1 -U chromadb -d chromadb -c 'TRUNCATE ledger'
