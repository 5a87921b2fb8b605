import type { Ev } from './events.ts';

/** A kind of thing that a log can hold: decodes an event on reading, or says that the event is something else. */
export interface Kind<V extends object> {
  /** As it stands in messages: "state notification", "package fetch". */
  readonly name: string;
  read(event: Ev, log: Log): V | undefined;
}

/** A decoded thing with the number and real time of its event. */
export type Seen<V extends object> = V & { readonly n: number; readonly ms: number };

/** Pure reader over the events of one case; the same object during a run and when a stored run is judged again. */
export interface Log {
  readonly events: readonly Ev[];
  /** The event with this number, from the whole log. */
  at(n: number): Ev | undefined;
  all<V extends object>(kind: Kind<V>): Seen<V>[];
  first<V extends object>(kind: Kind<V>): Seen<V> | undefined;
  last<V extends object>(kind: Kind<V>): Seen<V> | undefined;
  /** What came after a mark (its first occurrence) or after an event; empty if the mark was never set. */
  after(from: string | { readonly n: number }): Log;
  before(to: string | { readonly n: number }): Log;
  /** Milliseconds of protocol time between two events. */
  elapsed(from: { readonly ms: number }, to: { readonly ms: number }): number;
  /** Milliseconds of protocol time between one thing of this kind and the next. */
  gap<V extends object>(kind: Kind<V>): number[];
  /** The last event that a reader was handed; where a failed claim looks first. */
  touched(): number | undefined;
}

/** The event type of `mark(name)`. */
export const MARK = 'mark';

export function logOf(events: readonly Ev[], factor: number): Log {
  const byNumber = new Map(events.map((e) => [e.n, e]));
  let touched: number | undefined;
  const make = (part: readonly Ev[]): Log => {
    const seen = <V extends object>(kind: Kind<V>): Seen<V>[] => {
      const found: Seen<V>[] = [];
      for (const event of part) {
        const value = kind.read(event, log);
        if (value !== undefined) found.push({ ...value, n: event.n, ms: event.ms });
      }
      touched = found.at(-1)?.n ?? touched;
      return found;
    };
    const place = (spot: string | { readonly n: number }): number | undefined =>
      typeof spot === 'string' ? part.find((e) => e.type === MARK && e.data?.['name'] === spot)?.n : spot.n;
    const log: Log = {
      events: part,
      at: (n) => byNumber.get(n),
      all: seen,
      first: (kind) => {
        const value = seen(kind)[0];
        touched = value?.n ?? touched;
        return value;
      },
      last: (kind) => seen(kind).at(-1),
      after: (from) => {
        const n = place(from);
        return make(n === undefined ? [] : part.filter((e) => e.n > n));
      },
      before: (to) => {
        const n = place(to);
        return make(n === undefined ? part : part.filter((e) => e.n < n));
      },
      elapsed: (from, to) => (to.ms - from.ms) / factor,
      gap: (kind) => {
        const times = seen(kind).map((v) => v.ms);
        return times.slice(1).map((ms, i) => (ms - (times[i] ?? ms)) / factor);
      },
      touched: () => touched,
    };
    return log;
  };
  return make(events);
}

/** The same kind, narrowed by a test and named for messages. */
export function where<V extends object>(kind: Kind<V>, name: string, test: (value: V) => boolean): Kind<V> {
  return {
    name,
    read: (event, log) => {
      const value = kind.read(event, log);
      return value !== undefined && test(value) ? value : undefined;
    },
  };
}

/** Events of one type, optionally on one channel, as they are. */
export function eventKind(name: string, type: string, channel?: string): Kind<Ev> {
  return { name, read: (e) => (e.type === type && (channel === undefined || e.channel === channel) ? e : undefined) };
}
