import { expect } from 'chai';
import { uploadOobStartChecks } from '../../src/mesh/checksAndMoves.ts';
import { distributionStatus, uploadPhase, uriScheme } from '../../src/mesh/codec/enums.ts';
import {
  capabilitiesGet,
  capabilitiesStatus,
  distributionStart,
  distributionStatusMessage,
  firmwareDelete,
  firmwareDeleteAll,
  firmwareGet,
  firmwareGetByIndex,
  firmwareStatus,
  receiversAdd,
  receiversDeleteAll,
  receiversGet,
  receiversList,
  receiversStatus,
  uploadOobStart,
  uploadStatus,
} from '../../src/mesh/codec/messages/distribution.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { sendings } from '../../src/mesh/kinds.ts';
import { distributionStartChecks } from '../../src/mesh/checksAndMoves.ts';
import { type J, type MeshCase, reply, shows } from './claims.ts';
import { distributionValue, DISTRIBUTOR, uploaded, UPLOADING } from './distributing.ts';
import { ITEM } from './items.ts';

const STATUS = { status: distributionStatus };
const { SUCCESS, INSUFFICIENT_RESOURCES, FIRMWARE_NOT_FOUND } = distributionStatus;
/** A firmware id that no image has. */
const UNKNOWN = Buffer.from('f105ffffffffffffffff', 'hex');
/** No image. */
const NONE = 0xffff;
/** Entries of one Receivers Add; as many as fit. */
const BATCH = 120;
/** A list of receivers longer than this is not filled up: it would take too long. */
const MOST_RECEIVERS = 600;

const entriesFrom = (first: number, count: number): { receivers: { address: number; image: number }[] } => ({
  receivers: Array.from({ length: count }, (_, i) => ({ address: first + i, image: 0 })),
});

/** The answer has this status and tells this many. */
function counts(j: J, statement: string, label: string, status: number, count: number): void {
  const seen = shows(j, statement, receiversStatus, label, STATUS, { status });
  if (seen !== undefined)
    j.check(statement, () => expect(seen.value.count, `receivers (${label})`).to.equal(count), seen);
}

/** Capabilities, receivers and stored images. */
export const distributorListCases: readonly MeshCase[] = [
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/01',
    purpose: 'the capabilities tell room for receivers and images, and what is declared',
    statements: ['DFUM-D.capabilities', 'DFUM-D.oob', 'DFUM-D.images'],
    policies: ['capabilities'],
    demo: true,
    async drive(t) {
      await t.ask('capabilities', t.element('distribution'), capabilitiesGet, {});
    },
    judge(j) {
      const seen = reply(j, 'DFUM-D.capabilities', capabilitiesStatus, 'capabilities');
      if (seen === undefined) return;
      const { maxReceivers, maxImages, maxImageSize, maxUploadSpace, oobRetrieval, schemes } = seen.value;
      j.check(
        'DFUM-D.capabilities',
        () => {
          for (const [name, value] of Object.entries({ maxReceivers, maxImages, maxImageSize, maxUploadSpace }))
            expect(value, name).to.be.at.least(1);
        },
        seen,
      );
      const declared = { oob: j.declared(ITEM.OOB), https: j.declared(ITEM.HTTPS), images: j.declared(ITEM.IMAGES) };
      const https = (schemes ?? Buffer.alloc(0)).includes(uriScheme.HTTPS);
      const told = { oob: oobRetrieval === 1, https, images: maxImages >= 2 };
      j.check('DFUM-D.oob', () => expect(told.oob, 'OOB retrieval supported').to.equal(declared.oob), seen);
      if (j.policy.capabilities === 'information') {
        j.note(`capabilities: https ${String(told.https)}, several images ${String(told.images)}`);
        return;
      }
      for (const [what, statement] of [
        ['https', 'DFUM-D.oob'],
        ['images', 'DFUM-D.images'],
      ] as const) {
        if (told[what] && !declared[what]) j.note(`${what} is told and not declared`);
        const wanted = j.policy.capabilities === 'iff' || declared[what] ? declared[what] : told[what];
        j.check(statement, () => expect(told[what], `${what} told`).to.equal(wanted), seen);
      }
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/02',
    purpose: 'receivers are added once each up to the maximum, and deleted all together',
    statements: ['DFUM-D.receivers', 'DFUM-D.receivers-full'],
    demo: true,
    async drive(t) {
      const to = t.element('distribution');
      const { maxReceivers } = await t.ask('capabilities', to, capabilitiesGet, {});
      t.mark('maximum', { count: maxReceivers });
      await t.ask('one', to, receiversAdd, entriesFrom(0x1001, 1));
      await t.ask('two more', to, receiversAdd, entriesFrom(0x1002, 2));
      await t.ask('again', to, receiversAdd, { receivers: [{ address: 0x1002, image: 1 }] });
      if (maxReceivers > MOST_RECEIVERS) return;
      for (let added = 3; added < maxReceivers; added += BATCH)
        await t.ask(
          `up to ${added}`,
          to,
          receiversAdd,
          entriesFrom(0x1001 + added, Math.min(BATCH, maxReceivers - added)),
        );
      await t.ask('too many', to, receiversAdd, entriesFrom(0x3001, 1));
      await t.ask('delete', to, receiversDeleteAll, {});
    },
    judge(j) {
      const maximum = Number(j.log.events.find((e) => e.data?.['name'] === 'maximum')?.data?.['count'] ?? 0);
      const adds = [
        ['one', 1],
        ['two more', 3],
        ['again', 3],
      ] as const;
      for (const [label, count] of adds.filter(([, c]) => c <= maximum))
        counts(j, 'DFUM-D.receivers', label, SUCCESS, count);
      if (j.log.first(sendings('too many')) === undefined) {
        j.note('the list of receivers was not filled up');
        return;
      }
      counts(j, 'DFUM-D.receivers-full', 'too many', INSUFFICIENT_RESOURCES, maximum);
      counts(j, 'DFUM-D.receivers', 'delete', SUCCESS, 0);
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/03',
    purpose: 'Receivers List shows the window that was asked for',
    statements: ['DFUM-D.window'],
    async drive(t) {
      const to = t.element('distribution');
      await t.ask('add', to, receiversAdd, entriesFrom(0x1001, 3));
      await t.ask('first two', to, receiversGet, { first: 0, limit: 2 });
      await t.ask('from one', to, receiversGet, { first: 1, limit: 10 });
      await t.ask('beyond', to, receiversGet, { first: 3, limit: 1 });
    },
    judge(j) {
      const S = 'DFUM-D.window';
      for (const [label, first, addresses] of [
        ['first two', 0, [0x1001, 0x1002]],
        ['from one', 1, [0x1002, 0x1003]],
        ['beyond', 3, []],
      ] as const) {
        const seen = reply(j, S, receiversList, label);
        if (seen === undefined) continue;
        j.check(
          S,
          () => {
            expect(seen.value.count, `list count (${label})`).to.equal(3);
            expect(seen.value.first, `first index (${label})`).to.equal(first);
            expect(
              seen.value.entries.map((e) => e.address),
              `entries (${label})`,
            ).to.deep.equal(addresses);
          },
          seen,
        );
      }
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/09',
    purpose: 'stored images can be asked for and deleted, by id and all together',
    statements: ['DFUM-D.firmware', 'DFUM-D.delete'],
    ixit: UPLOADING,
    policies: ['firmwareGetUnknown', 'firmwareDeleteUnknown'],
    related: ['DFUM/SR/FD/BV-23-C', 'DFUM/SR/FD/BV-24-C'],
    async drive(t) {
      const to = t.element('distribution');
      const { image, firmwareId } = await uploaded(t, 'A');
      await t.ask('unknown', to, firmwareGet, { firmwareId: UNKNOWN });
      await t.ask('by index', to, firmwareGetByIndex, { image });
      await t.ask('no index', to, firmwareGetByIndex, { image: image + 1 });
      await t.ask('delete unknown', to, firmwareDelete, { firmwareId: UNKNOWN });
      await t.ask('delete', to, firmwareDelete, { firmwareId });
      await t.ask('deleted', to, firmwareGet, { firmwareId });
      await t.ask('delete all', to, firmwareDeleteAll, {});
    },
    judge: (j) => judgeFirmware(j),
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/10',
    purpose: 'two images are kept side by side and told apart',
    item: ITEM.IMAGES,
    when: ITEM.IMAGES,
    statements: ['DFUM-D.several'],
    ixit: [...UPLOADING, 'imageB', 'metadataB', 'firmwareIdB'],
    async drive(t) {
      const to = t.element('distribution');
      const a = await uploaded(t, 'A');
      const b = await uploaded(t, 'B');
      await t.ask('first', to, firmwareGet, { firmwareId: a.firmwareId });
      await t.ask('second', to, firmwareGetByIndex, { image: b.image });
    },
    judge(j) {
      const S = 'DFUM-D.several';
      const first = shows(j, S, firmwareStatus, 'first', STATUS, { status: SUCCESS });
      const second = shows(j, S, firmwareStatus, 'second', STATUS, { status: SUCCESS });
      if (first === undefined || second === undefined) return;
      j.check(
        S,
        () => {
          expect(second.value.count, 'stored images').to.equal(2);
          expect(second.value.image, 'index of the second image').to.not.equal(first.value.image);
          expect(second.value.firmwareId.toString('hex'), 'id of the second image').to.equal(
            j.ixit.text('firmwareIdB').toLowerCase(),
          );
        },
        second,
      );
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/11',
    purpose: 'Start without receivers, with an unknown key or an unknown image is refused with the status of that',
    statements: ['DFUM-D.start-checks'],
    ixit: UPLOADING,
    related: ['DFUM/SR/FD/BV-26-C'],
    async drive(t) {
      const to = t.element('distribution');
      const { image } = await uploaded(t, 'A');
      const value = distributionValue(t, image);
      await t.ask('no receivers', to, distributionStart, value);
      await t.ask('add', to, receiversAdd, entriesFrom(0x1001, 1));
      await t.ask('bad key', to, distributionStart, { ...value, appKeyIndex: 0x0abc });
      await t.ask('bad image', to, distributionStart, { ...value, image: image + 100 });
    },
    judge(j) {
      const S = 'DFUM-D.start-checks';
      for (const [label, check] of [
        ['no receivers', distributionStartChecks.noReceivers],
        ['bad key', distributionStartChecks.appKey],
        ['bad image', distributionStartChecks.image],
      ] as const)
        shows(j, S, distributionStatusMessage, label, STATUS, { status: check.status });
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/19',
    purpose: 'Upload OOB Start without support for it is answered URI Not Supported',
    when: `${ITEM.DISTRIBUTION_SERVER} and not ${ITEM.OOB}`,
    statements: ['DFUM-D.oob-unsupported'],
    ixit: ['firmwareIdA'],
    policies: ['oobUnsupported'],
    async drive(t) {
      const uri = await t.nobody('https');
      await t.ask(
        'oob',
        t.element('distribution'),
        uploadOobStart,
        { uri, firmwareId: t.octets('firmwareIdA') },
        { once: true },
      );
    },
    judge(j) {
      const S = 'DFUM-D.oob-unsupported';
      const seen = reply(j, S, uploadStatus, 'oob');
      if (seen === undefined) return;
      const shown = nameOf(distributionStatus, seen.value.status);
      j.check(
        S,
        () => {
          if (j.policy.oobUnsupported === '9')
            expect(shown, 'status of Upload OOB Start').to.equal(
              nameOf(distributionStatus, uploadOobStartChecks.unsupported.status),
            );
          else expect(shown, 'status of Upload OOB Start').to.not.equal(nameOf(distributionStatus, SUCCESS));
          expect(nameOf(uploadPhase, seen.value.phase), 'upload phase').to.equal(nameOf(uploadPhase, uploadPhase.IDLE));
        },
        seen,
      );
    },
  },
];

function judgeFirmware(j: J): void {
  const id = j.ixit.text('firmwareIdA').toLowerCase();
  const S = 'DFUM-D.firmware';
  const is = (
    label: string,
    statement: string,
    o: { status: number; count: number; image?: number; id?: string },
  ): void => {
    const seen = shows(j, statement, firmwareStatus, label, STATUS, { status: o.status });
    if (seen === undefined) return;
    const { count, image, firmwareId } = seen.value;
    j.check(
      statement,
      () => {
        expect(count, `stored images (${label})`).to.equal(o.count);
        if (o.image !== undefined) expect(image, `image index (${label})`).to.equal(o.image);
        if (o.id !== undefined) expect(firmwareId.toString('hex'), `firmware id (${label})`).to.equal(o.id);
      },
      seen,
    );
  };
  const stored = shows(j, S, firmwareStatus, 'stored A', STATUS, { status: SUCCESS });
  if (stored === undefined) return;
  is('stored A', S, { status: SUCCESS, count: 1, id });
  const unknown = reply(j, S, firmwareStatus, 'unknown');
  if (unknown !== undefined) {
    const old = unknown.value.status === SUCCESS && unknown.value.image === NONE;
    if (old && j.policy.firmwareGetUnknown === '4orFFFF')
      j.note('Firmware Get of an unknown id is answered Success without an index');
    else is('unknown', S, { status: FIRMWARE_NOT_FOUND, count: 1, image: NONE });
  }
  is('by index', S, { status: SUCCESS, count: 1, image: stored.value.image, id });
  is('no index', S, { status: FIRMWARE_NOT_FOUND, count: 1, image: stored.value.image + 1 });
  const deletion = reply(j, 'DFUM-D.delete', firmwareStatus, 'delete unknown');
  if (deletion !== undefined) {
    const allowed = { success: [SUCCESS], '4': [FIRMWARE_NOT_FOUND], either: [SUCCESS, FIRMWARE_NOT_FOUND] }[
      j.policy.firmwareDeleteUnknown
    ];
    j.check(
      'DFUM-D.delete',
      () => expect(allowed, 'status of Firmware Delete of an unknown id').to.include(deletion.value.status),
      deletion,
    );
  }
  const deleted = reply(j, 'DFUM-D.delete', firmwareStatus, 'delete');
  const repeated = deleted !== undefined && deleted.tries > 1 && deleted.value.status === FIRMWARE_NOT_FOUND;
  if (repeated && j.policy.firmwareDeleteUnknown !== 'success') {
    j.note('Firmware Delete was repeated, and answered by a device that had deleted the image already');
    is('delete', 'DFUM-D.delete', { status: FIRMWARE_NOT_FOUND, count: 0 });
  } else is('delete', 'DFUM-D.delete', { status: SUCCESS, count: 0, image: NONE });
  is('deleted', 'DFUM-D.delete', { status: FIRMWARE_NOT_FOUND, count: 0 });
  is('delete all', 'DFUM-D.delete', { status: SUCCESS, count: 0, image: NONE });
}
