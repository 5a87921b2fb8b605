import type { Ev } from '../events.ts';

/** A log written by hand, for unit tests of judges: what a device showed in a case. One event follows another after `stepMs` unless told. */
export class WrittenLog {
  readonly events: Ev[] = [];
  readonly #channel: string;
  readonly #stepMs: number;
  /** When the last event was. */
  ms = 0;

  constructor(channel: string, stepMs: number) {
    this.#channel = channel;
    this.#stepMs = stepMs;
  }

  /** The next event comes so long after the last one. */
  after(ms: number): this {
    this.ms += ms - this.#stepMs;
    return this;
  }

  /** Returns the number of the event. */
  add(event: Omit<Ev, 'n' | 'ms' | 'channel'>, channel = this.#channel): number {
    const n = this.events.length;
    this.ms += this.#stepMs;
    this.events.push({ n, ms: this.ms, channel, ...event });
    return n;
  }

  /** The device answered the question whether it is there. */
  alive(): void {
    this.add({ type: 'alive', data: { ok: true } }, 'run');
  }

  /** A mark of the drive. */
  mark(name: string): void {
    this.add({ type: 'mark', data: { name } }, 'run');
  }
}

/** The case of this id. */
export function caseOf<C extends { readonly id: string }>(
  suites: readonly { readonly cases: readonly C[] }[],
  id: string,
): C {
  const found = suites.flatMap((s) => s.cases).find((c) => c.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
}
