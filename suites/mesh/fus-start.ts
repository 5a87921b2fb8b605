import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { updateStartChecks } from '../../src/mesh/checksAndMoves.ts';
import { additionalInformation, updatePhase, updateStatus } from '../../src/mesh/codec/enums.ts';
import { rawMessage } from '../../src/mesh/codec/message.ts';
import {
  metadataCheck,
  metadataStatus,
  updateGet,
  updateInformationGet,
  updateInformationStatus,
  updateStart,
  updateStatusMessage,
} from '../../src/mesh/codec/messages/update.ts';
import { answer, message, told } from '../../src/mesh/kinds.ts';
import { updateServerTable } from '../../src/mesh/tables.ts';
import { byTable, type Good, type J, type MeshCase, reply, shows } from './claims.ts';
import { ITEM } from './items.ts';
import { freshImage, type T } from './moves.ts';

const NAMES = { status: updateStatus, phase: updatePhase };
const BASE = { item: ITEM.UPDATE_SERVER, when: ITEM.UPDATE_SERVER, start: 'idle' } as const;
const STARTING = ['ttl', 'timeoutBase', 'metadataA', 'metadataB', 'firmwareIdA', 'applyS'] as const;
/** Status in Idle, whatever it says: the update that it would describe is not there. */
const IDLE_OCTETS = 1;
/** A window that holds every list. */
const ALL = { first: 0, limit: 255 };

/** What a Start carries. */
export interface StartValue {
  readonly ttl: number;
  readonly timeoutBase: number;
  readonly blobId: string;
  readonly image: number;
  readonly metadata: Buffer;
}

/** A Start of the image that the device does not run. */
export async function startValue(t: T): Promise<StartValue> {
  const metadata = t.octets(`metadata${await freshImage(t)}`);
  return {
    ttl: t.ixit.number('ttl'),
    timeoutBase: t.ixit.number('timeoutBase'),
    blobId: t.blobId(),
    image: 0,
    metadata,
  };
}

/** The Start as the tester sent it: read from the log, because the judge sees nothing else. */
function sentStart(j: J, label: string): StartValue | undefined {
  const seen = j.log.first(answer(updateStatusMessage, label));
  if (seen === undefined) return undefined;
  return j.log.after({ n: seen.asked.n - 1 }).first(message(updateStart, 'out'))?.value;
}

/** The answer tells the parameters of the Start. */
function echoes(j: J, statement: string, seen: Good<{ readonly update?: Partial<StartValue> }>, label: string): void {
  const sent = sentStart(j, label);
  if (sent === undefined) return;
  const { ttl, timeoutBase, blobId, image } = sent;
  const told = seen.value.update;
  const shown = { ttl: told?.ttl, timeoutBase: told?.timeoutBase, blobId: told?.blobId, image: told?.image };
  j.check(
    statement,
    () => expect(shown, 'parameters of the update').to.deep.equal({ ttl, timeoutBase, blobId, image }),
    seen,
  );
}

/** A Start that is accepted: Transfer Active, or Verifying where the image is held and policy MESH-P14 says so. */
function accepted(
  j: J,
  statement: string,
  label: string,
): Good<{ readonly phase: number; readonly update?: Partial<StartValue> }> | undefined {
  const seen = shows(j, statement, updateStatusMessage, label, NAMES, { status: updateStatus.SUCCESS });
  if (seen === undefined) return undefined;
  const held = seen.value.phase === updatePhase.VERIFYING_UPDATE && j.policy.heldImage === 'accept';
  if (held) j.note('the device holds the image already and goes on to Verifying');
  else
    j.check(
      statement,
      () =>
        expect(nameOf(updatePhase, seen.value.phase), 'phase after Start').to.equal(
          nameOf(updatePhase, updatePhase.TRANSFER_ACTIVE),
        ),
      seen,
    );
  return seen;
}

interface Entry {
  readonly firmwareId: Buffer;
  readonly uri: string;
}
const texts = (entries: readonly Entry[]): string[] => entries.map((e) => `${e.firmwareId.toString('hex')} ${e.uri}`);

/** Information, Metadata Check and Start. */
export const updateStartCases: readonly MeshCase[] = [
  {
    ...BASE,
    id: 'DFUM/FUS/01',
    purpose: 'the list of images is the same in every window, and empty beyond its end',
    statements: ['DFUM-U.information', 'DFUM-U.uri'],
    policies: ['uriScheme'],
    demo: true,
    async drive(t) {
      const to = t.element('update');
      await t.ask('first', to, updateInformationGet, { first: 0, limit: 1 });
      const { count } = await t.ask('all', to, updateInformationGet, ALL);
      await t.ask('beyond', to, updateInformationGet, { first: count, limit: 1 });
    },
    judge(j) {
      const S = 'DFUM-U.information';
      const [one, all, beyond] = ['first', 'all', 'beyond'].map((label) => reply(j, S, updateInformationStatus, label));
      if (one === undefined || all === undefined) return;
      const { count } = all.value;
      j.check(
        S,
        () => {
          expect(count, 'images').to.be.at.least(1);
          expect(one.value.count, 'count in the window of one').to.equal(count);
          expect(one.value.first, 'first index of the window of one').to.equal(0);
          expect(texts(one.value.entries), 'window of one').to.deep.equal(texts(all.value.entries).slice(0, 1));
          expect(all.value.entries.length, 'entries of the whole list').to.be.within(1, count);
        },
        one,
      );
      for (const { firmwareId } of all.value.entries)
        j.check(S, () => expect(firmwareId.length, 'octets of a firmware id').to.be.within(2, 108), all);
      if (beyond !== undefined)
        j.check(S, () => expect(texts(beyond.value.entries), 'entries beyond the list').to.deep.equal([]), beyond);
      const allowed = j.policy.uriScheme === 'https' ? /^https:/i : /^https?:/i;
      for (const { uri } of all.value.entries.filter((e) => e.uri !== ''))
        j.check('DFUM-U.uri', () => expect(uri, 'update URI').to.match(allowed), all);
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/02',
    purpose: 'Metadata Check tells whether an image would be taken',
    statements: ['DFUM-U.metadata', 'DFUM-U.metadata-index'],
    ixit: ['metadataA', 'metadataRefused'],
    demo: true,
    async drive(t) {
      const to = t.element('update');
      const { count } = await t.ask('all', to, updateInformationGet, ALL);
      await t.ask('good', to, metadataCheck, { image: 0, metadata: t.octets('metadataA') });
      await t.ask('refused', to, metadataCheck, { image: 0, metadata: t.octets('metadataRefused') });
      await t.ask('index', to, metadataCheck, { image: count, metadata: t.octets('metadataA') });
    },
    judge(j) {
      const status = { status: updateStatus };
      const good = shows(j, 'DFUM-U.metadata', metadataStatus, 'good', status, { status: updateStatus.SUCCESS });
      if (good !== undefined)
        j.check(
          'DFUM-U.metadata',
          () =>
            expect(good.value.additional, 'additional information').to.be.oneOf(Object.values(additionalInformation)),
          good,
        );
      for (const [label, statement, check] of [
        ['refused', 'DFUM-U.metadata', updateStartChecks.metadata],
        ['index', 'DFUM-U.metadata-index', updateStartChecks.index],
      ] as const) {
        const seen = shows(j, statement, metadataStatus, label, status, { status: check.status });
        if (seen !== undefined)
          j.check(
            statement,
            () => expect(seen.value.additional, 'additional information of a refusal').to.equal(0),
            seen,
          );
      }
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/03',
    purpose: 'Get in Idle is answered with Success and the phase alone',
    statements: ['DFUM-U.get-idle'],
    demo: true,
    async drive(t) {
      await t.ask('get', t.element('update'), updateGet, {});
    },
    judge(j) {
      const seen = byTable(
        j,
        'DFUM-U.get-idle',
        updateStatusMessage,
        'get',
        updateServerTable,
        'Get',
        updatePhase.IDLE,
      );
      if (seen !== undefined)
        j.check('DFUM-U.get-idle', () => expect(seen.length, 'octets of the answer').to.equal(1), seen);
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/04',
    purpose: 'Start leads to Transfer Active and its parameters are told',
    statements: ['DFUM-U.start'],
    ixit: STARTING,
    policies: ['heldImage'],
    demo: true,
    async drive(t) {
      await t.ask('start', t.element('update'), updateStart, await startValue(t));
      await t.ask('get', t.element('update'), updateGet, {});
    },
    judge(j) {
      const seen = accepted(j, 'DFUM-U.start', 'start');
      if (seen === undefined) return;
      echoes(j, 'DFUM-U.start', seen, 'start');
      const get = shows(j, 'DFUM-U.start', updateStatusMessage, 'get', NAMES, { status: updateStatus.SUCCESS });
      if (get !== undefined) echoes(j, 'DFUM-U.start', get, 'start');
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/05',
    purpose: 'Start with a bad index or refused metadata is answered so and changes nothing',
    statements: ['DFUM-U.start-index', 'DFUM-U.start-metadata'],
    ixit: [...STARTING, 'metadataRefused'],
    policies: ['errorFields'],
    async drive(t) {
      const to = t.element('update');
      const { count } = await t.ask('all', to, updateInformationGet, ALL);
      const value = await startValue(t);
      await t.ask('index', to, updateStart, { ...value, image: count });
      await t.ask('after index', to, updateGet, {});
      await t.ask('metadata', to, updateStart, { ...value, metadata: t.octets('metadataRefused') });
      await t.ask('after metadata', to, updateGet, {});
    },
    judge(j) {
      for (const [label, statement] of [
        ['index', 'DFUM-U.start-index'],
        ['metadata', 'DFUM-U.start-metadata'],
      ] as const) {
        const { status } = updateStartChecks[label];
        const refused = shows(j, statement, updateStatusMessage, label, NAMES, { status });
        if (refused !== undefined && j.policy.errorFields === 'compare')
          j.check(
            statement,
            () => expect(refused.length, `octets of the refusal (${label})`).to.equal(IDLE_OCTETS),
            refused,
          );
        shows(j, statement, updateStatusMessage, `after ${label}`, NAMES, {
          status: updateStatus.SUCCESS,
          phase: updatePhase.IDLE,
        });
      }
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/06',
    purpose: 'the same Start again is answered Success, another one Wrong Phase',
    statements: ['DFUM-U.start-again'],
    ixit: STARTING,
    async drive(t) {
      const to = t.element('update');
      const value = await startValue(t);
      const { phase } = await t.ask('start', to, updateStart, value);
      if (phase !== updatePhase.TRANSFER_ACTIVE) t.stop('the update did not come to Transfer Active');
      await t.ask('again', to, updateStart, value);
      await t.ask('other', to, updateStart, { ...value, blobId: t.blobId() });
      await t.ask('other ttl', to, updateStart, { ...value, ttl: value.ttl + 1 });
    },
    judge(j) {
      const phase = updatePhase.TRANSFER_ACTIVE;
      byTable(j, 'DFUM-U.start-again', updateStatusMessage, 'again', updateServerTable, 'Start, identical', phase);
      byTable(j, 'DFUM-U.start-again', updateStatusMessage, 'other', updateServerTable, 'Start, new', phase);
      byTable(j, 'DFUM-U.start-again', updateStatusMessage, 'other ttl', updateServerTable, 'Start, new', phase);
    },
  },
  {
    ...BASE,
    id: 'DFUM/FUS/15',
    purpose: 'Status tells the TTL of Start, the default TTL included',
    statements: ['DFUM-U.ttl'],
    ixit: STARTING,
    policies: ['prohibitedTtl'],
    async drive(t) {
      const to = t.element('update');
      const value = await startValue(t);
      for (const ttl of [0, 0xff]) {
        await t.ask(`ttl ${ttl}`, to, updateStart, { ...value, ttl, blobId: t.blobId() });
        await t.internals.idle();
      }
      const pdu = rawMessage(updateStart.opcode, prohibited(value));
      await t.tellRaw('prohibited', to, pdu);
      await t.pause({ timer: 'quiet' }, 'an answer to a prohibited TTL');
      await t.ask('after prohibited', to, updateGet, {});
    },
    judge(j) {
      for (const ttl of [0, 0xff]) {
        const seen = shows(j, 'DFUM-U.ttl', updateStatusMessage, `ttl ${ttl}`, NAMES, { status: updateStatus.SUCCESS });
        const shown = seen?.value.update?.ttl;
        if (seen !== undefined) j.check('DFUM-U.ttl', () => expect(shown, 'TTL in Status').to.equal(ttl), seen);
      }
      judgeProhibited(j);
    },
  },
];

/** TTL that no message may have (80 to FE). */
const PROHIBITED_TTL = 0x80;

/** Parameters of a Start with a prohibited TTL. */
function prohibited({ timeoutBase, blobId, image, metadata }: StartValue): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt8(PROHIBITED_TTL, 0);
  fixed.writeUInt16LE(timeoutBase, 1);
  Buffer.from(blobId, 'hex').reverse().copy(fixed, 3);
  fixed.writeUInt8(image, 11);
  return Buffer.concat([fixed, metadata]);
}

function judgeProhibited(j: J): void {
  const after = j.log.first(answer(updateStatusMessage, 'after prohibited'));
  const sent = j.log.first(told('prohibited'));
  if (after?.value === undefined || sent === undefined) return;
  const answered = j.log.after({ n: sent.asked.n }).before(after.asked).first(message(updateStatusMessage));
  const { phase } = after.value;
  const how = answered === undefined ? 'no answer' : nameOf(updateStatus, answered.value.status);
  j.note(`Start with TTL 80: ${how}, then ${nameOf(updatePhase, phase)}`);
  if (j.policy.prohibitedTtl === 'information') return;
  j.check(
    'DFUM-U.ttl',
    () => {
      expect(nameOf(updatePhase, phase), 'phase after a prohibited TTL').to.equal(
        nameOf(updatePhase, updatePhase.IDLE),
      );
      if (j.policy.prohibitedTtl === 'ignore')
        expect(answered?.value.status, 'answer to a prohibited TTL').to.equal(undefined);
      else expect(answered?.value.status, 'status of a prohibited TTL').to.not.equal(updateStatus.SUCCESS);
    },
    after,
  );
}
