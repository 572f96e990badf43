# Run on the workstation: prints every table of the document store with the number of its rows and a digest of all of them.
set -eu
kubectl -n chromadb exec -i chromadb-0 -- psql -qAt -v ON_ERROR_STOP=1 -U chromadb -d chromadb <<'SQL'
SELECT format(
  $$SELECT '%1$s' || chr(9) || count(*) || ' rows ' || md5(coalesce(string_agg(t::text, ';' ORDER BY t::text), '')) FROM %1$I AS t;$$,
  tablename)
FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
\gexec
SQL
