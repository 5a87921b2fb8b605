import type { EventSink } from '../../core/events.ts';
import { messageOf } from '../../core/errors.ts';
import { proxyType } from '../codec/proxy.ts';
import { type Bearer, ProxyLink } from '../stack/proxyLink.ts';
import type { Timers } from '../stack/timers.ts';
import { provisionerNext, type ProvisionerInput, type ProvisionerSetup, type ProvisionerState } from './provisioner.ts';

/** What surrounds one provisioning over GATT. Times are real milliseconds, already scaled. */
export interface ProvisioningRun {
  readonly sink: EventSink;
  /** Handed in, so that a test need not wait. */
  readonly timers: Timers;
  /** Gives up when no PDU came for so long (60 s by the standard). */
  readonly withinMs: number;
  /** The rest of a proxy message must come within this time (20 s by the standard). */
  readonly proxyReassemblyMs: number;
  /** Output OOB: reads what the device shows, from an operator or a console. Called once it should be visible. */
  readonly readShown?: (action: number, size: number) => Promise<number | string>;
}

/** Where a provisioning ends. */
export type ProvisioningEnd = Extract<ProvisionerState, { kind: 'done' | 'failed' }>;

/** Provisions the device behind the bearer (PB-GATT). Records every PDU as `mesh.provisioning`; never rejects for the device. */
export function provisionDevice(
  bearer: Bearer,
  setup: ProvisionerSetup,
  run: ProvisioningRun,
): Promise<ProvisioningEnd> {
  return new Promise((resolve) => {
    let state: ProvisionerState = { kind: 'idle' };
    let cancelTimer: () => void = () => undefined;
    const record = (dir: 'in' | 'out', raw: Buffer): void =>
      void run.sink.append({ channel: 'mesh', type: 'mesh.provisioning', dir, raw });

    const input = (what: ProvisionerInput): void => {
      if (state.kind === 'done' || state.kind === 'failed') return;
      // Entering this state asks for the value, staying in it does not.
      const askedBefore = state.kind === 'awaiting shown value';
      const step = provisionerNext(state, what, setup);
      state = step.state;
      cancelTimer();
      for (const pdu of step.send) {
        record('out', pdu);
        // A failing link ends the exchange as a closed one does.
        link.send({ type: proxyType.PROVISIONING_PDU, payload: pdu }).catch(() => input({ kind: 'link closed' }));
      }
      if (state.kind === 'done' || state.kind === 'failed') {
        link.close();
        const data =
          state.kind === 'done' ? { end: 'done' } : { end: 'failed', reason: state.reason, detail: state.detail };
        run.sink.append({ channel: 'mesh', type: 'mesh.provisioned', data });
        resolve(state);
        return;
      }
      cancelTimer = run.timers.after(run.withinMs, () => input({ kind: 'timeout' }));
      if (state.kind === 'awaiting shown value' && !askedBefore) void readShown(state.start.action, state.start.size);
    };

    const readShown = async (action: number, size: number): Promise<void> => {
      try {
        const value = await run.readShown?.(action, size);
        if (value !== undefined) input({ kind: 'shown', value });
      } catch (error) {
        run.sink.append({
          channel: 'mesh',
          type: 'mesh.refused',
          data: { reason: `output value: ${messageOf(error)}` },
        });
      }
    };

    const link = new ProxyLink(bearer, run.timers, run.proxyReassemblyMs, {
      message({ type, payload }) {
        if (type !== proxyType.PROVISIONING_PDU) return;
        record('in', payload);
        input({ kind: 'pdu', pdu: payload });
      },
      problem: (reason) => void run.sink.append({ channel: 'mesh', type: 'mesh.refused', dir: 'in', data: { reason } }),
      closed: () => input({ kind: 'link closed' }),
    });
    input({ kind: 'start' });
  });
}
