#!/bin/sh
# Starts the metrics adapter, which takes its password from its environment only.
set -eu
ES_PASSWORD="$(cat /run/credentials/password)"
export ES_PASSWORD ES_USERNAME=elastic
exec elasticsearch_exporter --es.uri=http://127.0.0.1:9200 --es.all --es.indices --web.listen-address=:9114
