import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import type { Limit } from '../../src/core/timing.ts';
import { where } from '../../src/core/log.ts';
import { updatePhase, updateStatus } from '../../src/mesh/codec/enums.ts';
import { blobTransferStart } from '../../src/mesh/codec/messages/blob.ts';
import {
  updateApply,
  updateGet,
  updateInformationGet,
  updateInformationStatus,
  updateStart,
  updateStatusMessage,
} from '../../src/mesh/codec/messages/update.ts';
import { type Answered, answer, marked } from '../../src/mesh/kinds.ts';
import { type J, phasesOf, reply, shows } from './claims.ts';
import { type StartValue } from './fus-start.ts';
import { ITEM } from './items.ts';
import {
  beyond,
  freshImage,
  imageTransfer,
  limitsOf,
  modeOf,
  sendAll,
  SHORT_BASE,
  startOf,
  type T,
  type Transfer,
} from './moves.ts';

export const UPDATE_NAMES = { status: updateStatus, phase: updatePhase };
export const UPDATE_BASE = { item: ITEM.UPDATE_SERVER, when: ITEM.UPDATE_SERVER, start: 'idle' } as const;
export const UPDATING = [
  'ttl',
  'timeoutBase',
  'metadataA',
  'metadataB',
  'firmwareIdA',
  'firmwareIdB',
  'imageA',
  'imageB',
  'verifyS',
  'applyS',
] as const;
export const CORRUPT = ['imageCorrupt', 'metadataCorrupt'] as const;
const VERIFY: Limit = { timer: 'verifyS' };
export const APPLY: Limit = { timer: 'applyS' };
const VERIFIED: readonly number[] = [updatePhase.VERIFICATION_SUCCEEDED, updatePhase.VERIFICATION_FAILED];

/** What is updated to: octets, metadata. */
interface Image {
  readonly data: Buffer;
  readonly metadata: Buffer;
}

/** The image of the IXIT that the device does not run. */
export async function fresh(t: T): Promise<Image> {
  const which = await freshImage(t);
  t.mark('image', { firmwareId: t.octets(`firmwareId${which}`).toString('hex') });
  return { data: t.octets(`image${which}`), metadata: t.octets(`metadata${which}`) };
}

/** Starts an update; ends the drive where no transfer is to follow. Gives the transfer that does. */
export async function startUpdate(
  t: T,
  image: Image,
  mode: number,
  base = t.ixit.number('timeoutBase'),
): Promise<{ transfer: Transfer; value: StartValue }> {
  const to = t.element('update');
  const limits = await limitsOf(t, 'update');
  const value = {
    ttl: t.ixit.number('ttl'),
    timeoutBase: base,
    blobId: t.blobId(),
    image: 0,
    metadata: image.metadata,
  };
  const { phase } = await t.ask('start', to, updateStart, value);
  if (phase !== updatePhase.TRANSFER_ACTIVE) t.stop('no transfer follows: the image is held, or Start was refused');
  return { transfer: imageTransfer(limits, value.blobId, mode, image.data), value };
}

/** Brings the update to the end of its verification; undefined where it does not come so far. */
export async function verified(t: T, image: Image, mode: number): Promise<number | undefined> {
  const to = t.element('update');
  const { transfer } = await startUpdate(t, image, mode);
  if (!(await sendAll(t, to, transfer))) t.stop('the transfer was not completed');
  const end = await t.poll('verifying', to, updateGet, {}, ({ phase }) => VERIFIED.includes(phase), VERIFY);
  return end?.phase;
}

/** The verification ends in this phase. */
export function ends(j: J, statement: string, phase: number): boolean {
  const over = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'transfer over');
  if (over === undefined) {
    j.inconclusive(statement, 'the transfer was not begun');
    return false;
  }
  const complete = over.data?.['end'] === 'complete';
  j.check(
    statement,
    () => expect(complete ? 'complete' : over.data?.['reason'], 'end of the transfer').to.equal('complete'),
    over,
  );
  if (!complete) return false;
  const polls = answer(updateStatusMessage, 'verifying');
  const end = where(polls, 'end of the verification', (a) => VERIFIED.includes(a.value?.phase ?? -1));
  const seen = j.came(statement, end, {
    stimulus: marked('transfer over'),
    within: { ...VERIFY, of: 'no-progress' },
    instead: j.log.last(polls),
  });
  if (seen?.value === undefined) return false;
  const { value } = seen;
  j.check(
    statement,
    () => expect(nameOf(updatePhase, value.phase), 'end of the verification').to.equal(nameOf(updatePhase, phase)),
    seen,
  );
  return value.phase === phase;
}

/** A whole update in one mode. */
export async function update(t: T, mode: number): Promise<void> {
  const to = t.element('update');
  if ((await verified(t, await fresh(t), mode)) !== updatePhase.VERIFICATION_SUCCEEDED) return;
  await t.ask('apply', to, updateApply, {});
  await t.poll('applying', to, updateGet, {}, ({ phase }) => phase === updatePhase.IDLE, APPLY);
  await t.ask('new firmware', to, updateInformationGet, { first: 0, limit: 255 });
}

export function judgeUpdate(j: J, statement: string): void {
  shows(j, statement, updateStatusMessage, 'start', UPDATE_NAMES, { status: updateStatus.SUCCESS });
  if (!ends(j, statement, updatePhase.VERIFICATION_SUCCEEDED)) return;
  judgeApplied(j);
  const idle = where(
    answer(updateStatusMessage, 'applying'),
    'Idle after Apply',
    (a) => a.value?.phase === updatePhase.IDLE,
  );
  j.came('DFUM-U.apply', idle, {
    stimulus: answer(updateStatusMessage, 'apply'),
    within: { ...APPLY, of: 'no-progress' },
  });
  const after = reply(j, 'DFUM-U.apply', updateInformationStatus, 'new firmware');
  const wanted = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'image')?.data?.['firmwareId'];
  if (after !== undefined)
    j.check(
      'DFUM-U.apply',
      () =>
        expect(
          after.value.entries.map((e) => e.firmwareId.toString('hex')),
          'firmware ids after the update',
        ).to.include(wanted),
      after,
    );
  if (j.policy.shortPhases === 'mustBeSeen') {
    const phases = phasesOf(j.log.all(answer(updateStatusMessage)));
    j.check('DFUM-U.order', () =>
      expect(phases, 'phases seen').to.include.members([updatePhase.VERIFYING_UPDATE, updatePhase.APPLYING_UPDATE]),
    );
  }
}

/** Apply is answered Success. Where it was repeated the answer may be that of the new firmware, which has nothing to apply; what runs is judged all the same. */
function judgeApplied(j: J): void {
  const applied = reply(j, 'DFUM-U.apply', updateStatusMessage, 'apply');
  if (applied === undefined) return;
  const { status, phase } = applied.value;
  if (applied.tries > 1 && status === updateStatus.WRONG_PHASE && phase === updatePhase.IDLE)
    return j.note('Apply was repeated, and answered by a device that had restarted already');
  j.check(
    'DFUM-U.apply',
    () => {
      expect(nameOf(updateStatus, status), 'status (apply)').to.equal(nameOf(updateStatus, updateStatus.SUCCESS));
      expect(
        [nameOf(updatePhase, updatePhase.APPLYING_UPDATE), nameOf(updatePhase, updatePhase.IDLE)],
        'phase after Apply',
      ).to.include(nameOf(updatePhase, phase));
    },
    applied,
  );
}

/** The phases in which Apply and Cancel are tried; each brings the device there from Idle. */
export const PHASES = {
  idle: { phase: updatePhase.IDLE, to: () => Promise.resolve() },
  active: {
    phase: updatePhase.TRANSFER_ACTIVE,
    to: async (t: T) => void (await startUpdate(t, await fresh(t), modeOf(t, 'update'))),
  },
  error: {
    phase: updatePhase.TRANSFER_ERROR,
    async to(t: T) {
      const { transfer } = await startUpdate(t, await fresh(t), modeOf(t, 'update'), SHORT_BASE);
      await t.ask('transfer', t.element('update'), blobTransferStart, startOf(transfer));
      await t.poll(
        'failing',
        t.element('update'),
        updateGet,
        {},
        ({ phase }) => phase === updatePhase.TRANSFER_ERROR,
        beyond(SHORT_BASE),
      );
    },
  },
  succeeded: {
    phase: updatePhase.VERIFICATION_SUCCEEDED,
    to: async (t: T) => void (await verified(t, await fresh(t), modeOf(t, 'update'))),
  },
  failed: {
    phase: updatePhase.VERIFICATION_FAILED,
    to: async (t: T) =>
      void (await verified(
        t,
        { data: t.octets('imageCorrupt'), metadata: t.octets('metadataCorrupt') },
        modeOf(t, 'update'),
      )),
  },
} as const;
type PhaseName = keyof typeof PHASES;

/** Brings the device to each phase in turn and tries something there. */
export async function inPhases(
  t: T,
  names: readonly PhaseName[],
  work: (name: PhaseName) => Promise<void>,
): Promise<void> {
  for (const name of names) {
    await t.internals.idle();
    await PHASES[name].to(t);
    await t.ask(`before ${name}`, t.element('update'), updateGet, {});
    await work(name);
  }
}

/** True where the device was seen in the phase; inconclusive otherwise. */
export function was(j: J, statement: string, name: PhaseName): boolean {
  const seen: Answered<{ readonly phase: number }> | undefined = j.log.first(
    answer(updateStatusMessage, `before ${name}`),
  );
  const { phase } = PHASES[name];
  if (seen?.value?.phase === phase) return true;
  j.inconclusive(statement, `the device was not seen in ${nameOf(updatePhase, phase)}`);
  return false;
}
