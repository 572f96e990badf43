import { kineDatabase, lockHolders, writeLockByte } from '../model/commands.ts';
import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { minutes, seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const program = '/usr/local/sbin/datastore-backup';
const folder = keptBy('datastore-locked');

/**
 * Copies a database while nobody may write to it. In WAL mode SQLite's own `BEGIN IMMEDIATE` locks these bytes: of the database those that every
 * reader shares, of its -shm file the one by which it is in use, and the writer's.
 *
 * The copy is read through the handle that holds the locks: to close any other of the same file would drop them.
 */
const backup = `#!/usr/bin/perl
use strict;
use Fcntl qw(F_SETLKW F_RDLCK F_WRLCK SEEK_SET);
my ($database, $copy) = @ARGV;
sub hold {
  my ($file, $type, $from, $bytes) = @_;
  fcntl $file, F_SETLKW, pack("s s x4 q q i x4", $type, SEEK_SET, $from, $bytes, 0) or die "lock: $!";
}
open my $data, "+<", $database or die "$database: $!";
open my $index, "+<", "$database-shm" or die "$database-shm: $!";
hold $data, F_RDLCK, 0x40000002, 510;
hold $index, F_RDLCK, 128, 1;
hold $index, F_WRLCK, ${writeLockByte}, 1;
open my $to, ">", $copy or die "$copy: $!";
while (sysread $data, my $block, 65536) { syswrite $to, $block or die "$copy: $!" }`;

const unit = (database: string): string => `[Unit]
Description=Copies the datastore to the backup's disk
[Service]
ExecStart=${program} ${database} ${folder}/copy`;

/**
 * A backup job of the server has kine's database locked for writing while it copies it, and the copy does not end: what it is written to (a pipe
 * here) takes nothing. Whoever wants to write waits for SQLite's `busy_timeout` (kine: 30 s) and is then told `database is locked`.
 *
 * The job is a unit of systemd as a timer starts it: nobody starts it again, neither after it was killed nor at the next boot. A node has no
 * SQLite but that in k3s; a script takes the locks that SQLite would take.
 *
 * Source: k3s-io/k3s#8234 (what the error is: another process' lock); benbjohnson/litestream#572 (the backup of a k3s server, leases that cannot
 * be renewed) and #237 (a snapshot transfer of hours "locks the database for writing until the snapshot has finished"); k3s-io/kine#586.
 */
export function datastoreLocked(distribution: Distribution): Fault {
  const { kubectl } = distribution.commands;
  return {
    id: 'datastore-locked',
    title: "A backup holds the lock of the datastore's database",
    source: 'k3s-io/k3s#8234; benbjohnson/litestream#572, #237',
    fidelity: 'equivalent',
    params: {},
    // The backup is a unit.
    requires: [{ datastore: 'SQLite' }, { init: 'systemd' }],
    targets: 'control-plane',
    prepare: [
      act(
        'the backup is installed',
        'control-plane',
        [
          `mkdir -p ${folder}`,
          `rm -f ${folder}/copy`,
          `mkfifo ${folder}/copy`,
          `cat > ${program} <<'SCRIPT'\n${backup}\nSCRIPT`,
          `chmod 755 ${program}`,
          `cat > /etc/systemd/system/datastore-backup.service <<'UNIT'\n${unit(kineDatabase(distribution))}\nUNIT`,
          'systemctl daemon-reload',
        ].join('\n'),
      ),
    ],
    inject: [act('the backup runs', 'control-plane', 'systemctl start datastore-backup')],
    witness: [
      {
        name: 'it holds the lock',
        on: 'control-plane',
        command: lockHolders(distribution),
        expect: 'datastore-backup',
      },
      {
        name: 'the datastore takes nothing',
        on: 'control-plane',
        command: `${kubectl} create -f - --request-timeout=4s 2>&1 <<'EVENT' || true
apiVersion: v1
kind: Event
metadata: { namespace: default, generateName: firedrill- }
involvedObject: { namespace: default }
EVENT`,
        expect: 'database is locked|[Tt]imeout|timed out|deadline|context',
      },
    ],
    witnessDeadlineMs: seconds(40),
    undo: [
      act(
        'the backup ends',
        'control-plane',
        `systemctl stop datastore-backup
rm -rf ${folder} ${program} /etc/systemd/system/datastore-backup.service
systemctl daemon-reload`,
      ),
      until('the API is ready', 'control-plane', `${kubectl} get --raw /readyz --request-timeout=3s`, minutes(3)),
    ],
  };
}
