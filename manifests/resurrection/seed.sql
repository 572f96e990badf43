-- The 1,133 documents of write-up 002, the same in every trial: each body is some 2 kB of text that follows from its number.
-- `ledger` takes what the probes write during a trial.
BEGIN;
CREATE TABLE documents (id int PRIMARY KEY, body text NOT NULL, sha256 text NOT NULL);
INSERT INTO documents
SELECT id, body, encode(sha256(convert_to(body, 'UTF8')), 'hex')
FROM (
  SELECT id, 'Document ' || id || ': ' || (SELECT string_agg(md5(id || '/' || part), ' ') FROM generate_series(1, 60) AS part) AS body
  FROM generate_series(1, 1133) AS id
) AS made;
CREATE TABLE ledger (id bigint PRIMARY KEY, body text NOT NULL, at timestamptz NOT NULL DEFAULT now());
COMMIT;
