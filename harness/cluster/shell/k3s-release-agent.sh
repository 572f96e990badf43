# shellcheck shell=sh
# Lets the agent go once its server takes connections: one that finds nobody asks again only after five seconds. Behind until-listens.sh.
until_listens
systemctl enable --quiet --now --no-block k3s-agent
