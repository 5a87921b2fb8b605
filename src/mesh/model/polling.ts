import { pause } from '../stack/bell.ts';
import type { Answer, Silence } from '../stack/exchange.ts';
import type { Timers } from '../stack/timers.ts';

/** How to poll. Times are real milliseconds, already scaled. */
export interface PollTiming {
  readonly everyMs: number;
  /** Gives up when nothing new was seen for so long. */
  readonly noProgressMs: number;
}

/** Where polling ended. `seen`: every different progress text, in order. */
export type Polled<V> =
  | { readonly kind: 'reached'; readonly value: V; readonly seen: readonly string[] }
  | { readonly kind: 'stuck'; readonly last: V; readonly seen: readonly string[]; readonly afterMs: number }
  | { readonly kind: 'malformed' }
  | Silence;

/** Asks again and again until an answer passes the test. */
export async function poll<V>(
  timers: Timers,
  timing: PollTiming,
  ask: () => Promise<Answer<V>>,
  reached: (value: V) => boolean,
  progress: (value: V) => string,
): Promise<Polled<V>> {
  const seen: string[] = [];
  let since = timers.now();
  for (;;) {
    const answer = await ask();
    if (answer.kind === 'silence') return answer;
    if (answer.kind === 'malformed') return { kind: 'malformed' };
    const { value } = answer;
    const text = progress(value);
    if (text !== seen.at(-1)) {
      seen.push(text);
      since = timers.now();
    }
    if (reached(value)) return { kind: 'reached', value, seen };
    const afterMs = timers.now() - since;
    if (afterMs >= timing.noProgressMs) return { kind: 'stuck', last: value, seen, afterMs };
    await pause(timers, timing.everyMs);
  }
}
