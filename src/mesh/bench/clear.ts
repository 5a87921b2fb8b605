import { DriveEnd } from '../../core/case.ts';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { Layout, Value } from '../../core/layout/layout.ts';
import { blobPhase, distributionPhase, updatePhase, uploadPhase } from '../codec/enums.ts';
import type { MessageType } from '../codec/message.ts';
import { blobTransferCancel, blobTransferGet } from '../codec/messages/blob.ts';
import {
  distributionCancel,
  distributionGet,
  firmwareDeleteAll,
  receiversDeleteAll,
  uploadCancel,
  uploadGet,
} from '../codec/messages/distribution.ts';
import { updateCancel, updateGet } from '../codec/messages/update.ts';
import type { Internals, MeshTester } from '../tester.ts';

interface Parts {
  readonly bench: Pick<Bench, 'reset' | 'power'>;
  readonly tester: Pick<MeshTester, 'ask' | 'poll' | 'declared' | 'element' | 'off' | 'on'>;
  readonly ensure: () => Promise<void>;
  readonly leave: () => Promise<void>;
  /** Nothing is known of the device's elements any more. */
  readonly forget: () => void;
}

/** Label of everything that only prepares a case. */
const LABEL = 'arrange';

/** Ends what earlier cases left on the device: transfers, updates, uploads, distributions. Throws a BenchError where the device does not go to Idle. */
export function clearer({ bench, tester, ensure, leave, forget }: Parts): Pick<Internals, 'idle'> {
  /** Asks for the phase; where it is not Idle gives the procedure up and waits for it. */
  const end = async <R extends Layout>(
    to: number,
    get: MessageType<Layout, MessageType<R>>,
    cancel: MessageType<Layout, MessageType<R>>,
    isIdle: (value: Value<R>) => boolean,
  ): Promise<boolean> => {
    if (isIdle(await tester.ask(LABEL, to, get, {}))) return true;
    const after = await tester.ask(LABEL, to, cancel, {});
    if (isIdle(after)) return true;
    return (await tester.poll(LABEL, to, get, {}, isIdle, { timer: 'applyS' })) !== undefined;
  };
  /** Ends a transfer, one that is over and still shown included. Before the model above: to that one it is a transfer that failed. */
  const endTransfer = async (to: number): Promise<void> => {
    try {
      const { phase, blobId } = await tester.ask(LABEL, to, blobTransferGet, {});
      if (phase !== blobPhase.INACTIVE && blobId !== undefined)
        await tester.ask(LABEL, to, blobTransferCancel, { blobId });
    } catch (e) {
      // What a BLOB Transfer Server answers here, if anything, is for the cases to judge.
      if (!(e instanceof DriveEnd)) throw e;
    }
  };
  const all = async (): Promise<string | undefined> => {
    if (tester.declared('DFUM 3/1')) {
      const to = tester.element('update');
      await endTransfer(to);
      if (!(await end(to, updateGet, updateCancel, (v) => v.phase === updatePhase.IDLE))) return 'Update Server';
    }
    if (tester.declared('DFUM 3/2')) {
      const to = tester.element('distribution');
      await endTransfer(to);
      if (!(await end(to, distributionGet, distributionCancel, (v) => v.phase === distributionPhase.IDLE)))
        return 'Distribution Server';
      if (!(await end(to, uploadGet, uploadCancel, (v) => v.phase === uploadPhase.IDLE)))
        return 'upload of the Distribution Server';
      await tester.ask(LABEL, to, receiversDeleteAll, {});
      await tester.ask(LABEL, to, firmwareDeleteAll, {});
    }
    return undefined;
  };
  /** Out of a phase that the device does not leave by itself: reset before power, whichever the rig has. */
  const force = async (): Promise<boolean> => {
    if (bench.reset !== undefined) {
      await bench.reset.reset();
      await leave();
      forget();
    } else if (bench.power !== undefined) {
      await tester.off();
      await tester.on();
    } else return false;
    return true;
  };
  const attempt = async (): Promise<string | undefined> => {
    try {
      await ensure();
      return await all();
    } catch (e) {
      if (e instanceof DriveEnd) return messageOf(e);
      throw e;
    }
  };

  return {
    async idle() {
      let stuck = await attempt();
      if (stuck !== undefined && (await force())) stuck = await attempt();
      if (stuck !== undefined) throw new BenchError('not-arranged', `the device does not go to Idle: ${stuck}`);
    },
  };
}
