/** LwM2M operations as the log names them; `look` is a Read of the tester's own polling, `alive` its proof of life. */
export type Operation =
  | 'read'
  | 'look'
  | 'alive'
  | 'discover'
  | 'write'
  | 'attributes'
  | 'execute'
  | 'create'
  | 'delete'
  | 'observe'
  | 'read-composite'
  | 'write-composite'
  | 'bootstrap';

/** What stands in the log with a request: `execute: install`. */
export function noteOf(operation: Operation, label: string | undefined): string {
  return label === undefined ? operation : `${operation}: ${label}`;
}

/** The parts of such a note. */
export function readNote(note: string | undefined): { operation: string; label: string | undefined } {
  const [operation = '', ...rest] = (note ?? '').split(': ');
  return { operation, label: rest.length === 0 ? undefined : rest.join(': ') };
}
