# shellcheck shell=sh
# The function waits until somebody takes connections on the API's port of another node.
: "${patience:?seconds}" "${api:?address}"
until_listens() {
  # Perl, because a shell would start processes for each look.
  perl -MSocket -e '
    my ($patience, $api) = @ARGV;
    my ($s, $end) = (undef, time + $patience);
    until (socket($s, PF_INET, SOCK_STREAM, 0) && connect($s, pack_sockaddr_in(6443, inet_aton($api)))) {
      exit if time > $end;
      select undef, undef, undef, 0.03;
    }' "$patience" "$api"
}
