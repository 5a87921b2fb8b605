import { type ActionName, RESULTS, type StateName } from '../../ocf/codec/swu.ts';

/** What a client can have done, by time or by target mode. */
export type Goal = Exclude<ActionName, 'idle'>;

/** The pieces of work of an update, in this order. */
export type Step = 'check' | 'download' | 'verify' | 'install' | 'reboot';

export interface StepRow {
  /** State shown while the step is at work (table 3; figure 1 for the check). */
  readonly during: StateName;
  /** State shown when it has ended well; none: the state stays. */
  readonly after?: StateName;
  /** Result reported where the power failed during the step. */
  readonly interrupted: number;
  /** How long it takes, in milliseconds of protocol time. */
  readonly ms: number;
}

export const STEPS: Readonly<Record<Step, StepRow>> = {
  check: { during: 'idle', after: 'nsa', interrupted: RESULTS.connectionLost, ms: 2000 },
  download: { during: 'svv', interrupted: RESULTS.connectionLost, ms: 4000 },
  verify: { during: 'svv', after: 'sva', interrupted: RESULTS.validationFailed, ms: 3000 },
  install: { during: 'upgrading', interrupted: RESULTS.updateFailed, ms: 4000 },
  reboot: { during: 'upgrading', after: 'idle', interrupted: RESULTS.updateFailed, ms: 2000 },
};

export const ORDER = Object.keys(STEPS) as readonly Step[];

/** Between two steps, so that the state in between can be seen; milliseconds of protocol time. */
export const PAUSE_MS = 1000;

/** The step that ends an action of its own accord (table 4). */
export const LAST: Readonly<Record<Goal, Step>> = { isac: 'check', isvv: 'verify', upgrade: 'reboot' };

export interface Run {
  readonly goal: Goal;
  readonly step: Step;
  /** False in the pause before the step. */
  readonly working: boolean;
}

/** The update as its resource shows it, and the run that is going on, if any. */
export interface Machine {
  readonly state: StateName;
  readonly result: number;
  readonly run?: Run;
}

export const FACTORY: Machine = { state: 'idle', result: RESULTS.idle };

/** Where the standard leaves a choice. */
export interface Plan {
  /** Actions that go on to the later steps by themselves. */
  readonly chain: readonly Goal[];
  /** The result of the run before goes back to 0 when a run starts. */
  readonly resetResult: boolean;
  readonly resultNoNewVersion: number;
  /** State at rest after a failed download or verification, and after a failed installation. */
  readonly restAfterFailure: 'idle' | 'nsa' | 'sva';
  /** An interrupted run starts again at boot instead of being reported as failed. */
  readonly retryAtBoot: boolean;
}

export type Input =
  /** An action is due; `validated`: the package of the present URL has been verified before. */
  | { readonly type: 'start'; readonly goal: Goal; readonly validated: boolean }
  | { readonly type: 'pauseOver' }
  | { readonly type: 'stepDone' }
  | { readonly type: 'nothingNewer' }
  | { readonly type: 'stepFailed'; readonly result: number }
  /** Power came back. */
  | { readonly type: 'boot' };

/** The next state of the update. Pure; an input that means nothing in the present state changes nothing. */
export function next(machine: Machine, input: Input, plan: Plan): Machine {
  const { run, state, result } = machine;
  switch (input.type) {
    case 'start':
      if (run !== undefined) return machine;
      return begin(input.goal, input.validated ? 'install' : 'check', plan.resetResult ? RESULTS.idle : result);
    case 'pauseOver':
      if (run === undefined || run.working) return machine;
      return begin(run.goal, run.step, result);
    case 'stepDone':
      return run?.working === true ? advance(machine, run, plan) : machine;
    case 'nothingNewer':
      return run === undefined ? machine : { state: 'idle', result: plan.resultNoNewVersion };
    case 'stepFailed':
      return run === undefined ? machine : { state: restOf(run.step, plan), result: input.result };
    case 'boot':
      if (run === undefined) return { state, result };
      // Before the reboot the installation is complete: starting up is how it ends.
      if (run.step === 'reboot') return { state: 'idle', result: RESULTS.success };
      if (plan.retryAtBoot) return begin(run.goal, 'check', result);
      return { state: 'idle', result: STEPS[run.step].interrupted };
  }
}

function begin(goal: Goal, step: Step, result: number): Machine {
  return { state: STEPS[step].during, result, run: { goal, step, working: true } };
}

function advance(machine: Machine, run: Run, plan: Plan): Machine {
  const state = STEPS[run.step].after ?? machine.state;
  const last: Step = plan.chain.includes(run.goal) ? 'reboot' : LAST[run.goal];
  const following = ORDER[ORDER.indexOf(run.step) + 1];
  if (run.step === last || following === undefined)
    return { state, result: run.step === 'reboot' ? RESULTS.success : machine.result };
  return { state, result: machine.result, run: { goal: run.goal, step: following, working: false } };
}

function restOf(step: Step, plan: Plan): StateName {
  if (step === 'check' || plan.restAfterFailure === 'idle') return 'idle';
  return step === 'install' || step === 'reboot' ? plan.restAfterFailure : 'nsa';
}
