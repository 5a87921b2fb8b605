import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchClock, wallNow } from '../core/clock.ts';
import { BenchError, printError, TesterError } from '../core/errors.ts';
import { memorySink } from '../core/events.ts';
import type { Registered } from '../core/registered.ts';
import { loadIcs } from '../ics/ics.ts';
import { loadRig, refuseShortTimers } from '../rig/file.ts';
import { capabilities } from '../rig/rig.ts';
import { acquireLease } from '../rig/lease.ts';
import { openRig } from '../rig/open.ts';
import { Redactor } from '../rig/secret.ts';
import { loadStandards, type StandardEntry } from '../standards.ts';
import type { ChildTask, Declared } from './messages.ts';
import { declaredBy } from './plan.ts';
import { stateDirOf } from './run.ts';
import { session, settingOf } from './session.ts';

/** What to look at. */
export interface CheckOptions {
  readonly rig: string;
  /** A declaration, where a standard cannot be opened without its values. */
  readonly ics?: string;
  /** State folder of the rig; where it is kept across runs unless told. */
  readonly state?: string;
  readonly standards?: readonly StandardEntry[];
}

/** One thing on the rig that was looked at. */
export interface Checked {
  /** A resource, or the device of a standard. */
  readonly name: string;
  readonly ok: boolean;
  /** What was found: that it is open or answers, or the error in one line. */
  readonly detail: string;
}

/** What a look at a rig came to. */
export interface RigCheck {
  readonly rig: string;
  readonly ok: boolean;
  /** Which cases can run: `power`, `reset`, `console`. */
  readonly offers: readonly string[];
  readonly checked: readonly Checked[];
}

/** A check needs no declaration: all that it asks of a device every device must answer. */
const NOTHING_DECLARED: Declared = { items: {}, ixit: {}, policies: {} };

/**
 * Opens every resource and lets every device answer once; switches no power and sends nothing that changes a device. Throws InputErrors for an unusable file and
 * a BenchError where the rig is in use.
 */
export async function checkRig(options: CheckOptions): Promise<RigCheck> {
  const rig = loadRig(options.rig);
  const specs = Object.keys(rig.data.iut);
  const standards = await loadStandards(specs, options.standards);
  refuseShortTimers(rig, Object.fromEntries(standards.map((s) => [s.spec, s.timing])));
  const declared = options.ics === undefined ? NOTHING_DECLARED : declaredBy(loadIcs(options.ics));
  const undeclared = options.ics === undefined ? { declared: () => false } : {};
  const stateDir = stateDirOf(rig, options.state);
  const lease = await acquireLease(stateDir, { run: 'rig check' });
  const privateDir = mkdtempSync(join(tmpdir(), 'plumbline-check-'));
  const checked: Checked[] = [];
  const redactor = new Redactor();
  try {
    const clock = benchClock(Math.round(wallNow()), rig.data.time.protocol);
    const events = memorySink(() => clock.now());
    const context = { stateDir, privateDir, epochMs: clock.epochMs, events, redactor, prompt: noHands };
    // Without power and reset nothing can be switched, whatever fails to answer.
    const { console } = rig.parts;
    const untouched = { ...rig, parts: console === undefined ? {} : { console } };
    const task: Pick<ChildTask, 'rig' | 'stateDir' | 'privateDir'> = { rig: untouched, stateDir, privateDir };
    const on = session({
      task,
      events,
      clock,
      setting: (r) => ({ ...settingOf(r, declared, rig.data.time), ...undeclared }),
      broke: () => undefined,
      openRig: () =>
        openRig(untouched, { ...context, opened: (name, detail) => void checked.push({ name, ok: true, detail }) }),
    });
    for (const standard of standards) {
      const seen = await probe(standard, () => on.ready(standard));
      checked.push(seen.needsIxit && options.ics === undefined ? { ...seen.found, detail: NEEDS_ICS } : seen.found);
    }
    await on.close().catch((e: unknown) => checked.push({ name: 'closing', ok: false, detail: printError(e) }));
    const unknown = specs.filter((spec) => !standards.some((s) => s.spec === spec));
    for (const name of unknown) checked.push({ name, ok: false, detail: 'no standard of this name' });
  } finally {
    lease.release();
    rmSync(privateDir, { recursive: true, force: true });
  }
  const offers = [...capabilities(rig)];
  return redactor.data({ rig: rig.name, ok: checked.every((c) => c.ok), offers, checked });
}

const NEEDS_ICS = 'this device is only reached with values of its declaration (IXIT): name it with --ics FILE';

/** Opens the standard and lets its device answer once; also tells whether that failed for want of an IXIT value. */
async function probe(
  { spec: name }: Registered,
  ready: () => Promise<{ alive(): Promise<void> }>,
): Promise<{ found: Checked; needsIxit: boolean }> {
  try {
    await (await ready()).alive();
    return { found: { name, ok: true, detail: 'the device answers' }, needsIxit: false };
  } catch (e) {
    const needsIxit = e instanceof TesterError && (e.code === 'ixit' || e.code === 'timer');
    return { found: { name, ok: false, detail: printError(e) }, needsIxit };
  }
}

/** A check switches nothing, so that no person is asked to. */
function noHands(text: string): Promise<string> {
  return Promise.reject(new BenchError('prompt', `"${text}" is not asked for in a check`));
}
