#!/bin/sh
# Writes the metrics of all pools for the textfile collector of Prometheus' node exporter, then says in one line how the
# pools are. For cron; where systemd runs, `systemctl enable --now cistern-metrics.timer` does the first half each minute.
#
#   collect.sh [FOLDER]
#
# The status is that of pool-health: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
set -eu
folder=${1:-/var/lib/prometheus/node-exporter}
pool-metrics --folder "$folder"
pool-health --warning 80 --critical 90
