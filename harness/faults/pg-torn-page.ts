import { databaseFiles, findPostmaster, stopPostgres } from '../model/commands.ts';
import { act } from '../model/define.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('pg-torn-page');
const psql = `nsenter -t "$postmaster" -m ${databaseFiles.bin}/psql -X -U chromadb -d chromadb -At -v ON_ERROR_STOP=1`;

/** Rows of the page before it is torn: half of what fits, so that some lie in the half that is lost. */
const enoughRows = 12;

/** Waits for a new block of the ledger, and for the checkpoint that writes it while there is next to nothing in it. */
const catchBlock = `do $$
declare had int := pg_relation_size('ledger') / 8192;
begin
  while pg_relation_size('ledger') / 8192 = had loop perform pg_sleep(0.02); end loop;
end $$;
checkpoint;
select pg_relation_size('ledger') / 8192 - 1;`;

const fillBlock = (block: string): string => `do $$
begin
  while (select lower from page_header(get_raw_page('ledger', ${block}))) < 24 + 4 * ${enoughRows} loop perform pg_sleep(0.05); end loop;
end $$;`;

/**
 * Joins the page in memory and the page on the disk as a power cut in the middle of writing would, and says what that costs: rows whose
 * pointer has been written and whose bytes have not. Arguments: the page as hex, the file, the number of the block in it.
 */
const tear = `use strict; use warnings;
my ($hex, $file, $block) = @ARGV;
my $new = pack("H*", $hex);
length $new == 8192 or die "a page of " . length($new) . " bytes";
open(my $f, "+<", $file) or die "$file: $!";
seek($f, $block * 8192, 0); read($f, my $old, 8192) == 8192 or die "block $block is not on the disk yet";
my ($lower) = unpack("x12 v", $new);
my ($rows, $torn) = (0, 0);
for (my $at = 24; $at < $lower; $at += 4) {
  my $pointer = unpack("V", substr($new, $at, 4));
  my ($offset, $length) = ($pointer & 0x7fff, $pointer >> 17);
  $rows++;
  $torn++ if $offset >= 4096 && substr($new, $offset, $length) ne substr($old, $offset, $length);
}
$torn > 0 or die "nothing of this page would be lost";
seek($f, $block * 8192, 0); print $f substr($new, 0, 4096);
close $f or die "$file: $!";
print "block $block: $rows rows, $torn of them torn\\n";`;

/**
 * The machine stops while the database writes a page: of 8 KiB the first half has reached the disk and the second has not. With
 * `full_page_writes` off nothing in the log can mend it: the half that came through says that the page is up to date, so recovery leaves it
 * alone. The server starts again by itself, and says nothing.
 *
 * The page is a real one of the ledger: caught by a checkpoint when it was new, filled by acknowledged writes, and then torn between what is
 * in memory and what is on the disk while every process stands still.
 *
 * Source: PostgreSQL manual, 20.5 (full_page_writes: "an operating system crash ... might leave some on-disk pages containing a mix of old and
 * new data") and 30.1 "Reliability"; a variant of postmortem 003, "The Database".
 *
 * @param options.worker the node of the database, from 1
 */
export function pgTornPage(options: { readonly worker: number }): Fault {
  const node = { worker: options.worker };
  const log = '/var/log/pods/chromadb_chromadb-0_*/chromadb/*.log';
  return {
    id: 'pg-torn-page',
    title: 'A page of the database is half written when the machine stops',
    source: 'PostgreSQL manual, 20.5 and 30.1; a variant of postmortem 003',
    fidelity: 'equivalent',
    params: { worker: options.worker },
    targets: node,
    prepare: [
      act(
        'catch a block that has just been begun, and wait until it is half full',
        node,
        [
          `rm -rf ${kept} && mkdir -p ${kept}`,
          findPostmaster,
          `block=$(${psql} <<'SQL' | tail -n 1\n${catchBlock}\nSQL`,
          ')',
          `${psql} -c "select pg_relation_filepath('ledger')" > ${kept}/file`,
          `echo "$block" > ${kept}/block`,
          `${psql} <<SQL\n${fillBlock('$block').replaceAll('$$', '\\$\\$')}\nSQL`,
        ].join('\n'),
      ),
    ],
    inject: [
      act(
        'it is killed while the page is being written',
        node,
        [
          findPostmaster,
          `block=$(cat ${kept}/block)`,
          `page=$(${psql} -c "select encode(get_raw_page('ledger', $block), 'hex')")`,
          stopPostgres,
          `perl -e '${tear}' "$page" "${databaseFiles.onNode}/$(cat ${kept}/file)" "$block" > ${kept}/torn || { kill -CONT $(pidof postgres); exit 1; }`,
          'kill -KILL $(pidof postgres)',
          `cat ${kept}/torn`,
        ].join('\n'),
      ),
    ],
    witness: [
      {
        name: 'a page was half written',
        on: node,
        command: `cat ${kept}/torn`,
        expect: '[1-9][0-9]* of them torn$',
      },
      {
        name: 'PostgreSQL says that it was interrupted',
        on: node,
        command: `grep -ho 'database system was not properly shut down.*' ${log} | tail -n 1`,
        expect: 'automatic recovery in progress',
      },
    ],
    witnessDeadlineMs: seconds(40),
    // What is lost is lost. The rows have been read back by then; the page goes with them.
    undo: [
      act(
        'the rows of the trial go, and the torn page with them',
        node,
        [`rm -rf ${kept}`, findPostmaster, `${psql} -c 'truncate ledger'`].join('\n'),
      ),
    ],
  };
}
