const NAMES = (
  "0 SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM " +
  "SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS"
).split(" ");

/** Linux signal name; `SIGRTMIN+n` counted as the kernel does, from 32. */
export function signalName(number: number): string {
  if (number >= 32 && number <= 64) return number === 32 ? "SIGRTMIN" : `SIGRTMIN+${number - 32}`;
  return NAMES[number] ?? String(number);
}
