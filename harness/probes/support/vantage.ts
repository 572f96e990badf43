/**
 * A program for the node that asks DNS questions from inside the vantage pod's network namespace. It needs neither the API nor
 * the container runtime: the pod's process is the newest one whose environment has `FIREDRILL_VANTAGE=1`, the resolver is the
 * one in that pod's own /etc/resolv.conf, and what asks is the node's perl (perl-base has Socket and IO::Select and no more).
 *
 * In: `id name`, a line a question. Out: `id ok address` or `id error reason`; lines that begin with `!` are about itself.
 * Each question has a socket of its own, as a resolver library's has: a kept one would keep its connection-tracking entry, and
 * so a dead endpoint. Nobody answers for silence: the asker has the clock. It ends when its input ends, and when the pod's
 * process has gone, for then the namespace it sits in is nobody's.
 */
const perl = String.raw`
use strict; use warnings; use Socket; use IO::Select;
$| = 1;
my $pid = shift;
my $net = readlink("/proc/self/ns/net");
my $server;
if (open(my $f, "<", "/proc/$pid/root/etc/resolv.conf")) {
  while (<$f>) { if (/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/) { $server = $1; last } }
}
if (!defined $server) { print "! no nameserver in the resolv.conf of process $pid\n"; exit 0 }
print "! ready $pid $server\n";
my $to = pack_sockaddr_in(53, inet_aton($server));
my %rcodes = (1 => "FORMERR", 2 => "SERVFAIL", 3 => "NXDOMAIN", 4 => "NOTIMP", 5 => "REFUSED");
my $in = IO::Select->new(\*STDIN);
my (%asked, $buffer); $buffer = ""; my $looked = time;

sub skip_name {
  my ($m, $at) = @_;
  while ($at < length $m) {
    my $n = ord(substr($m, $at, 1));
    if ($n == 0) { return $at + 1 }
    if ($n >= 192) { return $at + 2 }
    $at += $n + 1;
  }
  return $at;
}
sub answer_of {
  my ($m) = @_;
  my (undef, $flags, $questions, $answers) = unpack("n4", $m);
  my $rcode = $flags & 15;
  if ($rcode) { return "error " . ($rcodes{$rcode} || "rcode $rcode") }
  my $at = 12;
  for (1 .. $questions) { $at = skip_name($m, $at) + 4 }
  for (1 .. $answers) {
    $at = skip_name($m, $at);
    if ($at + 10 > length $m) { last }
    my ($type, $class, $ttl, $size) = unpack("nnNn", substr($m, $at, 10));
    if ($type == 1 && $size == 4) { return "ok " . inet_ntoa(substr($m, $at + 10, 4)) }
    $at += 10 + $size;
  }
  return "error no A record";
}
sub ask {
  my ($id, $name) = split / /, $_[0];
  if (!defined $name) { return }
  my $socket;
  socket($socket, PF_INET, SOCK_DGRAM, getprotobyname_udp()) or do { print "$id error $!\n"; return };
  my $tx = int(rand(65536));
  my $question = pack("n6", $tx, 256, 1, 0, 0, 0);
  $question .= pack("C/a*", $_) for split /\./, $name;
  $question .= pack("Cnn", 0, 1, 1);
  if (!connect($socket, $to) || !defined send($socket, $question, 0)) { print "$id error $!\n"; return }
  $asked{fileno $socket} = [$id, $socket, $tx, time];
  $in->add($socket);
}
sub getprotobyname_udp { return 17 }
sub forget { my ($s) = @_; $in->remove($s); delete $asked{fileno $s}; close $s }

while (1) {
  for my $h ($in->can_read(1)) {
    if (fileno $h == 0) {
      sysread(STDIN, $buffer, 4096, length $buffer) or exit 0;
      while ($buffer =~ s/^([^\n]*)\n//) { ask($1) }
      next;
    }
    my ($id, $socket, $tx) = @{$asked{fileno $h}};
    my $m = "";
    if (!defined recv($socket, $m, 4096, 0)) { print "$id error $!\n"; forget($socket); next }
    if (length $m < 12 || unpack("n", $m) != $tx) { next }
    print "$id ", answer_of($m), "\n";
    forget($socket);
  }
  if (time != $looked) {
    $looked = time;
    if ((readlink("/proc/$pid/ns/net") || "") ne $net) { print "! the vantage pod has gone\n"; exit 0 }
    for (values %asked) { if ($$_[3] < time - 30) { forget($$_[1]) } }
  }
}
`;

/** The whole as one shell command for `Cluster.attach`. */
export function vantageCommand(): string {
  return [
    `pid=$(grep -lz '^FIREDRILL_VANTAGE=1$' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | sort -n | tail -n 1)`,
    `if [ -z "$pid" ]; then echo '! no vantage pod on this node'; exit 0; fi`,
    `exec nsenter -n -t "$pid" perl -e '${perl}' "$pid"`,
  ].join('\n');
}
