import { messageOf, PlumblineError, TesterError } from './errors.ts';
import type { Ixit } from './ixit.ts';
import { eventKind, type Kind, type Log, type Seen } from './log.ts';
import type { CaseMeta, Judge, TimeClaim, Watch } from './case.ts';
import type { Invariant } from './standard.ts';
import type { Limit, Timing } from './timing.ts';
import { type CaseVerdict, type Reason, settle } from './verdict.ts';

/** What a judge may read: the log re-read from disk and the declaration. */
export interface JudgeInput {
  readonly log: Log;
  readonly ixit: Ixit;
  readonly policies: Readonly<Record<string, string>>;
  readonly timing: Timing;
  readonly variant?: string;
  declared(item: string): boolean;
}

/** What judging one attempt came to. */
export interface Judgement {
  readonly verdict: CaseVerdict;
  readonly reason: Reason | null;
  /** Every reason, the first of the worst verdict included. */
  readonly reasons: readonly Reason[];
  /** Statements that were judged, with the worst verdict each. */
  readonly statements: Readonly<Record<string, CaseVerdict>>;
  readonly notes: readonly string[];
}

/** Written by the run before and after the drive: the device answered (`ok`) or not. */
export const ALIVE = eventKind('proof of life', 'alive', 'run');
/** Written by the run when a case is settled: the largest event-loop delay in real milliseconds. */
export const LOOP = eventKind('event-loop delay', 'loop', 'run');
/** Written when the drive ends at a passed limit. */
export const SILENCE = eventKind('silence', 'silence', 'run');

/** A tolerance must be at least this many times the event-loop delay of the case to carry a verdict. */
const DELAY_MARGIN = 3;

interface ChaiError {
  readonly name: string;
  readonly message: string;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

function isAssertion(e: unknown): e is ChaiError {
  return e instanceof Error && e.name === 'AssertionError';
}

/** A value for people: texts as they are, unless they are empty or `quoted` tells them from a number of the same look. */
function show(value: unknown, quoted = false): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string' && value !== '' && !quoted) return value;
  return JSON.stringify(value) ?? typeof value;
}

/** Longer than this, what was observed is cut: the event that it stands in is named beside it. */
const SHOWN_LENGTH = 200;

/** A thing read from the log in words, without the number and time of its event. */
function described(found: object): string {
  const told = Object.entries(found).filter(([key, value]) => key !== 'n' && key !== 'ms' && value !== undefined);
  const text = told.map(([key, value]) => (told.length === 1 ? show(value) : `${key} ${show(value)}`)).join(', ');
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}…`;
}

/** chai tells a claim that something is not so, and a claim without a value to compare with, by its message alone. */
const NEGATED = /expected [\s\S]*? (?:to not|not to) /;
const WORDS = /expected [\s\S]*? ((?:not )?to [\s\S]*)$/;
/** A claim in words of its own that came to true or false. */
const TRUTH = /^([\s\S]+): expected (?:true|false) to (?:deeply |strictly )?equal (?:true|false)$/;

function failOf(statement: string, e: ChaiError, at: number | undefined): Reason {
  const where = { verdict: 'FAIL' as const, statement, ...(at === undefined ? {} : { at }) };
  const truth = TRUTH.exec(e.message)?.[1];
  if (truth !== undefined && typeof e.expected === 'boolean')
    return { ...where, message: truth, expected: e.expected ? truth : `not: ${truth}`, observed: 'this is not so' };
  const inWords = typeof e.expected === 'string' && e.message.endsWith(` to be ${e.expected}`);
  const quoted =
    !inWords && e.expected !== undefined && e.actual !== undefined && typeof e.expected !== typeof e.actual;
  const not = NEGATED.test(e.message) ? 'not ' : '';
  const expected = e.expected === undefined ? WORDS.exec(e.message)?.[1] : `${not}${show(e.expected, quoted)}`;
  return {
    ...where,
    message: e.message,
    ...(expected === undefined ? {} : { expected }),
    ...('actual' in e ? { observed: show(e.actual, quoted) } : {}),
  };
}

function errorOf(e: unknown): Reason {
  return { verdict: 'ERROR', message: messageOf(e), code: e instanceof PlumblineError ? e.code : 'judge' };
}

/** True where the device was seen alive before the event and after it. */
function aliveAround(log: Log, n: number): boolean {
  const ok = log.all(ALIVE).filter((e) => e.data?.['ok'] === true);
  return ok.some((e) => e.n < n) && ok.some((e) => e.n > n);
}

class Judging<P> implements Judge<P> {
  readonly reasons: Reason[] = [];
  readonly notes: string[] = [];
  readonly judged = new Map<string, CaseVerdict>();
  readonly log: Log;
  readonly ixit: Ixit;
  readonly policy: P;
  readonly variant: string | undefined;
  private readonly input: JudgeInput;
  private readonly allowed: ReadonlySet<string>;

  constructor(input: JudgeInput, policy: P, allowed: ReadonlySet<string>) {
    this.input = input;
    this.log = input.log;
    this.ixit = input.ixit;
    this.policy = policy;
    this.variant = input.variant;
    this.allowed = allowed;
    // Judges take the verbs out of the object: judge({ log, check }).
    this.declared = this.declared.bind(this);
    this.ms = this.ms.bind(this);
    this.check = this.check.bind(this);
    this.came = this.came.bind(this);
    this.never = this.never.bind(this);
    this.onTime = this.onTime.bind(this);
    this.inconclusive = this.inconclusive.bind(this);
    this.note = this.note.bind(this);
  }

  declared(item: string): boolean {
    return this.input.declared(item);
  }

  ms(limit: Limit | string): number {
    return this.input.timing.protocol(limit);
  }

  private open(statement: string): void {
    if (!this.allowed.has(statement))
      throw new TesterError('statement', `the case judges ${statement}, which its \`statements\` do not list`);
    if (!this.judged.has(statement)) this.judged.set(statement, 'PASS');
  }

  private say(reason: Reason): void {
    this.reasons.push(reason);
    if (reason.statement !== undefined)
      this.judged.set(
        reason.statement,
        settle([reason, ...this.reasons.filter((r) => r.statement === reason.statement)]).verdict,
      );
  }

  check(statement: string, claim: () => void, shows?: { readonly n: number }): void {
    this.open(statement);
    try {
      const result: unknown = claim();
      if (result instanceof Promise)
        throw new TesterError(
          'async-claim',
          `the claim about ${statement} is asynchronous; judge() must be synchronous`,
        );
    } catch (e) {
      this.say(isAssertion(e) ? failOf(statement, e, shows?.n ?? this.log.touched()) : errorOf(e));
    }
  }

  came<V extends object>(statement: string, kind: Kind<V>, watch: Watch, log: Log = this.log): Seen<V> | undefined {
    this.open(statement);
    const chances = log.all(watch.stimulus);
    const first = chances[0];
    const tries = watch.tries ?? 1;
    if (first === undefined) {
      this.inconclusive(
        statement,
        `${watch.stimulus.name} was not seen delivered, so ${kind.name} could not be expected`,
      );
      return undefined;
    }
    const found = log.after(first).first(kind);
    const within = watch.within;
    if (found !== undefined) {
      if (within !== undefined) this.inTime(statement, kind.name, chances, found, within);
      return found;
    }
    const last = chances.at(-1) ?? first;
    const end = this.input.log.events.at(-1);
    const watched = end === undefined ? 0 : end.ms - last.ms;
    const needed = within === undefined ? 0 : this.input.timing.real(within);
    const after = `${Math.round(this.log.elapsed(last, end ?? last))} ms after ${last.n}`;
    if (!aliveAround(this.input.log, last.n))
      this.inconclusive(
        statement,
        `no ${kind.name}, but the device was not seen alive before and after ${watch.stimulus.name}`,
      );
    else if (watched < needed)
      this.inconclusive(
        statement,
        `no ${kind.name}, but the log ends ${after}, before the limit ${within?.timer ?? ''} is over`,
      );
    else if (needed > 0 && this.delay() * DELAY_MARGIN > needed)
      this.inconclusive(
        statement,
        `no ${kind.name}, but the event loop was delayed by ${this.delay().toFixed(1)} ms, too much for a limit of ${Math.round(needed)} ms`,
      );
    else if (chances.length < tries)
      this.inconclusive(
        statement,
        `no ${kind.name} after ${chances.length} of the ${tries} tries that the link's loss rate asks for`,
      );
    else
      this.say({
        verdict: 'FAIL',
        statement,
        message: `no ${kind.name} after ${watch.stimulus.name}`,
        expected: `${kind.name}${within === undefined ? '' : ` within ${this.ms(within)} ms (${within.timer})`}`,
        observed: `nothing of the kind in ${Math.round(this.log.elapsed(last, end ?? last))} ms, device alive before and after${watch.instead === undefined ? '' : '; the marked line came instead'}`,
        at: watch.instead?.n ?? last.n,
      });
    return undefined;
  }

  private inTime(
    statement: string,
    what: string,
    chances: readonly { readonly n: number; readonly ms: number }[],
    found: { readonly n: number; readonly ms: number },
    within: Limit,
  ): void {
    const from = chances.filter((c) => c.n < found.n).at(-1);
    if (from === undefined) return;
    const limit = this.ms(within);
    // By the limit's own scale: link timers and protocol timers need not be scaled alike.
    const scale = limit / this.input.timing.real(within);
    const took = (found.ms - from.ms) * scale;
    if (took <= limit || within.of === 'no-progress') return;
    const margin = this.delay() * DELAY_MARGIN * scale;
    if (took <= limit + margin)
      this.inconclusive(
        statement,
        `${what} after ${Math.round(took)} ms, too close to ${limit} ms for this bench's event-loop delay`,
      );
    else
      this.say({
        verdict: 'FAIL',
        statement,
        message: `${what} came too late`,
        expected: `within ${limit} ms (${within.timer})`,
        observed: `after ${Math.round(took)} ms`,
        at: found.n,
      });
  }

  never<V extends object>(statement: string, kind: Kind<V>, watch: Watch, log: Log = this.log): void {
    this.open(statement);
    const stimulus = log.first(watch.stimulus);
    if (stimulus === undefined) {
      this.inconclusive(
        statement,
        `${watch.stimulus.name} was not seen delivered, so the absence of ${kind.name} proves nothing`,
      );
      return;
    }
    const found = log.after(stimulus).first(kind);
    const end = this.input.log.events.at(-1) ?? stimulus;
    if (found !== undefined)
      this.say({
        verdict: 'FAIL',
        statement,
        message: `${kind.name} after ${watch.stimulus.name}`,
        expected: `no ${kind.name}`,
        observed: described(found),
        at: found.n,
      });
    else if (!aliveAround(this.input.log, stimulus.n))
      this.inconclusive(
        statement,
        `no ${kind.name}, but the device was not seen alive before and after ${watch.stimulus.name}`,
      );
    else if (watch.within !== undefined && end.ms - stimulus.ms < this.input.timing.real(watch.within))
      this.inconclusive(statement, `no ${kind.name}, but the log ends before ${watch.within.timer} is over`);
  }

  onTime(statement: string, what: string, o: TimeClaim): void {
    this.open(statement);
    const took = this.log.elapsed(o.from, o.to);
    const early = o.notBefore !== undefined && took < o.notBefore - o.tolerance;
    const late = o.notAfter !== undefined && took > o.notAfter + o.tolerance;
    if (o.tolerance * this.input.timing.factors.protocol < this.delay() * DELAY_MARGIN)
      this.inconclusive(
        statement,
        `${what} after ${Math.round(took)} ms; the event loop was delayed by ${this.delay().toFixed(1)} ms, too much for a tolerance of ${o.tolerance} ms`,
      );
    else if (early || late)
      this.say({
        verdict: 'FAIL',
        statement,
        message: `${what} came too ${early ? 'early' : 'late'}`,
        expected: [
          o.notBefore === undefined ? [] : [`not before ${Math.round(o.notBefore)} ms`],
          o.notAfter === undefined ? [] : [`not after ${Math.round(o.notAfter)} ms`],
          [`tolerance ${o.tolerance} ms`],
        ]
          .flat()
          .join(', '),
        observed: `after ${Math.round(took)} ms`,
        at: o.to.n,
      });
  }

  /** Largest event-loop delay recorded in the case, real milliseconds. */
  private delay(): number {
    return Math.max(0, ...this.input.log.all(LOOP).map((e) => Number(e.data?.['maxMs'] ?? 0)));
  }

  inconclusive(statement: string, reason: string): void {
    this.open(statement);
    const at = this.log.touched();
    this.say({ verdict: 'INCONC', statement, message: reason, ...(at === undefined ? {} : { at }) });
  }

  note(text: string): void {
    this.notes.push(text);
  }
}

/** Judges one attempt: the case's own judge, then the invariants of the standard over the whole log. */
export function judgeAttempt<P>(
  meta: CaseMeta,
  input: JudgeInput,
  policy: P,
  judge: (j: Judge<P>) => void,
  invariants: readonly Invariant<P>[],
): Judgement {
  const judging = new Judging(input, policy, new Set([...meta.statements, ...invariants.map((i) => i.statement)]));
  const run = (part: () => void): void => {
    try {
      part();
    } catch (e) {
      judging.reasons.push(
        isAssertion(e)
          ? errorOf(new TesterError('loose-claim', `an assertion outside check(): ${e.message}`))
          : errorOf(e),
      );
    }
  };
  run(() => judge(judging));
  // Under a policy that says "information" a case may only note; without one it must judge.
  const byPolicy = (meta.policies ?? []).length > 0 && judging.notes.length > 0;
  const judgedSomething = judging.judged.size > 0 || byPolicy;
  for (const invariant of invariants) run(() => invariant.judge(judging));
  const informative = meta.kind === 'informative';
  if (!informative && !judgedSomething && judging.reasons.length === 0)
    judging.reasons.push({
      verdict: 'ERROR',
      code: 'judged-nothing',
      message: 'the case ended without having judged anything',
    });
  if (informative && judging.notes.length === 0 && judging.reasons.length === 0)
    judging.reasons.push({
      verdict: 'ERROR',
      code: 'noted-nothing',
      message: 'an informative case ended without a note',
    });
  return {
    ...settle(judging.reasons),
    reasons: judging.reasons,
    statements: Object.fromEntries(judging.judged),
    notes: judging.notes,
  };
}
