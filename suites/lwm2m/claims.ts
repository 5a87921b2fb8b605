import { expect } from 'chai';
import { mustBe, mustDecode } from '../../src/core/claim.ts';
import type { CaseDef, Judge, Watch } from '../../src/core/case.ts';
import { type Kind, type Seen, where } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { printResult, printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import {
  acknowledged,
  type Answer,
  answered,
  sendings,
  type SeenSnapshot,
  showing,
  shown,
  type Snapshot,
  snapshots,
  stepped,
  type Stepped,
  taken,
  wasRepeated,
} from '../../src/lwm2m/kinds.ts';
import { printTriple, type Triple } from '../../src/lwm2m/machine.ts';
import type { Operation } from '../../src/lwm2m/notes.ts';
import { isRefusal, type Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { TRIES } from '../../src/lwm2m/steps.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { ITEM } from './items.ts';
import { lostAnswer, withProgress } from './lost.ts';

export type J = Judge<Lwm2mPolicies>;
export type Lwm2mCase = CaseDef<Lwm2mTester, Lwm2mPolicies>;

/** Service Unavailable: how a device with a block transfer under way may answer everything else (A20). */
const BUSY = '5.03';

/**
 * Something that had to come after a stimulus. What a device shows is found by looking, and looks may be lost: coming late is no fault of the device, not coming
 * within the time is.
 */
export function awaited<V extends object>(
  j: J,
  statement: string,
  kind: Kind<V>,
  watch: Watch,
  log?: J['log'],
): Seen<V> | undefined {
  const within = watch.within === undefined ? {} : { within: { ...watch.within, of: 'no-progress' as const } };
  return j.came(statement, kind, { ...watch, ...within }, log);
}

/**
 * As {@link awaited}, for what an instance had to show. Nobody can tell what it showed where no Read that was sent after the limit was answered: looks
 * and their answers may be lost on the link. A limit on `no-progress` counts from the last progress of the pull.
 */
export function awaitedState(
  j: J,
  statement: string,
  wanted: Kind<Snapshot>,
  { stimulus: begun, within, ...rest }: Watch,
  log = j.log,
): SeenSnapshot | undefined {
  const stimulus = within?.of === 'no-progress' ? withProgress(begun, log) : begun;
  const [first, ...more] = log.all(stimulus);
  if (first !== undefined && within !== undefined && log.after(first).first(wanted) === undefined) {
    const last = more.at(-1) ?? first;
    const reads = log.after(last).all(where(snapshots, 'Read of the state', (s) => s.source === 'read'));
    if (!reads.some((s) => j.log.elapsed(last, s.asked) >= j.ms(within))) {
      j.inconclusive(statement, `no ${wanted.name}, but no Read after the limit ${within.timer} was answered`);
      return undefined;
    }
  }
  return awaited(j, statement, wanted, { ...rest, stimulus, ...(within === undefined ? {} : { within }) }, log);
}

/** The answer to the request with this label; where none came, the verdict on the silence. */
export function answerTo(j: J, statement: string, operation: Operation, label: string): Seen<Answer> | undefined {
  const lost = lostAnswer(j, operation, label);
  if (lost !== undefined) {
    j.inconclusive(statement, lost);
    return undefined;
  }
  const received = acknowledged(operation, label);
  const delivered = j.log.first(received) !== undefined;
  return awaited(j, statement, answered(operation, label), {
    stimulus: delivered ? received : sendings(operation, label),
    tries: delivered ? 1 : TRIES,
  });
}

/** How a request was taken: `doubtful` is a refusal that the repetition of the request may have brought about; the state then tells. */
export type Taken = 'yes' | 'doubtful' | 'no';

/** A request that the device must take. Undefined: no answer, which is judged here. */
export function accepts(j: J, statement: string, operation: Operation, label: string): Taken | undefined {
  const reply = answerTo(j, statement, operation, label);
  if (reply === undefined) return undefined;
  if (reply.code.startsWith('2.')) {
    j.check(statement, () => expect(reply.code, `answer to ${operation} (${label})`).to.match(/^2\./));
    return 'yes';
  }
  if (wasRepeated(j.log, reply)) {
    j.note(
      `${operation} (${label}) was repeated on the link and then answered ${reply.code}; judged by what the device shows`,
    );
    return 'doubtful';
  }
  if (installsTwice(j, reply)) {
    j.inconclusive(
      statement,
      `${operation} (${label}) was answered ${reply.code}; the Install before it was repeated on the link and may be carried out again`,
    );
    return undefined;
  }
  j.check(statement, () => expect(reply.code, `answer to ${operation} (${label})`).to.match(/^2\./));
  return 'no';
}

/** The Install before this was repeated, at a device whose memory of messages, if any, ends with its reboot. */
function installsTwice(j: J, reply: Seen<Answer>): boolean {
  if (j.declared(ITEM.CACHE) && !j.declared(ITEM.REBOOTS)) return false;
  const ofInstall = where(answered('execute'), 'answer to Install', (a) => a.path[2] === RES.install);
  const install = j.log.before(reply.asked).last(ofInstall);
  return install !== undefined && wasRepeated(j.log, install);
}

/** What a request had to lead to, within a limit. */
export function leadsTo(
  j: J,
  statement: string,
  operation: Operation,
  label: string,
  wanted: Kind<Snapshot>,
  within: Limit,
): SeenSnapshot | undefined {
  const how = accepts(j, statement, operation, label);
  if (how === undefined || how === 'no') return undefined;
  const from = j.log.first(answered(operation, label));
  const found = from === undefined ? undefined : j.log.after(from).first(wanted);
  if (how === 'doubtful' && found === undefined) {
    j.inconclusive(statement, `${operation} (${label}) was repeated on the link, refused, and had no effect`);
    return undefined;
  }
  const stimulus = how === 'yes' ? taken(operation, label) : answered(operation, label);
  return awaitedState(j, statement, wanted, { stimulus, within });
}

/** The refusal of a request: class 4 and a code that policy A3 allows. */
export function refuses(j: J, statement: string, operation: Operation, label: string): Seen<Answer> | undefined {
  const reply = answerTo(j, statement, operation, label);
  if (reply === undefined) return undefined;
  refusal(j, statement, reply.code, `${operation} (${label})`);
  return reply;
}

/** Judges the code of a refusal. */
export function refusal(j: J, statement: string, code: string, what: string): void {
  const { refusalCode } = j.policy;
  const allowed = refusalCode === 'any4xx' ? 'a refusal, 4.xx' : `a refusal with ${refusalCode}`;
  j.check(statement, () => mustBe(isRefusal(code, refusalCode), `answer to ${what}`, code, allowed));
  if (code.startsWith('4.') && code !== '4.05') j.note(`${what} refused with ${code}, expected 4.05`);
}

/** As {@link refuses}, while a block transfer may be under way. */
export function refusesOrBusy(j: J, statement: string, operation: Operation, label: string): Seen<Answer> | undefined {
  const reply = answerTo(j, statement, operation, label);
  if (reply?.code !== BUSY) return reply === undefined ? undefined : refuses(j, statement, operation, label);
  j.note(`${operation} (${label}) answered 5.03 while a transfer was under way`);
  j.check(statement, () => expect(reply.code).to.equal(BUSY));
  return reply;
}

/** What the labelled Read of an instance showed; a device that is busy with a transfer shows nothing, which is inconclusive. */
export function stateAt(j: J, statement: string, label: string): SeenSnapshot | undefined {
  const reply = answerTo(j, statement, 'read', label);
  if (reply === undefined) return undefined;
  if (reply.code === BUSY) {
    j.inconclusive(statement, `the Read (${label}) was answered 5.03`);
    return undefined;
  }
  const seen = j.log.first(shown(label));
  j.check(statement, () => {
    expect(reply.code, `answer to the Read (${label})`).to.equal('2.05');
    mustDecode(reply.problem, `body of the Read (${label})`);
    expect(seen, `resources 7, 9 and 12 in the Read (${label})`).to.not.equal(undefined);
  });
  return seen;
}

/** `DELIVERED (3)/INITIAL (0)/0` */
export function printSeen({ state, result, active }: Triple): string {
  return `${printState(state)}/${printResult(result)}/${active ? 1 : 0}`;
}

/** The labelled Read shows exactly this. */
export function isAt(j: J, statement: string, label: string, wanted: Triple): SeenSnapshot | undefined {
  const seen = stateAt(j, statement, label);
  if (seen === undefined) return undefined;
  j.check(statement, () =>
    expect(printTriple(seen), `state, result, activation (${label})`).to.equal(printTriple(wanted)),
  );
  return seen;
}

/** Two labelled Reads show the same, name and version included. */
export function unchanged(j: J, statement: string, before: string, after: string): void {
  const [first, second] = [stateAt(j, statement, before), stateAt(j, statement, after)];
  if (first === undefined || second === undefined) return;
  const pick = (s: SeenSnapshot): object => ({ shows: printTriple(s), name: s.name, version: s.version });
  j.check(statement, () => expect(pick(second), `${after} against ${before}`).to.deep.equal(pick(first)));
}

/** DELIVERED with a result that policy A1 allows, and inactive. */
export function deliveredFits(s: Triple, policy: Lwm2mPolicies): boolean {
  const results = policy.resultDelivered === 'either' ? [0, 3] : [Number(policy.resultDelivered)];
  return s.state === 3 && results.includes(s.result) && !s.active;
}

/** How the download that this Write began failed, if the device shows that it did; what it showed before the Write does not count. */
function failureOf(j: J, label: string): SeenSnapshot | undefined {
  const from = j.log.first(answered('write', label));
  if (from === undefined) return undefined;
  const own = showing(j.ixit.number('instance'), 'state', () => true);
  const old = j.log.before(from).last(own);
  const shows = j.log.after(from).all(own);
  const moved = shows.findIndex((s) => old === undefined || s.state !== old.state || s.result !== old.result);
  return moved < 0 ? undefined : shows.slice(moved).find((s) => s.state === 3 || (s.state === 0 && s.result >= 50));
}

/** A download that had to succeed has failed: contradicted, unless the link may have had its part in it. */
function judgeFailure(j: J, statement: string, label: string): boolean {
  const failure = failureOf(j, label);
  const reply = j.log.first(answered('write', label));
  if (failure === undefined || failure.state === 3 || reply === undefined) return false;
  const doubtful = wasRepeated(j.log, reply) && !j.declared('SWMGMT 1/10');
  if (doubtful || failure.result === 52)
    j.inconclusive(
      statement,
      `the download ended in ${printTriple(failure)}; the link may have lost or repeated messages of it`,
    );
  else j.check(statement, () => expect(printSeen(failure), 'end of the download').to.equal('DELIVERED (3)'));
  return true;
}

/** The download that this Write began ends in DELIVERED. */
export function delivers(j: J, statement: string, label: string, within: Limit): SeenSnapshot | undefined {
  const there = showing(j.ixit.number('instance'), 'DELIVERED', (s) => s.state === 3);
  if (judgeFailure(j, statement, label)) return undefined;
  const seen = leadsTo(j, statement, 'write', label, there, within);
  if (seen === undefined) return undefined;
  j.note(`DELIVERED shows ${printSeen(seen)}`);
  j.check('SWMGMT-R.delivered', () =>
    expect(deliveredFits(seen, j.policy), `${printTriple(seen)} allowed by ${j.policy.resultDelivered}`).to.equal(true),
  );
  return seen;
}

/**
 * As {@link awaited}, for what a request leads to on another way than its answer: it may come before the answer does, where the answer was lost and the
 * request repeated. What came since the mark counts.
 */
export function cameSince<V extends object>(
  j: J,
  statement: string,
  kind: Kind<V>,
  mark: string,
  watch: Watch,
): Seen<V> | undefined {
  const found = j.log.after(mark).first(kind);
  if (found === undefined) return awaited(j, statement, kind, watch, j.log.after(mark));
  j.check(statement, () => expect(found, kind.name).to.not.equal(undefined));
  return found;
}

/** The download that this Write began ends in INITIAL with one of these results; the Write itself may be refused. */
export function failsWith(
  j: J,
  statement: string,
  label: string,
  results: readonly number[],
  within?: Limit,
): SeenSnapshot | undefined {
  const reply = answerTo(j, statement, 'write', label);
  if (reply === undefined) return undefined;
  if (brokenOff(j, reply, results)) {
    j.inconclusive(statement, `the Write (${label}) was repeated on the link, answered ${reply.code}, and broken off`);
    return undefined;
  }
  const watch = { stimulus: answered('write', label), ...(within === undefined ? {} : { within }) };
  const seen = awaitedState(j, statement, failed(j), watch);
  if (seen !== undefined) isFailure(j, statement, seen, results);
  return seen;
}

/** The repetition of a message may have ended the download before the device could find out what is wrong with the package. */
function brokenOff(j: J, reply: Seen<Answer>, results: readonly number[]): boolean {
  if (j.declared('SWMGMT 1/10') || !wasRepeated(j.log, reply)) return false;
  const end = j.log.after(reply).first(failed(j));
  return end === undefined ? !reply.code.startsWith('2.') : end.result === 52 && !results.includes(52);
}

const failed = (j: J): Kind<Snapshot> =>
  showing(j.ixit.number('instance'), 'end of the download', (s) => s.state === 3 || (s.state === 0 && s.result >= 50));

function isFailure(j: J, statement: string, seen: SeenSnapshot, results: readonly number[]): void {
  j.check(statement, () => {
    expect(printState(seen.state), 'state after the download').to.equal(printState(0));
    expect(results.map(printResult), 'results allowed').to.include(printResult(seen.result));
  });
}

/** Install ends in INSTALLED with result 2; active only where the installer activates by itself. */
export function installs(j: J, statement: string, label: string): SeenSnapshot | undefined {
  const there = showing(j.ixit.number('instance'), 'INSTALLED', (s) => s.state === 4);
  const seen = leadsTo(j, statement, 'execute', label, there, { timer: 'installS' });
  if (seen === undefined) return undefined;
  j.check('SWMGMT-R.2', () => expect(printResult(seen.result), 'result in INSTALLED').to.equal(printResult(2)));
  return seen;
}

/** The instance is in INITIAL after Uninstall. */
export function uninstalls(j: J, statement: string, label: string): SeenSnapshot | undefined {
  const there = showing(j.ixit.number('instance'), 'INITIAL', (s) => s.state === 0);
  return leadsTo(j, statement, 'execute', label, there, { timer: 'uninstallS' });
}

/** Name and version are those of the IXIT, as far as it gives them; before INSTALLED the device may not know them yet. */
export function isNamed(j: J, statement: string, seen: Snapshot, of: 'A' | 'B'): void {
  for (const [what, value] of [
    ['name', seen.name],
    ['version', seen.version],
  ] as const)
    if (seen.state !== 4 && (value === undefined || value === '')) j.note(`no ${what} in ${printState(seen.state)}`);
    else if (j.ixit.has(`${what}${of}`))
      j.check(statement, () => expect(value, `${what} of package ${of}`).to.equal(j.ixit.text(`${what}${of}`)));
}

/** The answer to a message that the case made by hand; inconclusive without one. */
export function stepAnswer(
  j: J,
  statement: string,
  label: string,
): (Seen<Stepped> & { readonly code: string }) | undefined {
  const step = j.log.first(stepped(label));
  if (step?.code !== undefined) return { ...step, code: step.code };
  j.inconclusive(statement, step === undefined ? `the case ended before "${label}"` : `no answer to "${label}"`);
  return undefined;
}

/** The device was in this state when it got the request, as far as the messages before and after it can show; inconclusive otherwise. */
export function wasIn(
  j: J,
  statement: string,
  state: number,
  request: { readonly asked: { readonly n: number } },
): boolean {
  const before = j.log.before(request.asked).last(snapshots);
  if (before?.state === state) return true;
  j.inconclusive(statement, `the device was not seen in ${printState(state)} before the request`);
  return false;
}

/** The end of a download that nobody served: at once, or within the IXIT time after the repetitions of CoAP are over. */
export function givesUp(j: J, statement: string, label: string, results: readonly number[]): SeenSnapshot | undefined {
  const over = j.log.first(marked('repetitions over'));
  const from = j.log.first(answered('write', label));
  if (over === undefined || from === undefined || j.log.after(from).before(over).first(failed(j)) !== undefined)
    return failsWith(j, statement, label, results);
  const seen = awaitedState(j, statement, failed(j), {
    stimulus: marked('repetitions over'),
    within: { timer: 'giveUpS' },
  });
  if (seen !== undefined) isFailure(j, statement, seen, results);
  return seen;
}

/** A mark of the case. */
export function marked(name: string): Kind<{ readonly name: string }> {
  return { name, read: (event) => (event.type === 'mark' && event.data?.['name'] === name ? { name } : undefined) };
}

/** Nothing since this mark showed DELIVERED. */
export function neverDelivered(j: J, statement: string, since: string): void {
  const delivered = j.log.after(since).all(showing(j.ixit.number('instance'), 'DELIVERED', (s) => s.state === 3));
  j.check(statement, () => expect(delivered.map(printSeen), 'DELIVERED shown').to.deep.equal([]));
}
