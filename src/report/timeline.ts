import type { Ev, Json } from '../core/events.ts';
import { type Log, logOf, MARK } from '../core/log.ts';

/** Prints an event of a standard as one decoded line; what `Registered.print` does, handed in because reports know no standard. */
export type Printer = (spec: string, event: Ev, log: Log) => string | undefined;

/** One decoded line of a timeline. */
export interface Line {
  readonly n: number;
  /** Milliseconds on the bench clock since the run began, real time. */
  readonly ms: number;
  readonly channel: string;
  readonly dir: 'in' | 'out' | undefined;
  readonly text: string;
}

function words(data: Readonly<Record<string, Json>>): string {
  return Object.entries(data)
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** The line of an event that belongs to no standard (marks, silence, proof of life), or of any event when no printer is at hand. */
export function plainLine(event: Ev): string {
  const data = event.data ?? {};
  const name = data['name'];
  if (event.type === MARK && typeof name === 'string') return `— ${name} —`;
  const text = words(data);
  const octets = event.raw === undefined || event.raw === '' ? '' : `${event.raw.length / 2} octets`;
  return [event.type, text, octets].filter((part) => part !== '').join(': ');
}

/** Every event that says something to a reader, decoded, in order. */
export function timelineOf(spec: string, events: readonly Ev[], print: Printer | undefined): Line[] {
  const log = logOf(events, 1);
  return events.flatMap((event) => {
    const text =
      print?.(spec, event, log) ?? (print === undefined || event.channel === 'run' ? plainLine(event) : undefined);
    return text === undefined ? [] : [{ n: event.n, ms: event.ms, channel: event.channel, dir: event.dir, text }];
  });
}

const ARROW = { in: '◀', out: '▶' } as const;

/** `12.345  coap      ▶ POST /swu`, with `>` in front of the line that a verdict rests on. */
export function printLine(line: Line, at?: number): string {
  const seconds = (line.ms / 1000).toFixed(3).padStart(9);
  const arrow = line.dir === undefined ? ' ' : ARROW[line.dir];
  return `${line.n === at ? '>' : ' '}${seconds}  ${line.channel.padEnd(9)} ${arrow} ${line.text}`;
}

/** The `count` lines around an event: two thirds before it. Without an event, the last ones. */
export function around(lines: readonly Line[], at: number | undefined, count = 10): readonly Line[] {
  if (at === undefined) return lines.slice(-count);
  const index = lines.findLastIndex((line) => line.n <= at);
  const first = Math.max(0, Math.min(index - Math.floor((count * 2) / 3), lines.length - count));
  return lines.slice(first, first + count);
}
