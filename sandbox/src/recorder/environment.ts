/**
 * Environment variables worth keeping: those that change what a program loads, runs, trusts, talks to or leaves behind.
 * A closed list, since the rest is private to the image (keys, passwords) and tells nothing of behaviour.
 */
const NAMES = new Set([
  "GLIBC_TUNABLES",
  "GCONV_PATH",
  "HISTFILE",
  "HISTSIZE",
  "HISTFILESIZE",
  "HISTCONTROL",
  "NODE_OPTIONS",
  "BASH_ENV",
  "ENV",
  "PROMPT_COMMAND",
  "SHELLOPTS",
  "IFS",
  "PS4",
  "PATH",
  "HOME",
  "SHELL",
  "USER",
  "DOCKER_HOST",
  "JAVA_TOOL_OPTIONS",
  "_JAVA_OPTIONS",
  "RUBYOPT",
  "RUBYLIB",
  "PHPRC",
  "GIT_SSH_COMMAND",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
]);

const PREFIXES = ["LD_", "PYTHON", "PERL5", "KUBERNETES_", "DYLD_"];
const PROXY = /^(http|https|ftp|all|no)_proxy$/i;

const VARIABLES_MAX = 64;
const VALUE_MAX = 1024;

/** Keeps `NAME=value` of listed names, in order; values are cut at 1024 characters. */
export function selectEnvironment(strings: readonly string[]): string[] {
  return strings
    .filter(isTelling)
    .slice(0, VARIABLES_MAX)
    .map((string) => string.slice(0, VALUE_MAX));
}

function isTelling(string: string): boolean {
  const end = string.indexOf("=");
  if (end <= 0) return false;
  const name = string.slice(0, end);
  return NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix)) || PROXY.test(name);
}
