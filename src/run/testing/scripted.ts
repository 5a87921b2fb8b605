import type { Ev, EventSink } from '../../core/events.ts';
import type { Kind } from '../../core/log.ts';
import type { Standard } from '../../core/standard.ts';
import type { TimingTable } from '../../core/timing.ts';

/** Plain words as events: the wire of a scripted peer. */
export interface Wire {
  out(words: string): void;
  in(words: string): void;
}

export function wireOn(events: EventSink, channel: string): Wire {
  const say = (dir: 'in' | 'out', words: string): void =>
    void events.append({ channel, type: 'words', dir, raw: Buffer.from(words) });
  return { out: (words) => say('out', words), in: (words) => say('in', words) };
}

/** Words in one direction that begin so; decoded on reading, as every kind is. */
export function heard(start: string, dir: 'in' | 'out' = 'in'): Kind<{ readonly rest: string }> {
  return {
    name: start,
    read(event: Ev) {
      if (event.type !== 'words' || event.dir !== dir) return undefined;
      const words = Buffer.from(event.raw ?? '', 'hex').toString();
      return words.startsWith(start) ? { rest: words.slice(start.length).trim() } : undefined;
    },
  };
}

/** A standard around a tester that a test makes; its device always answers. */
export function scripted<T extends object>(
  timing: TimingTable,
  open: (events: EventSink) => T,
  ladder: Standard<T, object>['ladder'] = { ready: () => Promise.resolve() },
): Standard<T, object> {
  return {
    spec: 'SHAPE',
    title: 'A scripted peer',
    timing,
    stillAnswers: 'SHAPE-1.answers',
    open: (bench) => Promise.resolve(open(bench.events)),
    alive: () => Promise.resolve(),
    ladder,
    settle: () => Promise.resolve(),
    close: () => Promise.resolve(),
    invariants: [],
    print: () => undefined,
  };
}
