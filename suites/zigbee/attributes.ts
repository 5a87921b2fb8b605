import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { type Attribute, clientAttributes } from '../../src/zigbee/codec/attributes.ts';
import { dataType } from '../../src/zigbee/codec/dataTypes.ts';
import { writeAttributes } from '../../src/zigbee/codec/global.ts';
import { OTA_CLUSTER, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { attributes, endpoints, managementRequests, sent, writeReplies } from '../../src/zigbee/kinds.ts';
import { statusIs } from './claims.ts';
import { attributeItem, ITEM } from './items.ts';
import { type Case, cli, type J, STATUS, type T } from './moves.ts';

/** An attribute that no revision has. */
const UNKNOWN = 0x00ee;
const READ = 'read';

async function readEach(t: T, ids: readonly number[]): Promise<void> {
  for (const id of ids) await t.readAttributes(READ, [id]);
}

/** The attribute could be read and has its type. */
function readable(j: J, s: string, { id, name, type, range }: Attribute): void {
  const seen = j.came(s, attributes(id, READ), { stimulus: sent(READ) });
  if (seen === undefined) return;
  j.check(s, () => expect(nameOf(zclStatus, seen.status), `status of ${name}`).to.equal(nameOf(zclStatus, 0)), seen);
  if (seen.status !== zclStatus.SUCCESS) return;
  j.check(s, () => expect(seen.type, `type of ${name}`).to.equal(type), seen);
  const { content } = seen;
  if (range !== undefined && typeof content === 'number')
    j.check(s, () => expect(content, name).to.be.within(...range), seen);
}

const optional = clientAttributes.filter((a) => !a.mandatory);

/** Purposes 001 to 006: discovery and attributes of a client. */
export const attributeCases: readonly Case[] = [
  cli('001', 'The endpoint has the cluster on its client side', ITEM.CLIENT, {
    start: 'answering',
    demo: true,
    drive: (t) => t.describe(),
    judge(j, s) {
      const seen = j.came(s, endpoints, { stimulus: managementRequests, tries: TRIES });
      if (seen === undefined) return;
      j.check(s, () =>
        mustBe(
          seen.outputClusters.includes(OTA_CLUSTER),
          'output clusters',
          seen.outputClusters,
          'with 0x0019 among them',
        ),
      );
    },
  }),
  cli('002', 'Mandatory attributes can be read and have their types', ITEM.CLIENT, {
    start: 'answering',
    demo: true,
    drive: (t) =>
      readEach(
        t,
        clientAttributes.filter((a) => a.mandatory).map((a) => a.id),
      ),
    judge(j, s) {
      for (const attribute of clientAttributes.filter((a) => a.mandatory)) readable(j, s, attribute);
    },
  }),
  cli('003', 'Declared optional attributes can be read and have their types', ITEM.CURRENT_VERSION, {
    when: optional.map((a) => attributeItem(a.id)).join(' or '),
    start: 'answering',
    drive: (t) =>
      readEach(
        t,
        optional.filter((a) => t.declared(attributeItem(a.id))).map((a) => a.id),
      ),
    judge(j, s) {
      for (const attribute of optional) if (j.declared(attributeItem(attribute.id))) readable(j, s, attribute);
    },
  }),
  cli('004', 'Attributes that the client does not have are reported as unsupported', ITEM.CLIENT, {
    start: 'answering',
    drive: (t) => readEach(t, [UNKNOWN, ...optional.filter((a) => !t.declared(attributeItem(a.id))).map((a) => a.id)]),
    judge(j, s) {
      const absent = optional.filter((a) => !j.declared(attributeItem(a.id))).map((a) => a.id);
      for (const id of [UNKNOWN, ...absent]) {
        const seen = j.came(s, attributes(id, READ), { stimulus: sent(READ) });
        if (seen === undefined) continue;
        const name = `status of attribute 0x${id.toString(16).padStart(4, '0')}`;
        const expected = nameOf(zclStatus, zclStatus.UNSUPPORTED_ATTRIBUTE);
        j.check(s, () => expect(nameOf(zclStatus, seen.status), name).to.equal(expected), seen);
      }
    },
  }),
  cli('005', 'No attribute can be written', ITEM.STATUS, {
    async drive(t) {
      const records = [{ attribute: STATUS, value: { type: dataType.ENUM8, content: 1 } }];
      await t.ask('write', writeAttributes, { records });
      await t.readAttributes('after', [STATUS]);
    },
    judge(j, s) {
      const seen = j.came(s, writeReplies('write'), { stimulus: sent('write') });
      if (seen === undefined) return;
      const status = seen.records[0]?.status ?? zclStatus.SUCCESS;
      j.check(
        s,
        () =>
          expect(nameOf(zclStatus, status), 'status of writing ImageUpgradeStatus').to.equal(
            nameOf(zclStatus, zclStatus.READ_ONLY),
          ),
        seen,
      );
      statusIs(j, s, 'after', 0);
    },
  }),
  cli('006', 'Attributes have their defaults before the first upgrade', ITEM.STATUS, {
    start: 'fresh',
    needs: ['reset'],
    drive: (t) => readEach(t, [STATUS, ...[0x0001, 0x0004].filter((id) => t.declared(attributeItem(id)))]),
    judge(j, s) {
      const initial = clientAttributes.filter((a) => [STATUS, 0x0001, 0x0004].includes(a.id));
      for (const { id, name, initial: value } of initial) {
        if (!j.declared(attributeItem(id))) continue;
        const seen = j.came(s, attributes(id, READ), { stimulus: sent(READ) });
        if (seen !== undefined) j.check(s, () => expect(seen.content, name).to.equal(value), seen);
      }
    },
  }),
];
