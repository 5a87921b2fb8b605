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

/** A value as a reader wants it; nothing where there is none. */
function shown(value: Json | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function words(data: Readonly<Record<string, Json>>): string {
  return Object.entries(data)
    .map(([key, value]) => `${key} ${shown(value)}`)
    .join(', ');
}

/** What the run writes between the lines of a standard; an empty text is not worth a line. */
const RUN_LINES: Readonly<Record<string, (data: Readonly<Record<string, Json>>) => string>> = {
  [MARK]: (d) => `— ${shown(d['name'])} —`,
  alive: (d) => (d['ok'] === true ? 'the device answers' : `the device does NOT answer: ${shown(d['message'])}`),
  silence: (d) => `silence: no ${shown(d['kind'])} within ${limitText(d)}; the drive ends here`,
  absent: (d) => `no ${shown(d['kind'])} within ${limitText(d)}`,
  quiet: (d) => `watching for ${shown(d['kind'])} that must not come, ${limitText(d)}`,
  'quiet.over': (d) => (d['came'] === null ? 'it did not come' : 'it came'),
  pause: (d) => `waiting: ${shown(d['why'])}, ${limitText(d)}`,
  'pause.over': () => 'waited',
  stop: (d) => `the drive ends: ${shown(d['reason'])}`,
  loop: () => '',
};

function limitText(data: Readonly<Record<string, Json>>): string {
  return `${shown(data['ms'])} ms (${shown(data['timer'])})`;
}

/** The line of an event that belongs to no standard (marks, silence, proof of life), or of any event when no printer is at hand. */
export function plainLine(event: Ev): string {
  const data = event.data ?? {};
  const own = event.channel === 'run' ? RUN_LINES[event.type] : undefined;
  if (own !== undefined) return own(data);
  const octets = event.raw === undefined || event.raw === '' ? '' : `${event.raw.length / 2} octets`;
  return [event.type, words(data), octets].filter((part) => part !== '').join(': ');
}

/** Every event that says something to a reader, decoded, in order. */
export function timelineOf(spec: string, events: readonly Ev[], print: Printer | undefined): Line[] {
  const log = logOf(events, 1);
  return events.flatMap((event) => {
    const text =
      print?.(spec, event, log) ?? (print === undefined || event.channel === 'run' ? plainLine(event) : undefined);
    return text === undefined || text === ''
      ? []
      : [{ n: event.n, ms: event.ms, channel: event.channel, dir: event.dir, text }];
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
