import { databaseFiles, findPostmaster, stopPostgres } from '../model/commands.ts';
import { act } from '../model/define.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('pg-wal-corruption');
const { onNode, inContainer, bin } = databaseFiles;

/** Ways in which the segment with the last checkpoint is no longer what was written. `$segment` is the file, `$at` the record's place in it. */
const damages = {
  /** From that page on, nothing but zeros: blocks that were allocated and never written. */
  zeroed:
    'dd if=/dev/zero of="$segment" bs=8192 seek=$((at / 8192)) count=$((2048 - at / 8192)) conv=notrunc status=none',
  /** It ends there. */
  truncated: 'truncate -s $((at / 8192 * 8192)) "$segment"',
  /** It is not there at all. */
  missing: 'rm "$segment"',
  /** One byte of the record itself is another. */
  'bit-flip':
    'byte=$(od -An -tu1 -j $((at + 30)) -N 1 "$segment"); printf "\\\\$(printf %o $((byte ^ 1)))" | dd of="$segment" bs=1 seek=$((at + 30)) conv=notrunc status=none',
} as const;

/** How the segment is damaged. */
export type WalDamage = keyof typeof damages;

/**
 * The database is killed while it writes, and the segment of its write-ahead log that holds the last checkpoint is damaged when it comes
 * back: it says `PANIC: could not locate a valid checkpoint record` and does not start again, however often it is restarted.
 *
 * Every process of it stands still first, so that nothing is written between the look at the control file and the damage.
 *
 * Source: postmortem 003, "The Database" ("the WAL was corrupted ... due to previous crash loops and OOM kills"). PostgreSQL manual, 30.5
 * "WAL Configuration" and the reference of pg_controldata.
 *
 * @param options.worker the node of the database, from 1
 * @param options.damage how the segment is damaged (default: zeroed)
 */
export function pgWalCorruption(options: { readonly worker: number; readonly damage?: WalDamage }): Fault {
  const node = { worker: options.worker };
  const damage = options.damage ?? 'zeroed';
  const log = '/var/log/pods/chromadb_chromadb-0_*/chromadb/*.log';
  return {
    id: 'pg-wal-corruption',
    title: 'The WAL segment with the last checkpoint is damaged',
    source: 'postmortem 003, "The Database"',
    fidelity: 'equivalent',
    params: { worker: options.worker, damage },
    targets: node,
    prepare: [
      act(
        'see that the database is there',
        node,
        `rm -rf ${kept} && mkdir -p ${kept} && test -f ${onNode}/PG_VERSION && pidof postgres`,
      ),
    ],
    inject: [
      act(
        'it is killed in mid-write, and a segment of its log is damaged',
        node,
        [
          findPostmaster,
          stopPostgres,
          `control=$(nsenter -t "$postmaster" -m ${bin}/pg_controldata ${inContainer})`,
          `place=$(echo "$control" | sed -n 's/^Latest checkpoint location: *//p')`,
          `timeline=$(echo "$control" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")`,
          'high=$((0x${place%/*})); low=$((0x${place#*/})); at=$((low & 0xffffff))',
          `segment=${onNode}/pg_wal/$(printf '%08X%08X%08X' "$timeline" "$high" $((low >> 24)))`,
          `cp -a "$segment" ${kept}/`,
          'kill -KILL $(pidof postgres)',
          damages[damage],
          'echo "checkpoint $place, segment ${segment##*/}, byte $at"',
        ].join('\n'),
      ),
    ],
    witness: [
      {
        name: 'PostgreSQL says it itself',
        on: node,
        command: `grep -ho 'PANIC: .*' ${log} | tail -n 1`,
        expect: 'could not (locate a valid checkpoint record|open file|read)',
      },
    ],
    witnessDeadlineMs: seconds(40),
    undo: [
      act(
        'put the segment back, where nobody has made another log meanwhile',
        node,
        [
          `segment=$(ls ${kept})`,
          `if ! pgrep -x postgres >/dev/null && [ -n "$segment" ]; then cp -a "${kept}/$segment" ${onNode}/pg_wal/; fi`,
        ].join('\n'),
      ),
    ],
  };
}
