# The shell of a drill: says at the prompt which alerts have rung since the last one. Read by bash as its --rcfile.
seen_alerts=0

# All alerts so far, a line each.
alerts() {
  sed -n 's/.*"at":"[^"]*T\([0-9:]*\)[^"]*".*"state":"\([^"]*\)".*"summary":"\([^"]*\)".*/\1 \2: \3/p' "$ALERTS"
}

tell_new_alerts() {
  rung=$(wc -l <"$ALERTS" 2>/dev/null) || return 0
  if [ "$rung" -gt "$seen_alerts" ]; then
    alerts | tail -n "+$((seen_alerts + 1))" | while IFS= read -r line; do printf '\033[1m▲ %s\033[0m\a\n' "$line"; done
    seen_alerts=$rung
  fi
}

PROMPT_COMMAND=tell_new_alerts
PS1='on-call \w\$ '
HISTFILE=
cd "$DESK" || exit
