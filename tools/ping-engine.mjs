// Exits 0 when a container engine answers on DOCKER_HOST or the usual socket. Plain JavaScript: runs before any build.
import http from "node:http";

const host = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
const target = host.startsWith("unix://")
  ? { socketPath: host.slice("unix://".length) }
  : { host: new URL(host).hostname, port: new URL(host).port || 2375 };
const request = http.get({ ...target, path: "/_ping", timeout: 2000 }, (response) => {
  process.exit(response.statusCode === 200 ? 0 : 1);
});
request.on("timeout", () => process.exit(1));
request.on("error", () => process.exit(1));
