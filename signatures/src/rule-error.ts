/** What is wrong with a rule and where in the file; becomes a fault once file and line are known. */
export class RuleError extends Error {
  readonly path: readonly (string | number)[];
  /** The rule is well-formed but asks for something this engine doesn't do: it loads and doesn't apply. */
  readonly unsupported: boolean;

  constructor(message: string, options: { path?: readonly (string | number)[]; unsupported?: boolean } = {}) {
    super(message);
    this.name = "RuleError";
    this.path = options.path ?? [];
    this.unsupported = options.unsupported ?? false;
  }
}
