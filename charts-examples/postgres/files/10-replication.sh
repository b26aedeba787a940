#!/bin/sh
# Runs once, when the primary's data folder is first filled.
set -eu
password="$(cat /etc/postgresql/credentials/replication-password)"
psql --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --set=ON_ERROR_STOP=1 --set=password="$password" <<'SQL'
CREATE ROLE replicator WITH LOGIN REPLICATION PASSWORD :'password';
SQL
