/** Where an input is wrong: a file with line and column (both from 1), or a port, a frame, a resource by name. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** A port, link, frame or resource, named as the user named it. */
  readonly where?: string;
}

/** Base of every error that Plumbline raises on purpose; `code` is stable and may be matched by programs. */
export abstract class PlumblineError extends Error {
  abstract readonly kind: 'input' | 'bench' | 'tester';
  readonly code: string;
  readonly place: Place;

  constructor(code: string, message: string, options: { place?: Place; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.place = options.place ?? {};
  }
}

/** What the user handed in cannot be used (a YAML slip, an unknown item, a rig file with a wrong type): exit code 2. */
export class InputError extends PlumblineError {
  readonly kind = 'input';
}

/** Several input errors found in one pass; all of them are shown, not only the first. */
export class InputErrors extends InputError {
  readonly errors: readonly InputError[];

  constructor(errors: readonly InputError[]) {
    super('input', errors.map((e) => printError(e)).join('\n'));
    this.errors = errors;
  }
}

/** The bench failed (link, power, lease, disk, a device that cannot be reached): verdict ERROR, never PASS or FAIL. */
export class BenchError extends PlumblineError {
  readonly kind = 'bench';
}

/** A defect of the tester itself (a judge that judges nothing, an unknown timer): verdict ERROR, never PASS or FAIL. */
export class TesterError extends PlumblineError {
  readonly kind = 'tester';
}

/** `file:line:column: message` as compilers print it, or `where: message`, or the message alone. */
export function printError(e: unknown): string {
  if (!(e instanceof Error)) return String(e);
  if (e instanceof InputErrors) return e.message;
  if (!(e instanceof PlumblineError)) return e.message;
  const { file, line, column, where } = e.place;
  const spot = [file, line, column].filter((part) => part !== undefined).join(':');
  const prefix = [spot, where].filter((part) => part !== undefined && part !== '').join(': ');
  return prefix === '' ? e.message : `${prefix}: ${e.message}`;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
