/**
 * Environment variables by which foreign code gets into a program that is asked for something else. They come first, so that
 * no number of others pushes them out.
 */
const DANGEROUS = new Set([
  "LD_PRELOAD",
  "LD_AUDIT",
  "LD_LIBRARY_PATH",
  "GLIBC_TUNABLES",
  "GCONV_PATH",
  "BASH_ENV",
  "ENV",
  "PROMPT_COMMAND",
  "NODE_OPTIONS",
  "PYTHONPATH",
  "PYTHONHOME",
  "PYTHONSTARTUP",
  "PYTHONUSERBASE",
  "PYTHONBREAKPOINT",
  "PYTHONWARNINGS",
  "PYTHONINSPECT",
  "PERL5OPT",
  "PERL5LIB",
  "PERL5DB",
  "RUBYOPT",
  "RUBYLIB",
  "JAVA_TOOL_OPTIONS",
  "_JAVA_OPTIONS",
  "GIT_SSH_COMMAND",
  "DYLD_INSERT_LIBRARIES",
  "DYLD_LIBRARY_PATH",
]);

/**
 * Others worth keeping: those that change what a program loads, runs, trusts, talks to or leaves behind. A closed list, since
 * the rest is private to the image (keys, passwords) and tells nothing of behaviour. The loader's are named one by one, for
 * with a prefix a sample could fill the list with names of its own making.
 */
const TELLING = new Set([
  "LD_ASSUME_KERNEL",
  "LD_BIND_NOT",
  "LD_BIND_NOW",
  "LD_DEBUG",
  "LD_DEBUG_OUTPUT",
  "LD_DYNAMIC_WEAK",
  "LD_HWCAP_MASK",
  "LD_ORIGIN_PATH",
  "LD_POINTER_GUARD",
  "LD_PREFER_MAP_32BIT_EXEC",
  "LD_PROFILE",
  "LD_PROFILE_OUTPUT",
  "LD_SHOW_AUXV",
  "LD_TRACE_LOADED_OBJECTS",
  "LD_USE_LOAD_BIAS",
  "LD_VERBOSE",
  "LD_WARN",
  "HISTFILE",
  "HISTSIZE",
  "HISTFILESIZE",
  "HISTCONTROL",
  "SHELLOPTS",
  "IFS",
  "PS4",
  "PATH",
  "HOME",
  "SHELL",
  "USER",
  "DOCKER_HOST",
  "PHPRC",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "NODE_PATH",
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
]);

const PREFIXES = ["PYTHON", "PERL5", "KUBERNETES_"];
const PROXY = /^(http|https|ftp|all|no)_proxy$/i;

const VARIABLES_MAX = 128;
const VARIABLE_MAX = 4096;

export interface SelectedEnvironment {
  /** `NAME=value`, the dangerous ones first, each cut at 4096 characters. */
  readonly kept: string[];
  /** Something that belongs to these is missing. */
  readonly truncated: boolean;
}

/** Keeps what is listed, whatever stands around it. */
export function selectEnvironment(strings: readonly string[]): SelectedEnvironment {
  const found: [dangerous: string[], telling: string[]] = [[], []];
  for (const string of strings) {
    const rank = rankOf(string);
    if (rank !== null) found[rank].push(string);
  }
  const all = found.flat();
  return {
    kept: all.slice(0, VARIABLES_MAX).map((string) => string.slice(0, VARIABLE_MAX)),
    truncated: all.length > VARIABLES_MAX || all.some((string) => string.length > VARIABLE_MAX),
  };
}

function rankOf(string: string): 0 | 1 | null {
  const end = string.indexOf("=");
  if (end <= 0) return null;
  const name = string.slice(0, end);
  if (DANGEROUS.has(name)) return 0;
  return TELLING.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix)) || PROXY.test(name) ? 1 : null;
}
