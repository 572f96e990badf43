# Takes what Alertmanager posts and prints each body as a line, after a line "ready". A connection is answered and closed; one at a time.
use strict;
use warnings;
use IO::Socket::INET;
$| = 1;
my ($port, $address) = @ARGV;
my $server = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port, Listen => 64, ReuseAddr => 1)
  or die "cannot listen on $port: $!";
print "ready\n";
while (my $client = $server->accept) {
  my $length = 0;
  while (defined(my $header = <$client>)) {
    $header =~ s/\r?\n$//;
    last if $header eq "";
    $length = $1 if $header =~ /^content-length:\s*(\d+)/i;
  }
  my $body = "";
  while (length($body) < $length) {
    read($client, $body, $length - length($body), length($body)) or last;
  }
  print $client "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  close $client;
  $body =~ tr/\r\n/  /;
  print "$body\n";
}
