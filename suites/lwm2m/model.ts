import { expect } from 'chai';
import { mustDecode } from '../../src/core/claim.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { SOFTWARE_MANAGEMENT } from '../../src/lwm2m/codec/definitions.ts';
import type { Path } from '../../src/lwm2m/codec/path.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { boolean, integer, string, type Value } from '../../src/lwm2m/codec/value.ts';
import { registerAgain, registration } from './anew.ts';
import { answerTo, isAt, type Lwm2mCase, refuses, unchanged } from './claims.ts';
import { judgeComponents, readComponents } from './components.ts';
import { ITEM, proposed, resourceItem, resources } from './items.ts';
import { allInstances, download, install, own, see } from './moves.ts';

/** What may be written where writing is not allowed: a value of the right type, other than the present one if possible. */
const OTHER_VALUES: Readonly<Record<number, Value>> = {
  [RES.name]: string('written'),
  [RES.version]: string('9.9.9'),
  [RES.state]: integer(4),
  [RES.result]: integer(2),
  [RES.activation]: boolean(true),
};

const UNKNOWN_RESOURCE = 99;
const UNKNOWN_INSTANCE = 60_000;
const UNKNOWN_FORMAT = 65_000;

/** Reads, writes and executes of things that are not there. */
const NOWHERE = [
  ['read', 'unknown resource'],
  ['write', 'unknown resource'],
  ['execute', 'unknown resource'],
  ['read', 'unknown instance'],
  ['write', 'unknown instance'],
  ['execute', 'unknown instance'],
] as const;

/** What may be done with the resources and what may not, and what a fresh instance shows. */
export const modelCases: readonly Lwm2mCase[] = [
  {
    id: 'SWMGMT/REG/06',
    purpose: 'resources that are only written or executed cannot be read',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.no-read'],
    ixit: ['instance'],
    policies: ['refusalCode'],
    start: 'registered',
    async drive(t) {
      await see(t, 'before');
      for (const resource of resources(t, 'W', 'E')) await t.read([9, own(t), resource], `resource ${resource}`);
      await see(t, 'after');
    },
    judge(j) {
      for (const resource of resources(j, 'W', 'E')) refuses(j, 'SWMGMT-9.no-read', 'read', `resource ${resource}`);
      unchanged(j, 'SWMGMT-9.no-read', 'before', 'after');
    },
  },
  {
    id: 'SWMGMT/REG/07',
    purpose: 'resources that are only read or executed cannot be written',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.no-write'],
    ixit: ['instance'],
    policies: ['refusalCode'],
    start: 'registered',
    async drive(t) {
      await see(t, 'before');
      for (const [resource, value] of Object.entries(OTHER_VALUES))
        await t.write([9, own(t), Number(resource)], value, `resource ${resource}`);
      for (const resource of resources(t, 'E'))
        await t.write([9, own(t), resource], string('1'), `resource ${resource}`);
      await see(t, 'after');
    },
    judge(j) {
      for (const resource of [...Object.keys(OTHER_VALUES), ...resources(j, 'E')])
        refuses(j, 'SWMGMT-9.no-write', 'write', `resource ${resource}`);
      unchanged(j, 'SWMGMT-9.no-write', 'before', 'after');
    },
  },
  {
    id: 'SWMGMT/REG/08',
    purpose: 'resources that are not executable cannot be executed',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.no-execute'],
    ixit: ['instance'],
    policies: ['refusalCode'],
    start: 'registered',
    async drive(t) {
      for (const resource of Object.keys(OTHER_VALUES))
        await t.execute([9, own(t), Number(resource)], `resource ${resource}`);
    },
    judge(j) {
      for (const resource of Object.keys(OTHER_VALUES))
        refuses(j, 'SWMGMT-9.no-execute', 'execute', `resource ${resource}`);
    },
  },
  {
    id: 'SWMGMT/REG/09',
    purpose: 'unknown resources and instances are answered 4.04',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-CORE.not-found'],
    ixit: ['instance'],
    start: 'registered',
    async drive(t) {
      // Of the instance, resources that allow the operation: some devices refuse any other before they look for the instance.
      const pushOnly = t.declared(resourceItem(RES.package)) && !t.declared(resourceItem(RES.uri));
      const resource = [9, own(t), UNKNOWN_RESOURCE];
      const instance = (id: number): Path => [9, UNKNOWN_INSTANCE, id];
      await t.read(resource, 'unknown resource');
      await t.write(resource, string('1'), 'unknown resource');
      await t.execute(resource, 'unknown resource');
      await t.read(instance(RES.state), 'unknown instance');
      if (pushOnly) await t.write(instance(RES.package), Buffer.of(1), 'unknown instance', { format: FORMAT.opaque });
      else await t.write(instance(RES.uri), string('coap://127.0.0.1/x'), 'unknown instance');
      await t.execute(instance(RES.install), 'unknown instance');
    },
    judge(j) {
      for (const [operation, label] of NOWHERE) {
        const reply = answerTo(j, 'SWMGMT-CORE.not-found', operation, label);
        if (reply !== undefined)
          j.check('SWMGMT-CORE.not-found', () => expect(reply.code, `${operation} of an ${label}`).to.equal('4.04'));
      }
    },
  },
  {
    id: 'SWMGMT/REG/10',
    purpose: 'Read of the instance and of the object returns the readable resources',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-CORE.instance-read'],
    ixit: ['instance', 'instances'],
    demo: true,
    start: 'registered',
    async drive(t) {
      await t.read([9, own(t)], 'instance');
      await t.read([9], 'object');
    },
    judge(j) {
      const may = resources(j, 'R', 'RW');
      for (const [label, instances] of [
        ['instance', [own(j)]],
        ['object', allInstances(j)],
      ] as const) {
        const reply = answerTo(j, 'SWMGMT-CORE.instance-read', 'read', label);
        if (reply === undefined) continue;
        j.check('SWMGMT-CORE.instance-read', () => {
          expect(reply.code, `Read of the ${label}`).to.equal('2.05');
          mustDecode(reply.problem, `body of the Read of the ${label}`);
          for (const instance of instances) {
            const there = [...new Set(reply.entries?.filter((e) => e.path[1] === instance).map((e) => e.path[2]))];
            const must = may.filter((id) => SOFTWARE_MANAGEMENT.resources[id]?.mandatory);
            expect(there, `resources of /9/${instance}`).to.include.members(must);
            expect([...may, ...proposed(j)], `readable resources of /9/${instance}`).to.include.members(there);
          }
        });
      }
    },
  },
  {
    id: 'SWMGMT/REG/11',
    purpose: 'an unknown Accept is answered 4.06, an unknown Content-Format 4.15',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-CORE.accept', 'SWMGMT-CORE.content-format'],
    ixit: ['instance'],
    start: 'initial',
    async drive(t) {
      await see(t, 'before');
      await t.read([9, own(t)], 'unknown Accept', { format: UNKNOWN_FORMAT });
      const writable = t.declared(resourceItem(RES.package)) ? RES.package : RES.uri;
      await t.write([9, own(t), writable], Buffer.from('coap://127.0.0.1/x'), 'unknown Content-Format', {
        format: UNKNOWN_FORMAT,
      });
      await see(t, 'after');
    },
    judge(j) {
      const read = answerTo(j, 'SWMGMT-CORE.accept', 'read', 'unknown Accept');
      const write = answerTo(j, 'SWMGMT-CORE.content-format', 'write', 'unknown Content-Format');
      if (read !== undefined) j.check('SWMGMT-CORE.accept', () => expect(read.code, 'unknown Accept').to.equal('4.06'));
      if (write === undefined) return;
      j.check('SWMGMT-CORE.content-format', () => expect(write.code, 'unknown Content-Format').to.equal('4.15'));
      unchanged(j, 'SWMGMT-CORE.content-format', 'before', 'after');
    },
  },
  {
    id: 'SWMGMT/REG/12',
    purpose:
      'object 14 is there where it is declared; links to components lead to instances, and their number is right',
    item: ITEM.OBJECT14,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-14.present', 'SWMGMT-9.17.links', 'SWMGMT-9.18.count'],
    ixit: ['instance', 'registerS'],
    start: 'initial',
    async drive(t) {
      await registerAgain(t);
      if (!t.declared(resourceItem(RES.components))) return;
      if (t.ixit.has('packageComponents')) {
        await download(t, 'packageComponents', 'components');
        await install(t, 'install');
      }
      await readComponents(t);
    },
    judge(j) {
      const links = registration(j, 'SWMGMT-14.present');
      if (links !== undefined)
        j.check('SWMGMT-14.present', () =>
          expect(
            links.links.some((l) => l.path[0] === 14),
            'object 14 in the registration',
          ).to.equal(j.declared(ITEM.OBJECT14)),
        );
      if (j.declared(resourceItem(RES.components))) judgeComponents(j, j.ixit.has('packageComponents'));
    },
  },
  {
    id: 'SWMGMT/REG/13',
    purpose: 'a fresh instance shows 0/0/0, and its name and version can be read',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-S.idle'],
    ixit: ['instance'],
    demo: true,
    start: 'idle',
    drive: (t) => see(t, 'idle'),
    judge(j) {
      const seen = isAt(j, 'SWMGMT-S.idle', 'idle', { state: 0, result: 0, active: false });
      if (seen === undefined) return;
      j.check('SWMGMT-S.idle', () => {
        expect(seen.name, 'PkgName').to.be.a('string');
        expect(seen.version, 'PkgVersion').to.be.a('string');
      });
    },
  },
];
