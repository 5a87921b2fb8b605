import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchClock } from '../core/clock.ts';
import { BenchError, messageOf, PlumblineError, printError, TesterError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { type Ixit, ixitOf } from '../core/ixit.ts';
import type { OpenStandard, Registered } from '../core/registered.ts';
import type { Bench, Power } from '../core/standard.ts';
import { type Timing, timingOf } from '../core/timing.ts';
import { bootMs } from '../rig/rig.ts';
import type { OpenRig } from '../rig/open.ts';
import type { ChildTask, Declared } from './messages.ts';

/** Between two looks at a device that boots; real milliseconds. */
const LOOK_AGAIN_MS = 200;
/** After so many vain tries in a row a broken rig is not tried again. */
const RECOVERIES = 3;

/** What judges, testers and watchdogs need of one standard in this run. */
export interface Setting {
  readonly ixit: Ixit;
  readonly policies: Readonly<Record<string, string>>;
  readonly timing: Timing;
  declared(item: string): boolean;
}

/** The declaration as one standard sees it. */
export function settingOf(registered: Registered, declared: Declared, factors: Timing['factors']): Setting {
  const ixit = ixitOf(declared.ixit[registered.spec] ?? {});
  return {
    ixit,
    policies: declared.policies[registered.spec] ?? {},
    timing: timingOf(registered.timing, ixit, factors),
    declared(item) {
      const answer = declared.items[item];
      if (answer === undefined) throw new TesterError('item', `no item ${item} in the proformas of this run`);
      return answer;
    },
  };
}

/** What a session needs of the child process that it lives in. */
export interface SessionContext {
  readonly task: Pick<ChildTask, 'rig' | 'stateDir' | 'privateDir'>;
  readonly events: EventSink;
  readonly clock: BenchClock;
  openRig(): Promise<OpenRig>;
  setting(registered: Registered): Setting;
  /** The first fault after which the rig counts as broken. */
  broke(fault: BenchError): void;
}

/** The rig with the standards that are open on it, and what is known of its health. */
export interface Session {
  /** The standard, open on a rig that is not known to be broken; throws the first fault otherwise. */
  ready(registered: Registered): Promise<OpenStandard>;
  /** True where the rig can bring a silent device back by itself. */
  readonly canRecover: boolean;
  /** Power cycle or reset, and a new start of the tester; true when the device answers again. */
  recover(registered: Registered): Promise<boolean>;
  /** The device or the link does not answer: later cases report this fault unless the rig recovers. */
  broken(fault: BenchError): void;
  close(): Promise<void>;
}

/** An error of any kind as a fault of the bench, its code and message kept. */
export function faultOf(e: unknown): BenchError {
  if (e instanceof BenchError) return e;
  const code = e instanceof PlumblineError ? e.code : 'tester-exception';
  return new BenchError(code, printError(e), { cause: e });
}

/** A power switch whose changes stand in the log: a judge tells by them a device that fell silent from one that was switched off. */
function recordedPower(power: Power, events: EventSink): Power {
  const say = (on: boolean): void => void events.append({ channel: 'run', type: 'power', data: { on } });
  return {
    async off() {
      await power.off();
      say(false);
    },
    async on() {
      await power.on();
      say(true);
    },
  };
}

/** The same of a reset, which ends all that was under way in a device as well. */
function recordedReset(line: NonNullable<Bench['reset']>, events: EventSink): NonNullable<Bench['reset']> {
  return {
    async reset() {
      await line.reset();
      events.append({ channel: 'run', type: 'reset' });
    },
  };
}

/** Opens the rig at the first case that needs it, and keeps rig and standards open from case to case. */
export function session(context: SessionContext): Session {
  const { task, events } = context;
  const open = new Map<string, OpenStandard>();
  let rig: OpenRig | undefined;
  // The first fault since the rig was last well. Later ones are its consequences and are not told.
  let fault: BenchError | undefined;
  // Recoveries in a row that did not help.
  let vain = 0;

  const benchOf = (on: OpenRig, registered: Registered): Bench => {
    const { spec } = registered;
    // A folder per standard: two standards on one rig must not read each other's keys.
    const stateDir = join(task.stateDir, spec);
    mkdirSync(stateDir, { recursive: true });
    const { reset, console } = on;
    return {
      events,
      clock: context.clock,
      ...context.setting(registered),
      address: (name) => on.address(spec, name),
      has: (name) => on.has(spec, name),
      ...(on.power === undefined ? {} : { power: recordedPower(on.power, events) }),
      ...(reset === undefined ? {} : { reset: recordedReset(reset, events) }),
      ...(console === undefined ? {} : { console }),
      askSecret: (what, name) => on.askSecret(what, name),
      ask: (text) => on.ask(text),
      lossPercent: task.rig.data.lossPercent,
      stateDir,
      privateDir: task.privateDir,
    };
  };
  const openStandard = async (registered: Registered): Promise<OpenStandard> => {
    rig ??= await context.openRig();
    const standard = await registered.open(benchOf(rig, registered));
    open.set(registered.spec, standard);
    return standard;
  };
  // A standard that cannot be closed must not keep the others, or the rig, from being closed.
  const closeStandards = async (): Promise<void> => {
    for (const [spec, standard] of open) {
      open.delete(spec);
      await standard.close().catch((e: unknown) => {
        events.append({ channel: 'run', type: 'close.failed', data: { spec, message: messageOf(e) } });
      });
    }
  };
  // Power where there is a switch, for it ends everything in a device; otherwise the reset.
  const cycle = async (): Promise<void> => {
    if (rig === undefined) return;
    const power = rig.power === undefined ? undefined : recordedPower(rig.power, events);
    if (power !== undefined) {
      await power.off();
      await power.on();
    } else if (rig.reset !== undefined) {
      await recordedReset(rig.reset, events).reset();
    }
  };
  const canRecover = task.rig.parts.power !== undefined || task.rig.parts.reset !== undefined;

  /** Opens the standard anew until the device answers or its time to boot is over. */
  const answers = async (registered: Registered): Promise<boolean> => {
    // A rig that cannot restart its device has nothing to wait for.
    const until = performance.now() + (canRecover ? bootMs(task.rig) : 0);
    for (;;) {
      try {
        const standard = await openStandard(registered);
        await standard.alive();
        return true;
      } catch (e) {
        events.append({ channel: 'run', type: 'probe.failed', data: { message: printError(e) } });
        await closeStandards();
      }
      if (performance.now() >= until) return false;
      await sleep(LOOK_AGAIN_MS);
    }
  };
  const recover = async (registered: Registered): Promise<boolean> => {
    await closeStandards();
    try {
      await cycle();
    } catch (e) {
      events.append({ channel: 'run', type: 'power.failed', data: { message: printError(e) } });
      return false;
    }
    return answers(registered);
  };
  const broken = (e: BenchError): void => {
    if (fault !== undefined) return;
    fault = e;
    context.broke(e);
  };

  return {
    canRecover,
    broken,
    async recover(registered) {
      const well = await recover(registered);
      if (well) fault = undefined;
      return well;
    },
    async ready(registered) {
      if (fault !== undefined) {
        const tried = vain < RECOVERIES && (await recover(registered));
        vain = tried ? 0 : vain + 1;
        if (!tried) throw fault;
        fault = undefined;
      }
      const known = open.get(registered.spec);
      if (known !== undefined) return known;
      try {
        return await openStandard(registered);
      } catch (e) {
        broken(faultOf(e));
        throw e;
      }
    },
    async close() {
      await closeStandards();
      await rig?.close();
      rig = undefined;
    },
  };
}
