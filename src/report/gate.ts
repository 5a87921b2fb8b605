import type { CaseRecord, RunRecord, WaiverRecord } from '../core/record.ts';
import { reasonLine } from './reason.ts';
import { covers, shownAs, WAIVER_MAX_DAYS, waiverState } from './status.ts';

/** Exit codes: 0 all good; 1 a contradiction or a rule broken by the vendor; 3 no contradiction, but something is not proven. */
export type GateExit = 0 | 1 | 3;

/** One thing that keeps a run from counting as good. */
export interface Problem {
  readonly kind:
    | 'fail'
    | 'inconsistent'
    | 'waiver-expired'
    | 'waiver-too-long'
    | 'waiver-unneeded'
    | 'error'
    | 'inconclusive'
    | 'not-run'
    | 'incomplete'
    | 'defect'
    | 'nothing-run';
  /** Case id, or what the problem is about. */
  readonly what: string;
  readonly text: string;
  readonly exit: 1 | 3;
}

/** What a run counts for, with every reason. */
export interface Gate {
  readonly exit: GateExit;
  readonly problems: readonly Problem[];
}

function problemOf(c: CaseRecord, run: RunRecord): Problem[] {
  const text = reasonLine(c.reason);
  const shown = shownAs(c, run);
  switch (shown) {
    case 'FAIL':
      return [{ kind: 'fail', what: c.id, text, exit: 1 }];
    case 'ERROR':
      return [{ kind: 'error', what: c.id, text, exit: 3 }];
    case 'INCONC':
      return [{ kind: 'inconclusive', what: c.id, text, exit: 3 }];
    case 'NOT_RUN':
      return [{ kind: 'not-run', what: c.id, text, exit: 3 }];
    case 'WAIVED':
    case 'PASS':
    case 'NOT_APPLICABLE':
      return [];
  }
}

/** True where the run shows that the waiver's case does not contradict its statement; a case that was not judged shows nothing. */
function unneeded(waiver: WaiverRecord, run: RunRecord): boolean {
  const c = run.cases.find((known) => known.id === waiver.case);
  if (c === undefined || covers(waiver, c)) return false;
  if (c.verdict === 'NOT_APPLICABLE' || !(waiver.statement in c.statements)) return true;
  return c.statements[waiver.statement] === 'PASS';
}

function waiverProblems(waiver: WaiverRecord, run: RunRecord): Problem[] {
  const what = waiver.case;
  const by = `waiver of ${waiver.statement} by ${waiver.owner}`;
  const state = waiverState(waiver, run.startedAt);
  if (state === 'expired')
    return [{ kind: 'waiver-expired', what, text: `${by} expired on ${waiver.expires}`, exit: 1 }];
  if (state === 'too-long') {
    const text = `${by} until ${waiver.expires} runs longer than ${WAIVER_MAX_DAYS} days from the run`;
    return [{ kind: 'waiver-too-long', what, text, exit: 1 }];
  }
  if (unneeded(waiver, run))
    return [{ kind: 'waiver-unneeded', what, text: `${by} is not needed: take it out`, exit: 1 }];
  return [];
}

/** Decides from the record alone; the waivers count as of the day of the run, so that the answer never changes. */
export function gateOf(run: RunRecord): Gate {
  const problems: Problem[] = [
    ...run.cases.flatMap((c) => problemOf(c, run)),
    ...run.ics.waivers.flatMap((w) => waiverProblems(w, run)),
  ];
  if (!run.ics.consistent)
    problems.push({ kind: 'inconsistent', what: run.ics.file, text: 'the run used an inconsistent ICS', exit: 1 });
  if (run.state !== 'complete')
    problems.push({ kind: 'incomplete', what: run.run, text: 'the run was not settled', exit: 3 });
  for (const text of run.errors ?? []) problems.push({ kind: 'defect', what: 'tester', text, exit: 3 });
  if (!run.cases.some((c) => c.attempts.length > 0 || c.variants.length > 0))
    problems.push({ kind: 'nothing-run', what: run.run, text: 'no case was run', exit: 3 });
  const ordered = problems.sort((a, b) => a.exit - b.exit);
  return { exit: ordered[0]?.exit ?? 0, problems: ordered };
}

const many = (n: number, one: string, more: string): string => `${n} ${n === 1 ? one : more}`;

/** The outcome in a sentence or two, for people. */
export function gateSentence({ exit, problems }: Gate): string {
  const of = (...kinds: Problem['kind'][]): number => problems.filter((p) => kinds.includes(p.kind)).length;
  const open = of('error', 'inconclusive', 'not-run');
  const parts = [
    [of('fail'), `${many(of('fail'), 'case contradicts', 'cases contradict')} the standard`],
    [of('inconsistent'), 'the declaration is inconsistent'],
    [of('waiver-expired'), `${many(of('waiver-expired'), 'waiver has', 'waivers have')} expired`],
    [
      of('waiver-too-long'),
      `${many(of('waiver-too-long'), 'waiver runs', 'waivers run')} longer than ${WAIVER_MAX_DAYS} days`,
    ],
    [of('waiver-unneeded'), `${many(of('waiver-unneeded'), 'waiver is', 'waivers are')} not needed`],
    [open, `${many(open, 'applicable case is', 'applicable cases are')} not proven`],
    [of('incomplete'), 'the run was not settled'],
    [of('defect'), 'the tester had a defect'],
    [of('nothing-run'), 'no case was run'],
  ] as const;
  if (exit === 0) return 'Every case that was asked for passed or is waived.';
  const text = parts
    .filter(([n]) => n > 0)
    .map(([, part]) => part)
    .join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
