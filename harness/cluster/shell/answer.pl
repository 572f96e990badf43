# Reads commands, one a line in hexadecimal digits, runs each by `sh -ec`, and answers with a line each: exit code, stdout and stderr
# (hexadecimal too, behind a dash so that none is an empty word). No single quote may be in here: it is handed over within them.
$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  open(my $err, "+>", undef) or die "no room for an answer: $!";
  my $pid = open(my $out, "-|") // die "no process: $!";
  if (!$pid) {
    open(STDIN, "<", "/dev/null");
    open(STDERR, ">&", $err);
    exec("sh", "-ec", pack "H*", $line);
    exit 127;
  }
  local $/;
  my $said = <$out> // "";
  close $out;
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  seek $err, 0, 0;
  my $complained = <$err> // "";
  print $code, " -", unpack("H*", $said), " -", unpack("H*", $complained), "\n";
}
