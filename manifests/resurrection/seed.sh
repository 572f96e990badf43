# Run once on the workstation when the workload is ready for the first time.
set -eu
cd "$(dirname "$0")"
kubectl -n chromadb exec -i chromadb-0 -- psql -q -v ON_ERROR_STOP=1 -U chromadb -d chromadb < seed.sql
