import { gateOf, type GateExit } from '../report/gate.ts';
import type { Reports } from '../report/write.ts';
import { Redactor } from '../rig/secret.ts';
import { loadStandards, type StandardsModule } from '../standards.ts';
import { type PlanOptions, planRun } from './plan.ts';
import { redactedPrinter } from './print.ts';
import { runCases, type RunInput, type RunResult, type RunSettings } from './run.ts';
import { learnSecrets } from './secrets.ts';

/** What to run, on which rig, and what becomes of it. */
export interface RunOptions extends PlanOptions, RunSettings {
  /** Make reports beside the record. Default yes; `prove` wants only records. */
  readonly reports?: boolean;
  /** Make the browsable report too. Default yes. */
  readonly site?: boolean;
}

/** A settled run with its reports. */
export interface RunPlanResult extends RunResult {
  readonly reports: Reports | null;
  /** What the gate makes of the record. */
  readonly exitCode: GateExit;
}

/**
 * The run as a whole: reads declaration and rig, plans, drives the rig, settles the record, writes the reports. Throws InputErrors for unusable input,
 * InconsistentIcs for a declaration that contradicts itself, a BenchError where nothing could be begun (the rig is in use, no folder can be made).
 */
export async function runPlan(options: RunOptions): Promise<RunPlanResult> {
  const input = await planRun(options);
  const wanted = options.reports !== false;
  const result = await runCases(input, { allure: wanted, ...options });
  const exitCode = gateOf(result.record).exit;
  if (!wanted) return { ...result, reports: null, exitCode };
  const print = redactedPrinter(await standardsOf(input), redactorOf(input));
  // Loads Allure; a proof of a hundred runs wants none of it.
  const { writeReports } = await import('../report/write.ts');
  const reports = await writeReports(result.dir, { print, site: options.site !== false });
  return { ...result, reports, exitCode };
}

async function standardsOf(input: RunInput): Promise<Awaited<ReturnType<typeof loadStandards>>> {
  const { STANDARDS } = (await import(input.standards)) as StandardsModule;
  return loadStandards([...new Set(input.cases.map((c) => c.spec))], STANDARDS);
}

function redactorOf({ rig, declared }: RunInput): Redactor {
  const redactor = new Redactor();
  learnSecrets(redactor, [...Object.values(rig.data.iut), ...Object.values(declared.ixit)]);
  return redactor;
}
