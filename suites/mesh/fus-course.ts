import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import type { Limit } from '../../src/core/timing.ts';
import { where } from '../../src/core/log.ts';
import {
  additionalInformation,
  blobPhase,
  blobStatus,
  transferMode,
  updatePhase,
  updateStatus,
} from '../../src/mesh/codec/enums.ts';
import { bitsSet } from '../../src/mesh/codec/fields.ts';
import {
  blobBlockStart,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import {
  metadataCheck,
  metadataStatus,
  updateApply,
  updateCancel,
  updateGet,
  updateInformationGet,
  updateInformationStatus,
  updateStart,
  updateStatusMessage,
} from '../../src/mesh/codec/messages/update.ts';
import { type Answered, answer, looked, sendings, told } from '../../src/mesh/kinds.ts';
import { updateServerTable } from '../../src/mesh/tables.ts';
import { byTable, expires, type J, type MeshCase, phasesOf, reply, shows } from './claims.ts';
import { type StartValue, startValue } from './fus-start.ts';
import { ITEM } from './items.ts';
import {
  beyond,
  chunksOf,
  freshImage,
  imageTransfer,
  limitsOf,
  modeOf,
  sendAll,
  sendChunks,
  serverTimeout,
  SHORT_BASE,
  startOf,
  type T,
  type Transfer,
} from './moves.ts';

const NAMES = { status: updateStatus, phase: updatePhase };
const BASE = { item: ITEM.UPDATE_SERVER, when: ITEM.UPDATE_SERVER, start: 'idle' } as const;
const UPDATING = [
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
const CORRUPT = ['imageCorrupt', 'metadataCorrupt'] as const;
const VERIFY: Limit = { timer: 'verifyS' };
const APPLY: Limit = { timer: 'applyS' };
const VERIFIED: readonly number[] = [updatePhase.VERIFICATION_SUCCEEDED, updatePhase.VERIFICATION_FAILED];

/** What is updated to: octets, metadata. */
interface Image {
  readonly data: Buffer;
  readonly metadata: Buffer;
}

/** The image of the IXIT that the device does not run. */
async function fresh(t: T): Promise<Image> {
  const which = await freshImage(t);
  t.mark('image', { firmwareId: t.octets(`firmwareId${which}`).toString('hex') });
  return { data: t.octets(`image${which}`), metadata: t.octets(`metadata${which}`) };
}

/** Starts an update; ends the drive where no transfer is to follow. Gives the transfer that does. */
async function startUpdate(
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
async function verified(t: T, image: Image, mode: number): Promise<number | undefined> {
  const to = t.element('update');
  const { transfer } = await startUpdate(t, image, mode);
  if (!(await sendAll(t, to, transfer))) t.stop('the transfer was not completed');
  const end = await t.poll('verifying', to, updateGet, {}, ({ phase }) => VERIFIED.includes(phase), VERIFY);
  return end?.phase;
}

/** The verification ends in this phase. */
function ends(j: J, statement: string, phase: number): boolean {
  const over = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'transfer over');
  if (over === undefined) {
    j.inconclusive(statement, 'the transfer was not begun');
    return false;
  }
  const complete = over.data?.['end'] === 'complete';
  j.check(
    statement,
    () => expect(complete ? 'complete' : String(over.data?.['reason']), 'end of the transfer').to.equal('complete'),
    over,
  );
  if (!complete) return false;
  const polls = answer(updateStatusMessage, 'verifying');
  const seen =
    j.came(
      statement,
      where(polls, 'end of the verification', (a) => VERIFIED.includes(a.value?.phase ?? -1)),
      {
        stimulus: where(polls, 'Update Get', () => true),
        within: { ...VERIFY, of: 'no-progress' },
        instead: j.log.last(polls),
      },
    ) ?? j.log.first(where(polls, 'end of the verification', (a) => VERIFIED.includes(a.value?.phase ?? -1)));
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
async function update(t: T, mode: number): Promise<void> {
  const to = t.element('update');
  if ((await verified(t, await fresh(t), mode)) !== updatePhase.VERIFICATION_SUCCEEDED) return;
  await t.ask('apply', to, updateApply, {});
  await t.poll('applying', to, updateGet, {}, ({ phase }) => phase === updatePhase.IDLE, APPLY);
  await t.ask('new firmware', to, updateInformationGet, { first: 0, limit: 255 });
}

function judgeUpdate(j: J, statement: string): void {
  shows(j, statement, updateStatusMessage, 'start', NAMES, { status: updateStatus.SUCCESS });
  if (!ends(j, statement, updatePhase.VERIFICATION_SUCCEEDED)) return;
  const applied = shows(j, 'DFUM-U.apply', updateStatusMessage, 'apply', NAMES, { status: updateStatus.SUCCESS });
  if (applied !== undefined)
    j.check(
      'DFUM-U.apply',
      () =>
        expect(
          [nameOf(updatePhase, updatePhase.APPLYING_UPDATE), nameOf(updatePhase, updatePhase.IDLE)],
          'phase after Apply',
        ).to.include(nameOf(updatePhase, applied.value.phase)),
      applied,
    );
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

/** The phases in which Apply and Cancel are tried; each brings the device there from Idle. */
const PHASES = {
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
async function inPhases(t: T, names: readonly PhaseName[], work: (name: PhaseName) => Promise<void>): Promise<void> {
  for (const name of names) {
    await t.internals.idle();
    await PHASES[name].to(t);
    await t.ask(`before ${name}`, t.element('update'), updateGet, {});
    await work(name);
  }
}

/** True where the device was seen in the phase; inconclusive otherwise. */
function was(j: J, statement: string, name: PhaseName): boolean {
  const seen: Answered<{ readonly phase: number }> | undefined = j.log.first(
    answer(updateStatusMessage, `before ${name}`),
  );
  const { phase } = PHASES[name];
  if (seen?.value?.phase === phase) return true;
  j.inconclusive(statement, `the device was not seen in ${nameOf(updatePhase, phase)}`);
  return false;
}

const APPLY_PHASES = ['idle', 'active', 'error', 'failed'] as const;
const CANCEL_PHASES = ['active', 'error', 'succeeded', 'failed'] as const;

/** Whole updates, their phases and their timeout. */
export const updateCourseCases: readonly MeshCase[] = [
  {
    ...BASE,
    id: 'DFUM/FUS/07',
    purpose: 'Apply is refused with Wrong Phase before a successful verification',
    statements: ['DFUM-U.apply-only'],
    ixit: [...UPDATING, ...CORRUPT],
    async drive(t) {
      await inPhases(t, APPLY_PHASES, async (name) => {
        await t.ask(`apply ${name}`, t.element('update'), updateApply, {});
      });
    },
    judge(j) {
      for (const name of APPLY_PHASES)
        if (was(j, 'DFUM-U.apply-only', name))
          byTable(
            j,
            'DFUM-U.apply-only',
            updateStatusMessage,
            `apply ${name}`,
            updateServerTable,
            'Apply',
            PHASES[name].phase,
          );
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/08',
    purpose: 'an image that is pushed is verified and, after Apply, runs',
    item: ITEM.UPDATE_PUSH,
    when: `${ITEM.UPDATE_SERVER} and ${ITEM.UPDATE_PUSH}`,
    statements: ['DFUM-U.push', 'DFUM-U.apply', 'DFUM-U.order'],
    ixit: UPDATING,
    policies: ['shortPhases'],
    demo: true,
    related: ['DFUM/SR/FU/BV-24-C', 'DFUM/SR/FU/BV-27-C'],
    drive: (t) => update(t, transferMode.PUSH),
    judge: (j) => judgeUpdate(j, 'DFUM-U.push'),
  },
  {
    ...BASE,
    id: 'DFUM/FUS/09',
    purpose: 'an image that is pulled is verified and, after Apply, runs',
    item: ITEM.UPDATE_PULL,
    when: `${ITEM.UPDATE_SERVER} and ${ITEM.UPDATE_PULL}`,
    statements: ['DFUM-U.pull', 'DFUM-U.apply', 'DFUM-U.order'],
    ixit: UPDATING,
    policies: ['shortPhases'],
    drive: (t) => update(t, transferMode.PULL),
    judge: (j) => judgeUpdate(j, 'DFUM-U.pull'),
  },
  {
    ...BASE,
    id: 'DFUM/FUS/10',
    purpose: 'a corrupt image fails its verification, and another one can be taken',
    statements: ['DFUM-U.corrupt'],
    ixit: [...UPDATING, ...CORRUPT],
    async drive(t) {
      const image = { data: t.octets('imageCorrupt'), metadata: t.octets('metadataCorrupt') };
      await verified(t, image, modeOf(t, 'update'));
      await t.ask('another', t.element('update'), updateStart, await startValue(t));
    },
    judge(j) {
      const S = 'DFUM-U.corrupt';
      if (!ends(j, S, updatePhase.VERIFICATION_FAILED)) return;
      shows(j, S, updateStatusMessage, 'another', NAMES, { status: updateStatus.SUCCESS });
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/11',
    purpose: 'Cancel leads to Idle from every phase, and frees the BLOB Transfer Server',
    statements: ['DFUM-U.cancel'],
    ixit: [...UPDATING, ...CORRUPT],
    async drive(t) {
      const to = t.element('update');
      await inPhases(t, CANCEL_PHASES, async (name) => {
        await t.ask(`cancel ${name}`, to, updateCancel, {});
        await t.ask(`after ${name}`, to, updateGet, {});
        await t.ask(`transfer ${name}`, to, blobTransferGet, {});
      });
      await t.ask('cancel idle', to, updateCancel, {});
    },
    judge(j) {
      const S = 'DFUM-U.cancel';
      const { SUCCESS: status } = updateStatus;
      for (const name of CANCEL_PHASES) {
        if (!was(j, S, name)) continue;
        byTable(j, S, updateStatusMessage, `cancel ${name}`, updateServerTable, 'Cancel', PHASES[name].phase);
        shows(j, S, updateStatusMessage, `after ${name}`, NAMES, { status, phase: updatePhase.IDLE });
        const blob = { status: blobStatus.SUCCESS, phase: blobPhase.INACTIVE };
        shows(j, S, blobTransferStatus, `transfer ${name}`, { status: blobStatus, phase: blobPhase }, blob);
      }
      byTable(j, S, updateStatusMessage, 'cancel idle', updateServerTable, 'Cancel', updatePhase.IDLE);
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/12',
    purpose: 'a transfer that times out leads to Transfer Error, and the same Start resumes it with its blocks kept',
    statements: ['DFUM-U.timeout', 'DFUM-U.resume'],
    ixit: UPDATING,
    async drive(t) {
      const to = t.element('update');
      const { transfer, value } = await startUpdate(t, await fresh(t), transferMode.PUSH, SHORT_BASE);
      await t.ask('transfer', to, blobTransferStart, startOf(transfer));
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
      await sendChunks(t, to, transfer, 0, chunksOf(transfer, 0));
      t.mark('last chunk', { label: `chunk ${chunksOf(transfer, 0).length - 1}` });
      await t.ask('blocks before', to, blobTransferGet, {});
      await t.poll('poll', to, updateGet, {}, ({ phase }) => phase === updatePhase.TRANSFER_ERROR, beyond(SHORT_BASE));
      await t.ask('suspended', to, blobTransferGet, {});
      await t.ask('resume', to, updateStart, value);
      await t.ask('transfer again', to, blobTransferStart, startOf(transfer));
      await t.ask('blocks after', to, blobTransferGet, {});
    },
    judge(j) {
      const last = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'last chunk')?.data?.['label'];
      expires<{ readonly phase: number }>(j, 'DFUM-U.timeout', {
        armed: told(typeof last === 'string' ? last : 'last chunk'),
        polls: answer(updateStatusMessage, 'poll'),
        before: ({ phase }) => phase === updatePhase.TRANSFER_ACTIVE,
        after: ({ phase }) => phase === updatePhase.TRANSFER_ERROR,
        show: ({ phase }) => nameOf(updatePhase, phase),
        expected: nameOf(updatePhase, updatePhase.TRANSFER_ERROR),
        ms: j.ms(serverTimeout(SHORT_BASE)),
      });
      if (j.log.last(answer(updateStatusMessage, 'poll'))?.value?.phase !== updatePhase.TRANSFER_ERROR) return;
      const names = { status: blobStatus, phase: blobPhase };
      shows(j, 'DFUM-U.timeout', blobTransferStatus, 'suspended', names, {
        status: blobStatus.SUCCESS,
        phase: blobPhase.TRANSFER_SUSPENDED,
      });
      byTable(
        j,
        'DFUM-U.resume',
        updateStatusMessage,
        'resume',
        updateServerTable,
        'Start, identical',
        updatePhase.TRANSFER_ERROR,
      );
      const [before, after] = ['blocks before', 'blocks after'].map((label) =>
        reply(j, 'DFUM-U.resume', blobTransferStatus, label),
      );
      if (before === undefined || after === undefined) return;
      const blocks = (map: Buffer | undefined): number[] | undefined => map && bitsSet(map);
      j.check(
        'DFUM-U.resume',
        () =>
          expect(
            blocks(after.value.transfer?.blocksNotReceived),
            'blocks not received after the resumption',
          ).to.deep.equal(blocks(before.value.transfer?.blocksNotReceived)),
        after,
      );
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/14',
    purpose: 'what was announced about the composition comes true with the new firmware',
    statements: ['DFUM-U.announced'],
    ixit: [...UPDATING, 'imageChange', 'metadataChange'],
    async drive(t) {
      const to = t.element('update');
      const image = { data: t.octets('imageChange'), metadata: t.octets('metadataChange') };
      await t.ask('announced', to, metadataCheck, { image: 0, metadata: image.metadata });
      await t.readComposition('before', 0);
      if ((await verified(t, image, modeOf(t, 'update'))) !== updatePhase.VERIFICATION_SUCCEEDED)
        t.stop('the image was not verified');
      await t.ask('status', to, updateGet, {});
      await t.ask('apply', to, updateApply, {});
      // The restart drops the connection; how the device shows itself afterwards tells whether it is still a node.
      await t.pause({ timer: 'applyS', times: 0.5 }, 'the device restarts');
      if ((await t.look('restarted', APPLY)) !== 'proxy') return;
      await t.readComposition('after', 0);
      await t.readComposition('next', 0x80);
    },
    judge: (j) => judgeAnnounced(j),
  },
];

/** Octets of a Composition Data page that answered this question. */
function pageOf(j: J, label: string): string | undefined {
  const asked = j.log.first(sendings(label));
  const event = j.log.events.find(
    (e) =>
      e.n > (asked?.n ?? Number.MAX_SAFE_INTEGER) &&
      e.type === 'mesh.access' &&
      e.dir === 'in' &&
      e.raw?.startsWith('02') === true,
  );
  // Opcode and page number are not part of the page.
  return event?.raw?.slice(4);
}

function judgeAnnounced(j: J): void {
  const S = 'DFUM-U.announced';
  const announced = reply(j, S, metadataStatus, 'announced');
  if (announced === undefined) return;
  const { additional } = announced.value;
  const restarted = j.log.first(looked('restarted'));
  if (restarted === undefined) return j.inconclusive(S, 'the new firmware was not seen to start');
  const shown = restarted.shows ?? 'nothing';
  const wanted = additional === additionalInformation.NODE_UNPROVISIONED ? 'unprovisioned' : 'proxy';
  j.note(`announced ${nameOf(additionalInformation, additional)}; advertises as ${shown}`);
  if (restarted.shows === null) return j.inconclusive(S, 'the device was not heard after Apply');
  j.check(S, () => expect(shown, 'advertisement after the update').to.equal(wanted), restarted);
  if (shown !== 'proxy' || wanted !== 'proxy') return;
  const [before, after, next] = ['before', 'after', 'next'].map((label) => pageOf(j, label));
  if (before === undefined || after === undefined) return j.inconclusive(S, 'the composition was not read');
  if (additional === additionalInformation.COMPOSITION_UNCHANGED)
    j.check(S, () => expect(after, 'Composition Data page 0').to.equal(before));
  // Page 0 itself changes only with a node removal or a refresh procedure: the new composition stands in page 0x80, where there is one.
  else if (additional === additionalInformation.COMPOSITION_CHANGED_REMOTE_PROVISIONING)
    j.check(S, () => expect(next, 'Composition Data page 0x80').to.not.equal(before));
  else
    j.check(S, () =>
      expect(
        after !== before || (next !== undefined && next !== before) ? 'changed' : 'unchanged',
        'composition',
      ).to.equal('changed'),
    );
}
