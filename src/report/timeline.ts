import type { Ev, Json } from '../core/events.ts';
import { type Log, logOf, MARK } from '../core/log.ts';

/**
 * Prints an event as one decoded line: as its standard does (`Registered.print`, handed in because reports know no standard), else as {@link benchLine}.
 * Undefined hides the event, unless it must be shown: then {@link plainLine} prints it.
 */
export type Printer = (spec: string, event: Ev, log: Log, must?: boolean) => string | undefined;

/** One decoded line of a timeline. */
export interface Line {
  readonly n: number;
  /** Milliseconds on the bench clock since the run began, real time. */
  readonly ms: number;
  readonly channel: string;
  readonly dir: 'in' | 'out' | undefined;
  /** Without an arrow of its own: the direction is told apart. */
  readonly text: string;
}

/** A value as a reader wants it; nothing where there is none. Times need no fractions of milliseconds. */
function shown(value: Json | undefined): string {
  if (typeof value === 'number') return String(Number(value.toFixed(1)));
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
  reset: () => 'the device was reset',
  power: (d) => `power ${d['on'] === true ? 'on' : 'off'}`,
  'probe.failed': (d) => `the probe failed: ${shown(d['message'])}`,
  'power.failed': (d) => `the power switch failed: ${shown(d['message'])}`,
};

function limitText(data: Readonly<Record<string, Json>>): string {
  return `${shown(data['ms'])} ms (${shown(data['timer'])})`;
}

/** The line of an event that belongs to no standard: what the run wrote (marks, silence, proof of life) and what stood on the console. */
export function benchLine(event: Ev): string | undefined {
  return event.channel === 'run' || event.channel === 'console' ? plainLine(event) : undefined;
}

/** The line of any event, where nothing can decode it. */
export function plainLine(event: Ev): string {
  const data = event.data ?? {};
  const own = event.channel === 'run' ? RUN_LINES[event.type] : undefined;
  if (own !== undefined) return own(data);
  if (event.type === 'line' && typeof data['text'] === 'string') return data['text'];
  const octets = event.raw === undefined || event.raw === '' ? '' : `${event.raw.length / 2} octets`;
  return [event.type, words(data), octets].filter((part) => part !== '').join(': ');
}

/** The event whose line stands for another one: itself, or what it carries (a datagram its request), where only that has a line. */
export function landmark(spec: string, events: readonly Ev[], print: Printer | undefined, at: number): number {
  const log = logOf(events, 1);
  for (let event = log.at(at); event !== undefined; event = event.via === undefined ? undefined : log.at(event.via))
    if ((print === undefined ? plainLine(event) : (print(spec, event, log) ?? '')) !== '') return event.n;
  return at;
}

/** Every event that says something to a reader, decoded, in order; the event `at`, on which a verdict rests, in any case. */
export function timelineOf(spec: string, events: readonly Ev[], print: Printer | undefined, at?: number): Line[] {
  const log = logOf(events, 1);
  return events.flatMap((event) => {
    const text = print === undefined ? plainLine(event) : print(spec, event, log, event.n === at);
    if (text === undefined || text === '') return [];
    const { n, ms, channel, dir } = event;
    return [{ n, ms, channel, dir, text: dir === undefined ? text : text.replace(/^[→←▶◀]\s*/u, '') }];
  });
}

const ARROW = { in: '◀', out: '▶' } as const;

/** `12.345  coap      ▶ POST /swu`, with `>` in front of the line that a verdict rests on. */
export function printLine(line: Line, at?: number): string {
  const seconds = (line.ms / 1000).toFixed(3).padStart(9);
  const arrow = line.dir === undefined ? ' ' : ARROW[line.dir];
  return `${line.n === at ? '>' : ' '}${seconds}  ${line.channel.padEnd(9)} ${arrow} ${line.text}`;
}

/** How far back a line may be that is said again: polling repeats a request and its answer. */
const PERIOD = 2;

/** Lines that only repeat what was just said, folded into one with how often and until when; the line of the event `at` is never folded. */
export function folded(lines: readonly Line[], at: number | undefined): Line[] {
  const kept: { line: Line; times: number; until: number }[] = [];
  for (const line of lines) {
    const again = kept
      .slice(-PERIOD)
      .find((k) => k.line.text === line.text && k.line.channel === line.channel && k.line.dir === line.dir);
    if (again === undefined || line.n === at || again.line.n === at) kept.push({ line, times: 1, until: line.ms });
    else Object.assign(again, { times: again.times + 1, until: line.ms });
  }
  return kept.map(({ line, times, until }) =>
    times === 1 ? line : { ...line, text: `${line.text} (${times} times until ${(until / 1000).toFixed(3)})` },
  );
}

/** The `count` lines around an event: two thirds before it. Without an event, the last ones. */
export function around(lines: readonly Line[], at: number | undefined, count = 10): readonly Line[] {
  if (at === undefined) return lines.slice(-count);
  const index = lines.findLastIndex((line) => line.n <= at);
  const first = Math.max(0, Math.min(index - Math.floor((count * 2) / 3), lines.length - count));
  return lines.slice(first, first + count);
}
