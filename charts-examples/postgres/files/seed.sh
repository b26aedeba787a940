#!/bin/sh
# Fills an empty data folder of a standby with a copy of the primary's.
# Pod 0 is the primary: the image's own entry point fills its folder.
set -eu
if [ "$POD_INDEX" = 0 ] || [ -s "$PGDATA/PG_VERSION" ]; then
  exit 0
fi
PGPASSWORD="$(cat /etc/postgresql/credentials/replication-password)"
export PGPASSWORD
# When the primary does not answer, this fails and the kubelet tries again, later each time.
exec pg_basebackup --host="$PRIMARY" --username=replicator --pgdata="$PGDATA" \
  --wal-method=stream --write-recovery-conf --checkpoint=fast
