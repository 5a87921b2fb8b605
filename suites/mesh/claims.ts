import { expect } from 'chai';
import { mustDecode } from '../../src/core/claim.ts';
import type { CaseDef, Judge } from '../../src/core/case.ts';
import type { Layout, Value } from '../../src/core/layout/layout.ts';
import { type NameTable, nameOf } from '../../src/core/layout/names.ts';
import type { Kind, Seen } from '../../src/core/log.ts';
import type { MessageType } from '../../src/mesh/codec/message.ts';
import { type Answered, answer, sendings } from '../../src/mesh/kinds.ts';
import type { MeshPolicies } from '../../src/mesh/policies.ts';
import { cellAt, type ReplyTable } from '../../src/mesh/tables.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';

export type J = Judge<MeshPolicies>;
export type MeshCase = CaseDef<MeshTester, MeshPolicies>;

/** So many sendings without an answer are explained by loss less than once in a thousand (10 % each way). */
export const TRIES = 5;

/** An answer whose octets fit the layout. */
export type Good<V> = Seen<Answered<V>> & { readonly value: V };

/** The answer to the question with this label; silence, and octets that do not fit, are judged here. */
export function reply<L extends Layout>(
  j: J,
  statement: string,
  type: MessageType<L>,
  label: string,
): Good<Value<L>> | undefined {
  const seen = j.came(statement, answer(type, label), { stimulus: sendings(label), tries: TRIES });
  if (seen === undefined) return undefined;
  const { value, problem } = seen;
  j.check(statement, () => mustDecode(problem, `octets of ${type.name} (${label})`), seen);
  return value === undefined ? undefined : { ...seen, value };
}

/** A message with a status and, in most cases, a phase. */
interface WithStatus {
  readonly status: number;
  readonly phase?: number;
}

/** The answer to the question carries this status; `phase` is that of the answer, where it is judged too. */
export function shows<L extends Layout>(
  j: J,
  statement: string,
  type: MessageType<L> & MessageType,
  label: string,
  names: { readonly status: NameTable; readonly phase?: NameTable },
  wanted: WithStatus,
): Good<Value<L>> | undefined {
  const seen = reply(j, statement, type, label);
  if (seen === undefined) return undefined;
  const value = seen.value as unknown as WithStatus;
  j.check(
    statement,
    () => {
      expect(nameOf(names.status, value.status), `status (${label})`).to.equal(nameOf(names.status, wanted.status));
      if (wanted.phase !== undefined && names.phase !== undefined)
        expect(nameOf(names.phase, value.phase ?? -1), `phase (${label})`).to.equal(nameOf(names.phase, wanted.phase));
    },
    seen,
  );
  return seen;
}

/** The answer is the one that the reply table has for this stimulus in this phase; the phase that follows is judged where the answer tells it. */
export function byTable<L extends Layout, R extends string>(
  j: J,
  statement: string,
  type: MessageType<L>,
  label: string,
  table: ReplyTable<NameTable, NameTable, R>,
  row: R,
  phase: number,
): Good<Value<L>> | undefined {
  const cell = cellAt(table, row, phase);
  if (cell.kind !== 'status') return reply(j, statement, type, label);
  const seen = reply(j, statement, type, label);
  if (seen === undefined) return undefined;
  const value = seen.value as unknown as WithStatus;
  j.check(
    statement,
    () => {
      expect(nameOf(table.status, value.status), `status of ${row} in ${nameOf(table.phase, phase)}`).to.equal(
        nameOf(table.status, cell.status),
      );
      if (value.phase !== undefined && cell.status === 0)
        expect(nameOf(table.phase, value.phase), `phase after ${row} in ${nameOf(table.phase, phase)}`).to.equal(
          nameOf(table.phase, cell.next ?? phase),
        );
    },
    seen,
  );
  return seen;
}

/** A phase that had to change by itself: not before the time, and not after it. */
export interface Expiry<V> {
  /** What started the timer: the last message that does; `asked` where it may have started earlier. */
  readonly armed:
    | { readonly n: number; readonly ms: number; readonly asked?: { readonly n: number; readonly ms: number } }
    | undefined;
  readonly polls: Kind<Answered<V>>;
  /** The phase before the time is over, and the one after it. */
  readonly before: (value: V) => boolean;
  readonly after: (value: V) => boolean;
  readonly show: (value: V) => string;
  readonly expected: string;
  /** Protocol milliseconds. */
  readonly ms: number;
}

/**
 * Judges a timer by polls. The phase as an answer tells it was looked up between question and answer: "too early" is judged by the answer, "too late" by the
 * question, so that a slow link is never taken for a slow device.
 */
export function expires<V>(j: J, statement: string, o: Expiry<V>): void {
  const { armed } = o;
  if (armed === undefined) {
    j.inconclusive(statement, 'what starts the timer was not seen');
    return;
  }
  const polls = j.log.after(armed).all(o.polls);
  const found = polls.find((p) => p.value !== undefined && !o.before(p.value));
  const tolerance = j.ms('timeoutTolerance');
  if (polls.length === 0) {
    j.inconclusive(statement, 'nothing was asked while the timer ran');
    return;
  }
  const old = found === undefined ? polls : polls.slice(0, polls.indexOf(found));
  const last = old.at(-1);
  if (last === undefined) {
    j.inconclusive(
      statement,
      'the timer was over before it was looked at: the link was too slow to keep the transfer going',
    );
    return;
  }
  j.onTime(statement, o.expected, { from: armed, to: last.asked, notAfter: o.ms, tolerance });
  if (found?.value === undefined) {
    if (j.log.elapsed(armed, last.asked) <= o.ms + tolerance)
      j.inconclusive(statement, `the case ended before ${o.expected} was due`);
    return;
  }
  const { value } = found;
  // It changed between the last question that was answered so, and this answer: where the one is in time and the other is not, nothing is proven.
  const looked = j.log.elapsed(armed, last.asked);
  const seen = j.log.elapsed(armed, found);
  const [least, most] = [o.ms - tolerance, o.ms + tolerance];
  const perhapsEarly = looked < least && j.log.elapsed(armed.asked ?? armed, found) >= least;
  if (perhapsEarly || (seen > most && looked <= most))
    j.inconclusive(statement, `nothing was asked between ${Math.round(looked)} ms and ${Math.round(seen)} ms`);
  j.check(
    statement,
    () => expect(o.after(value) ? o.expected : o.show(value), 'after the timeout').to.equal(o.expected),
    found,
  );
  j.onTime(statement, o.expected, { from: armed.asked ?? armed, to: found, notBefore: o.ms, tolerance });
}

/** Every phase that the labelled answers show, one after the other, repetitions left out. */
export function phasesOf<V extends { readonly phase: number }>(
  seen: readonly { readonly value: V | undefined }[],
): number[] {
  const phases = seen.flatMap(({ value }) => (value === undefined ? [] : [value.phase]));
  return phases.filter((phase, i) => phase !== phases[i - 1]);
}
