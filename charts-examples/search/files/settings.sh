#!/bin/bash
# Fills the folder of settings that the server starts with.
set -euo pipefail
cp --recursive --no-preserve=mode,ownership config/. /settings/
cp /etc/search/elasticsearch.yml /etc/search/log4j2.properties /settings/
mkdir -p /settings/jvm.options.d /settings/certificates
cp /etc/search/heap.options /settings/jvm.options.d/
cp /run/certificates/* /settings/certificates/

# The password stands in the key store, never in an environment variable.
export ES_PATH_CONF=/settings
rm -f /settings/elasticsearch.keystore
bin/elasticsearch-keystore create
bin/elasticsearch-keystore add --stdin bootstrap.password </run/credentials/password
