import type { EventSink } from '../../core/events.ts';
import { BenchError, messageOf } from '../../core/errors.ts';
import { proxyType } from '../codec/proxy.ts';
import { type Bearer, ProxyLink } from '../stack/proxyLink.ts';
import type { Timers } from '../stack/timers.ts';
import { provisionerNext, type ProvisionerInput, type ProvisionerSetup, type ProvisionerState } from './provisioner.ts';

/** Reads and enters authentication values: a person, or a console of the device. What it cannot do it rejects with a BenchError. */
export interface OobHelper {
  /** What the device shows; called once it should be visible. */
  read(action: number, size: number): Promise<number | string>;
  /** Resolves when the value is entered. */
  enter(action: number, value: number | string): Promise<void>;
}

/** What surrounds one provisioning over GATT. Times are real milliseconds, already scaled. */
export interface ProvisioningRun {
  readonly sink: EventSink;
  /** Handed in, so that a test need not wait. */
  readonly timers: Timers;
  /** Gives up when no PDU came for so long (60 s by the standard). */
  readonly withinMs: number;
  /** The rest of a proxy message must come within this time (20 s by the standard). */
  readonly proxyReassemblyMs: number;
  /** Whoever stands at the device; needed for output and input OOB. */
  readonly helper?: OobHelper;
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
      // Coming to these states asks for help, staying in them does not.
      const before = state.kind;
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
      if (state.kind !== before) void help();
    };

    const help = async (): Promise<void> => {
      if (state.kind !== 'awaiting shown value' && state.kind !== 'awaiting entered value') return;
      const { action, size } = state.start;
      const { helper } = run;
      try {
        if (helper === undefined) throw new BenchError('mesh-oob', 'nobody reads or enters values at the device');
        if (state.kind === 'awaiting entered value') await helper.enter(action, state.value);
        else input({ kind: 'shown', value: await helper.read(action, size) });
      } catch (error) {
        input({ kind: 'unhelped', why: messageOf(error) });
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
