#!/bin/sh
# A web server as most are: prepares its folders, says that it starts, and serves.
set -eu
mkdir -p /run /var/log/web
echo "$$" >/run/web.pid
echo "web: serving /srv on port 8080"
# Its log goes to a file as well as to standard error, as many servers' do.
echo "started as pid $$" >>/var/log/web/server.log
exec /bin/httpd -f -vv -p 8080 -h /srv
