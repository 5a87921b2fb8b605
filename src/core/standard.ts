import type { BenchClock } from './clock.ts';
import type { Ev, EventSink } from './events.ts';
import type { Ixit } from './ixit.ts';
import type { Judge, Suite } from './case.ts';
import type { Log } from './log.ts';
import type { TimeFactors, Timing, TimingTable } from './timing.ts';

/** The rig's power switch. */
export interface Power {
  off(): Promise<void>;
  /** Resolves when the device has power again and its addresses are known; not yet that it answers. */
  on(): Promise<void>;
}

/** A line-based second channel to the device. */
export interface Console {
  /** Sends one line and resolves with the device's answer line; rejects with a BenchError at the deadline (real ms). */
  ask(line: string, deadlineMs: number): Promise<string>;
}

/** What a standard may use of the rig. */
export interface Bench {
  readonly events: EventSink;
  readonly clock: BenchClock;
  readonly timing: Timing;
  readonly ixit: Ixit;
  readonly policies: Readonly<Record<string, string>>;
  declared(item: string): boolean;
  /** A named entry of the rig's `iut` section as it is now; addresses of a simulated device change with its power. */
  address(name: string): string;
  has(name: string): boolean;
  readonly power?: Power;
  readonly reset?: { reset(): Promise<void> };
  readonly console?: Console;
  /** Asks the person at the bench to type something; it counts as a secret of that name. Rejects with a BenchError where nobody can be asked. */
  askSecret?(what: string, name: string): Promise<string>;
  /** Has the person at the bench do something, and gives what was typed, which is no secret. Rejects as `askSecret` does. */
  ask?(text: string): Promise<string>;
  /** What the link loses in each direction, as the rig file says; decides how often an unacknowledged message is tried. */
  readonly lossPercent?: number;
  /** Kept across runs of this rig: keys, sequence numbers. */
  readonly stateDir: string;
  /** Of this run, private: key logs, images made for it. */
  readonly privateDir: string;
}

/** A rule of the standard that holds over every trace, whatever the case was after. */
export interface Invariant<P> {
  readonly statement: string;
  judge(j: Judge<P>): void;
}

/** All that run, rig and report know of a standard; T is its tester, P its policies. */
export interface Standard<T, P> {
  /** As in item names: `OCFSWU`. */
  readonly spec: string;
  readonly title: string;
  readonly timing: TimingTable;
  /** The statement that a device contradicts when it falls silent and only power brings it back. */
  readonly stillAnswers: string;
  open(bench: Bench): Promise<T>;
  /** One exchange that any conforming device answers; throws a BenchError otherwise. */
  alive(t: T): Promise<void>;
  readonly ladder: Readonly<Record<string, (t: T) => Promise<void>>>;
  /** After every case: ends observations and transfers, stops servers. */
  settle(t: T): Promise<void>;
  close(t: T): Promise<void>;
  readonly invariants: readonly Invariant<P>[];
  /** One decoded line for a timeline, or undefined where the event says nothing to a reader. */
  print(event: Ev, log: Log): string | undefined;
}

/** A standard with its suites, as it stands in `standards.ts`. */
export interface Registration<T, P> {
  readonly standard: Standard<T, P>;
  readonly suites: readonly Suite<T, P>[];
}

export type { TimeFactors };
