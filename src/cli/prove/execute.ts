import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { printError } from '../../core/errors.ts';
import type { CaseRecord } from '../../core/record.ts';
import { runPlan } from '../../run/run-plan.ts';
import type { Outcome } from './matrix.ts';
import type { Profile } from './profiles.ts';

/** One run that the proof asks for. */
export interface Errand {
  /** Unique; names its folders. */
  readonly name: string;
  readonly profile: Profile;
  readonly cases: readonly string[];
  /** Long cases too. */
  readonly long?: true;
  readonly simArgs: readonly string[];
}

let seeds = 0;

/** A seed of its own for every device, because it also makes the identity by which devices on one network are told apart. */
function nextSeed(): string[] {
  return ['--seed', String(1000 + seeds++)];
}

export function outcomeOf(record: CaseRecord): Outcome {
  const { reason } = record;
  return {
    id: record.id,
    verdict: record.verdict,
    ...(reason === null ? {} : { message: reason.message }),
    ...(reason !== null && 'statement' in reason && reason.statement !== undefined
      ? { statement: reason.statement }
      : {}),
  };
}

/** The cases that were meant to run, with how they ended; each run has folders of its own below `folder`. */
export async function execute(errand: Errand, folder: string): Promise<Outcome[]> {
  const here = join(folder, errand.name.replaceAll(/[^\w.-]+/g, '_'));
  mkdirSync(here, { recursive: true });
  try {
    const { record, dir } = await runPlan({
      ics: errand.profile.ics,
      rig: errand.profile.rig,
      out: join(here, 'reports'),
      state: join(here, 'state'),
      simArgs: [...nextSeed(), ...errand.profile.simArgs, ...errand.simArgs],
      reports: false,
      allure: false,
      cases: errand.cases,
      long: errand.long === true,
    });
    return record.cases.filter((c) => c.verdict !== 'NOT_APPLICABLE').map((c) => ({ ...outcomeOf(c), runDir: dir }));
  } catch (e) {
    return errand.cases.map((id) => ({ id, verdict: 'NOT_RUN' as const, message: printError(e) }));
  }
}
