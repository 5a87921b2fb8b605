import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { packageAsked, packageSent } from '../../src/link/packages/events.ts';
import { uploadOobStartChecks, uploadStartChecks } from '../../src/mesh/checksAndMoves.ts';
import { distributionStatus, transferMode, uploadPhase } from '../../src/mesh/codec/enums.ts';
import {
  blobBlockStart,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import {
  capabilitiesGet,
  firmwareGet,
  firmwareStatus,
  uploadCancel,
  uploadGet,
  uploadOobStart,
  uploadStart,
  uploadStatus,
} from '../../src/mesh/codec/messages/distribution.ts';
import { answer, sendings } from '../../src/mesh/kinds.ts';
import { blockCount } from '../../src/mesh/model/geometry.ts';
import { uploadServerTable } from '../../src/mesh/tables.ts';
import { byTable, expires, type J, type MeshCase, reply, shows } from './claims.ts';
import { DISTRIBUTOR, UPLOADING } from './distributing.ts';
import { ITEM } from './items.ts';
import {
  beyond,
  chunksOf,
  imageTransfer,
  limitsOf,
  modeOf,
  sendChunks,
  servePull,
  serverTimeout,
  JUDGED_BASE,
  startOf,
  type T,
} from './moves.ts';

const NAMES = { status: distributionStatus, phase: uploadPhase };
const { SUCCESS } = distributionStatus;

type Upload = Parameters<T['ask']>[3] & {
  ttl: number;
  timeoutBase: number;
  blobId: string;
  size: number;
  metadata: Buffer;
  firmwareId: Buffer;
};

/** An Upload Start of image A. */
function uploadValue(t: T, base: number): Upload {
  return {
    ttl: t.ixit.number('ttl'),
    timeoutBase: base,
    blobId: t.blobId(),
    size: t.octets('imageA').length,
    metadata: t.octets('metadataA'),
    firmwareId: t.octets('firmwareIdA'),
  };
}

/** Uploads image A block by block and asks for the progress after each. */
async function uploadInSteps(t: T, mode: number): Promise<void> {
  const to = t.element('distribution');
  const limits = await limitsOf(t, 'upload');
  const value = uploadValue(t, t.ixit.number('timeoutBase'));
  const { phase } = await t.ask('upload', to, uploadStart, value);
  if (phase !== uploadPhase.TRANSFER_ACTIVE) t.stop('no transfer follows the Upload Start');
  const transfer = imageTransfer(limits, value.blobId, mode, t.octets('imageA'));
  await t.ask('transfer', to, blobTransferStart, startOf(transfer));
  for (let block = 0; block < blockCount(transfer); block++) {
    if (mode === transferMode.PULL) await servePull(t, to, transfer, block);
    else {
      await t.ask(`block ${block}`, to, blobBlockStart, { block, chunkSize: transfer.chunkSize });
      await sendChunks(t, to, transfer, block, chunksOf(transfer, block));
    }
    await t.ask('progress', to, uploadGet, {});
  }
  // In pull mode the server ends when it is asked; in push mode the question does no harm.
  await t.ask('transfer over', to, blobTransferGet, {});
  await t.poll('progress', to, uploadGet, {}, (v) => v.phase === uploadPhase.TRANSFER_SUCCESS, { timer: 'verifyS' });
  await t.ask('stored', to, firmwareGet, { firmwareId: value.firmwareId });
}

/** The upload ends in Transfer Success with progress that never goes back, and the image is stored. */
function judgeUpload(j: J, statement: string): void {
  const start = shows(j, statement, uploadStatus, 'upload', NAMES, {
    status: SUCCESS,
    phase: uploadPhase.TRANSFER_ACTIVE,
  });
  if (start === undefined) return;
  const seen = j.log.all(answer(uploadStatus, 'progress')).filter((s) => s.tries === 1);
  const progress = seen.map((s) => s.value?.upload?.progress ?? 0);
  const back = seen.find((_, i) => (progress[i] ?? 0) < (progress[i - 1] ?? 0));
  j.check(
    statement,
    () =>
      expect(back === undefined ? 'never goes back' : `goes back: ${progress.join(', ')}`, 'progress').to.equal(
        'never goes back',
      ),
    back,
  );
  const last = j.log.last(answer(uploadStatus, 'progress'));
  if (last?.value === undefined) return j.inconclusive(statement, 'the upload was not carried out');
  const { phase, upload } = last.value;
  j.check(
    statement,
    () => {
      expect(nameOf(uploadPhase, phase), 'phase after the upload').to.equal(
        nameOf(uploadPhase, uploadPhase.TRANSFER_SUCCESS),
      );
      expect(upload?.progress, 'progress after the upload').to.equal(100);
      expect(upload?.firmwareId.toString('hex'), 'firmware id of the upload').to.equal(
        j.ixit.text('firmwareIdA').toLowerCase(),
      );
    },
    last,
  );
  shows(j, statement, firmwareStatus, 'stored', { status: distributionStatus }, { status: SUCCESS });
}

/** Ways in which a URI cannot serve. */
const REFUSALS = {
  'unknown scheme': uploadOobStartChecks.unsupported,
  malformed: uploadOobStartChecks.malformed,
  unreachable: uploadOobStartChecks.unreachable,
  'nothing new': uploadOobStartChecks.nothingNew,
} as const;
type Refusal = keyof typeof REFUSALS;

/** Asks for a retrieval; the answer may come late, so it is asked once. */
async function oob(t: T, label: string, uri: string): Promise<void> {
  await t.ask(
    label,
    t.element('distribution'),
    uploadOobStart,
    { uri, firmwareId: t.octets('firmwareIdB') },
    { once: true },
  );
}

/** The image that the web server of the bench has; the device says that it runs the other one. */
function offered(t: T, isNew: boolean): { firmwareId: Buffer; image: Buffer; isNew: boolean } {
  return { firmwareId: t.octets('firmwareIdA'), image: t.octets('imageA'), isNew };
}

async function retrieve(t: T, scheme: 'http' | 'https'): Promise<void> {
  const to = t.element('distribution');
  await oob(t, 'oob', await t.offer(scheme, offered(t, true)));
  await t.poll('retrieving', to, uploadGet, {}, (v) => v.phase !== uploadPhase.TRANSFER_ACTIVE, {
    timer: 'distributeS',
    of: 'no-progress',
  });
  await t.ask('stored', to, firmwareGet, { firmwareId: t.octets('firmwareIdA') });
}

const OOB = [...UPLOADING, 'firmwareIdB', 'distributeS'] as const;

/** Uploads in band and out of band. */
export const uploadCases: readonly MeshCase[] = [
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/04',
    purpose: 'an image that is pushed up is stored, and its progress never goes back',
    item: ITEM.UPLOAD_PUSH,
    when: ITEM.UPLOAD_PUSH,
    statements: ['DFUM-D.upload'],
    ixit: UPLOADING,
    demo: true,
    related: ['DFUM/SR/FD/BV-05-C'],
    drive: (t) => uploadInSteps(t, transferMode.PUSH),
    judge: (j) => judgeUpload(j, 'DFUM-D.upload'),
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/05',
    purpose:
      'the same Upload Start is answered Success, another one Busy With Upload, one without room Insufficient Resources',
    statements: ['DFUM-D.upload-again', 'DFUM-D.upload-large'],
    ixit: UPLOADING,
    async drive(t) {
      const to = t.element('distribution');
      const value = uploadValue(t, t.ixit.number('timeoutBase'));
      const { maxImageSize } = await t.ask('capabilities', to, capabilitiesGet, {});
      if (maxImageSize < 0xffffffff) await t.ask('too large', to, uploadStart, { ...value, size: maxImageSize + 1 });
      const { phase } = await t.ask('upload', to, uploadStart, value);
      if (phase !== uploadPhase.TRANSFER_ACTIVE) t.stop('no transfer follows the Upload Start');
      await t.ask('again', to, uploadStart, value);
      await t.ask('other', to, uploadStart, { ...value, blobId: t.blobId() });
    },
    judge(j) {
      if (j.log.first(sendings('too large')) === undefined) j.note('every size of image fits this device');
      else
        shows(j, 'DFUM-D.upload-large', uploadStatus, 'too large', NAMES, { status: uploadStartChecks.space.status });
      const phase = uploadPhase.TRANSFER_ACTIVE;
      byTable(
        j,
        'DFUM-D.upload-again',
        uploadStatus,
        'again',
        uploadServerTable,
        'Upload Start, same parameters',
        phase,
      );
      byTable(
        j,
        'DFUM-D.upload-again',
        uploadStatus,
        'other',
        uploadServerTable,
        'Upload Start, other parameters',
        phase,
      );
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/06',
    purpose: 'an upload that times out fails, and Upload Cancel leads to Idle',
    statements: ['DFUM-D.upload-timeout', 'DFUM-D.upload-cancel'],
    ixit: UPLOADING,
    policies: ['uploadRestart'],
    related: ['DFUM/SR/FD/BV-21-C'],
    async drive(t) {
      const to = t.element('distribution');
      const value = uploadValue(t, JUDGED_BASE);
      const limits = await limitsOf(t, 'upload');
      const { phase } = await t.ask('upload', to, uploadStart, value);
      if (phase !== uploadPhase.TRANSFER_ACTIVE) t.stop('no transfer follows the Upload Start');
      const transfer = imageTransfer(limits, value.blobId, modeOf(t, 'upload'), t.octets('imageA'));
      await t.ask('transfer', to, blobTransferStart, startOf(transfer));
      await t.poll('poll', to, uploadGet, {}, (v) => v.phase !== uploadPhase.TRANSFER_ACTIVE, beyond(JUDGED_BASE));
      await t.ask('restart', to, uploadStart, value);
      await t.ask('cancel', to, uploadCancel, {});
      await t.ask('cancelled', to, uploadGet, {});
      await t.ask('cancel idle', to, uploadCancel, {});
    },
    judge(j) {
      expires<{ readonly phase: number }>(j, 'DFUM-D.upload-timeout', {
        armed: j.log.last(answer(blobTransferStatus, 'transfer')),
        polls: answer(uploadStatus, 'poll'),
        before: ({ phase }) => phase === uploadPhase.TRANSFER_ACTIVE,
        after: ({ phase }) => phase === uploadPhase.TRANSFER_ERROR,
        show: ({ phase }) => nameOf(uploadPhase, phase),
        expected: nameOf(uploadPhase, uploadPhase.TRANSFER_ERROR),
        ms: j.ms(serverTimeout(JUDGED_BASE)),
      });
      const again = j.log.first(answer(uploadStatus, 'restart'))?.value;
      if (again !== undefined) {
        j.note(
          `Upload Start after a failed upload: ${nameOf(distributionStatus, again.status)}, ${nameOf(uploadPhase, again.phase)}`,
        );
        if (j.policy.uploadRestart !== 'information')
          shows(j, 'DFUM-D.upload-timeout', uploadStatus, 'restart', NAMES, {
            status: SUCCESS,
            phase: uploadPhase.TRANSFER_ACTIVE,
          });
      }
      shows(j, 'DFUM-D.upload-cancel', uploadStatus, 'cancel', NAMES, { status: SUCCESS, phase: uploadPhase.IDLE });
      shows(j, 'DFUM-D.upload-cancel', uploadStatus, 'cancelled', NAMES, { status: SUCCESS, phase: uploadPhase.IDLE });
      byTable(
        j,
        'DFUM-D.upload-cancel',
        uploadStatus,
        'cancel idle',
        uploadServerTable,
        'Upload Cancel',
        uploadPhase.IDLE,
      );
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/07',
    purpose: 'a URI that cannot serve is told by its status, and one that can is fetched from',
    item: ITEM.OOB,
    when: ITEM.OOB,
    statements: ['DFUM-D.oob-start', 'DFUM-D.oob-refused'],
    ixit: OOB,
    related: ['DFUM/SR/FD/BV-13-C', 'DFUM/SR/FD/BV-18-C'],
    async drive(t) {
      const scheme = t.declared(ITEM.HTTPS) ? 'https' : 'http';
      const uris: Record<Refusal, string> = {
        'unknown scheme': 'plumbline-none://127.0.0.1/f',
        malformed: `${scheme}//`,
        unreachable: await t.nobody(scheme),
        'nothing new': await t.offer(scheme, offered(t, false)),
      };
      for (const name of Object.keys(REFUSALS) as Refusal[]) {
        await oob(t, name, uris[name]);
        await t.ask('cancel', t.element('distribution'), uploadCancel, {});
      }
      await retrieve(t, scheme);
    },
    judge(j) {
      for (const name of Object.keys(REFUSALS) as Refusal[])
        shows(j, 'DFUM-D.oob-refused', uploadStatus, name, NAMES, { status: REFUSALS[name].status });
      judgeRetrieved(j, 'DFUM-D.oob-start');
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/08',
    purpose: 'retrieval over HTTPS asks whether there is something new, then gets it',
    item: ITEM.HTTPS,
    when: ITEM.HTTPS,
    statements: ['DFUM-D.https'],
    ixit: OOB,
    related: ['DFUM/SR/FD/BV-58-C'],
    drive: (t) => retrieve(t, 'https'),
    judge(j) {
      const S = 'DFUM-D.https';
      if (reply(j, S, uploadStatus, 'oob') === undefined) return;
      const asked = j.came(S, packageAsked, { stimulus: sendings('oob') });
      if (asked === undefined) return;
      const requests = j.log.all(packageAsked);
      const query = `?cfwid=${j.ixit.text('firmwareIdB').toLowerCase()}`;
      const shown = requests.map(
        ({ scheme, path }) =>
          `${scheme} ${path.replace(/^\/[^/?]+/, '').replace(/[0-9A-F]+$/, (hex) => hex.toLowerCase())}`,
      );
      j.check(
        S,
        () => {
          expect(shown[0], 'first request').to.equal(`https /check${query}`);
          expect(shown.filter((s) => !s.includes('/check'))[0], 'request after the check').to.equal(
            `https /get${query}`,
          );
        },
        asked,
      );
      j.came(S, packageSent, { stimulus: packageAsked, within: { timer: 'distributeS', of: 'no-progress' } });
      judgeRetrieved(j, S);
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/20',
    purpose: 'an image that is pulled up is stored, and its progress never goes back',
    item: ITEM.UPLOAD_PULL,
    when: ITEM.UPLOAD_PULL,
    statements: ['DFUM-D.upload-pull'],
    ixit: UPLOADING,
    drive: (t) => uploadInSteps(t, transferMode.PULL),
    judge: (j) => judgeUpload(j, 'DFUM-D.upload-pull'),
  },
];

/** The image was fetched and is stored under the id that the web server gave it. */
function judgeRetrieved(j: J, statement: string): void {
  const start = shows(j, statement, uploadStatus, 'oob', NAMES, { status: SUCCESS });
  if (start === undefined) return;
  const last = j.log.last(answer(uploadStatus, 'retrieving'));
  if (last?.value === undefined) return j.inconclusive(statement, 'the retrieval was not watched');
  const { phase } = last.value;
  j.check(
    statement,
    () =>
      expect(nameOf(uploadPhase, phase), 'phase after the retrieval').to.equal(
        nameOf(uploadPhase, uploadPhase.TRANSFER_SUCCESS),
      ),
    last,
  );
  shows(j, statement, firmwareStatus, 'stored', { status: distributionStatus }, { status: SUCCESS });
}
