import { setTimeout as sleep } from 'node:timers/promises';
import { DriveEnd } from '../../core/case.ts';
import { BenchError } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { Observation } from '../../coap/observe.ts';
import type { Outcome } from '../../coap/request.ts';
import { type Device, mapOf } from '../device.ts';
import { printInstant } from '../instant.ts';
import { SCHEDULE } from '../run.ts';
import type { CborMap } from '../codec/cbor.ts';
import type { ActionName } from '../codec/swu.ts';
import type { OcfTester } from '../tester.ts';
import { DEVICE_STATE, MODE_BIT, readPstat, SECURITY_PATH } from './resources.ts';

interface Parts {
  readonly bench: Bench;
  readonly device: Device;
  /** Ended when the case is settled. */
  readonly observations: Observation[];
  readonly open: { upgraded: boolean; moved: boolean };
  /** Ends every observation without a word and waits until the device answers again. */
  readonly back: () => Promise<void>;
}

/** The verbs for the security resources. Without security their requests go in clear, and no case uses them. */
export function securityVerbs({
  bench,
  device,
  observations,
  open,
  back,
}: Parts): Pick<OcfTester, 'trigger' | 'modes' | 'setModes' | 'observeModes' | 'moveTo' | 'bar'> {
  const path = SECURITY_PATH.pstat;
  const { timing, clock, events } = bench;
  const write = (body: CborMap, label: string, once: boolean): Promise<Outcome> =>
    device.ask('POST', { path, subject: 'pstat', label, body, once });
  const setModes: OcfTester['setModes'] = (body, label) => write(body, label, false);
  const named = (mode: number): ActionName => {
    const found = Object.entries(MODE_BIT).find(([, bit]) => bit === mode)?.[0];
    return (found as ActionName | undefined) ?? 'idle';
  };
  return {
    async trigger(mode, label = 'run') {
      const tm = typeof mode === 'number' ? mode : MODE_BIT[mode];
      const action = named(tm);
      events.append({
        channel: 'ocf',
        type: SCHEDULE,
        data: { action, purl: '', time: printInstant(clock.protocolNow()), inMs: 0, label, tm },
      });
      if (action === 'upgrade' || bench.declared('OCFSWU 4/6')) open.upgraded = true;
      // The action may be over, and the device started anew, before a second round: that would ask for another one.
      return write({ tm }, label, true);
    },
    async modes(label) {
      const map = mapOf(await device.ask('GET', { path, subject: 'pstat', label }));
      return map === undefined ? undefined : readPstat(map);
    },
    setModes,
    async observeModes(label) {
      const observation = await device.watchOther({ path, subject: 'pstat', label });
      if (observation === undefined) return undefined;
      observations.push(observation);
      return {
        async end(how) {
          await observation.cancel(how);
        },
      };
    },
    async bar() {
      open.moved = true;
      await device.bar();
    },
    async moveTo(state, label = state) {
      open.moved = true;
      const outcome = await setModes({ dos: { s: DEVICE_STATE[state] } }, label).catch((e: unknown) => {
        // A device that resets ends the association; where its answer was lost, nobody can tell.
        if (state === 'RESET' && e instanceof BenchError) throw new DriveEnd(`no answer to RESET: ${e.message}`);
        throw e;
      });
      const taken = outcome.kind === 'reply' && outcome.code.startsWith('2.');
      if (!taken) throw new DriveEnd(`the device does not go to ${state}`);
      if (state !== 'RESET') return;
      await sleep(timing.real('resetPause'));
      await back();
    },
  };
}
