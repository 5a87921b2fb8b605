import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { FORMAT, printFormat, SINGLE_VALUE } from '../../src/lwm2m/codec/content.ts';
import { printResource, SOFTWARE_MANAGEMENT } from '../../src/lwm2m/codec/definitions.ts';
import { attributeOf, decodeLinks, modelLinks } from '../../src/lwm2m/codec/link-format.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { boolean, integer, printValue, string, type Value } from '../../src/lwm2m/codec/value.ts';
import { valueAt } from '../../src/lwm2m/kinds.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { registrations } from '../../src/lwm2m/registered.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { answerTo, isAt, type J, type Lwm2mCase, refuses, unchanged } from './claims.ts';
import { FORMAT_ITEM, ITEM, resourceItem } from './items.ts';
import { allInstances, download, install, own, see, type T } from './moves.ts';

/** Resources that the device has and the server may use so. */
function resources(o: { declared(item: string): boolean }, ...operations: string[]): number[] {
  return Object.entries(SOFTWARE_MANAGEMENT.resources)
    .filter(([id, r]) => operations.includes(r.operations) && o.declared(resourceItem(Number(id))))
    .map(([id]) => Number(id));
}

/** Formats in which values can be read, as far as the device has them. */
function readFormats(o: { declared(item: string): boolean }): number[] {
  return Object.keys(FORMAT_ITEM)
    .map(Number)
    .filter((format) => format !== FORMAT.opaque && o.declared(FORMAT_ITEM[format] ?? ''));
}

/** A device that must register anew, so that the registration stands in the log of the case. */
async function registerAgain(t: T): Promise<void> {
  t.lose();
  t.mark('register');
  await t.trigger('trigger');
  await t.until(registrations, { timer: 'registerS' });
}

const registration = (j: J, statement: string) => {
  const seen = j.log.first(registrations);
  if (seen?.links === undefined) j.inconclusive(statement, seen?.problem ?? 'no registration was seen in the case');
  return seen?.links;
};

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

function typeFits(value: Value, resource: number): string[] {
  const definition = SOFTWARE_MANAGEMENT.resources[resource];
  const name = printResource(9, resource);
  if (value.type !== definition?.type) return [`${name} is a ${value.type}, expected ${definition?.type}`];
  const [low, high] = definition.range ?? [];
  if (low === undefined || high === undefined) return [];
  const measure = value.type === 'String' ? Buffer.byteLength(value.value) : Number(value.value);
  return measure >= low && measure <= high ? [] : [`${name} ${printValue(value)} outside ${low} to ${high}`];
}

const reading = (resource: number, format: number): string => `${resource} as ${printFormat(format)}`;

function readable(o: { declared(item: string): boolean }): { resource: number; format: number }[] {
  return resources(o, 'R', 'RW').flatMap((resource) =>
    readFormats(o)
      .filter((format) => resource !== RES.components || !SINGLE_VALUE.includes(format))
      .map((format) => ({ resource, format })),
  );
}

const about: Lwm2mCase[] = [
  {
    id: 'SWMGMT/REG/01',
    purpose: 'every instance is listed in the registration',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-CORE.links'],
    ixit: ['instances', 'registerS'],
    demo: true,
    start: 'registered',
    drive: registerAgain,
    judge(j) {
      const links = registration(j, 'SWMGMT-CORE.links');
      if (links === undefined) return;
      const listed = links.links.flatMap(({ path }) => (path[0] === 9 && path.length === 2 ? [path[1]] : []));
      j.check('SWMGMT-CORE.links', () => expect(listed, 'instances of object 9').to.include.members(allInstances(j)));
    },
  },
  {
    id: 'SWMGMT/REG/02',
    purpose: 'object 9 is announced as version 1.0 or without version',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.version'],
    ixit: ['registerS'],
    start: 'registered',
    drive: registerAgain,
    judge(j) {
      const links = registration(j, 'SWMGMT-9.version');
      if (links === undefined) return;
      const versions = links.links
        .filter(({ path }) => path[0] === 9)
        .flatMap(({ link }) => attributeOf(link, 'ver') ?? []);
      j.check('SWMGMT-9.version', () => expect(['1.0'], 'versions of object 9').to.include.members(versions));
    },
  },
  {
    id: 'SWMGMT/REG/03',
    purpose: 'Discover lists the nine mandatory resources',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.mandatory'],
    ixit: ['instance'],
    demo: true,
    start: 'registered',
    drive: async (t) => void (await t.discover([9, own(t)], 'instance')),
    judge(j) {
      const listed = discovered(j, 'SWMGMT-9.mandatory');
      const mandatory = Object.entries(SOFTWARE_MANAGEMENT.resources).flatMap(([id, r]) => (r.mandatory ? [Number(id)] : []));
      if (listed !== undefined)
        j.check('SWMGMT-9.mandatory', () => expect(listed, 'resources listed').to.include.members(mandatory));
    },
  },
  {
    id: 'SWMGMT/REG/04',
    purpose: 'Discover lists what is declared and nothing else',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.declared'],
    ixit: ['instance'],
    start: 'registered',
    drive: async (t) => void (await t.discover([9, own(t)], 'instance')),
    judge(j) {
      const listed = discovered(j, 'SWMGMT-9.declared');
      if (listed === undefined) return;
      const declared = resources(j, 'R', 'W', 'RW', 'E');
      const proposed = j.declared('SWMGMT 2/2') ? [19, 20, 21, 22] : [];
      j.check('SWMGMT-9.declared', () => {
        expect(declared.filter((id) => !listed.includes(id)), 'declared resources that are not listed').to.deep.equal([]);
        const undeclared = listed.filter((id) => id <= 22 && !declared.includes(id) && !proposed.includes(id));
        expect(undeclared, 'listed resources that are not declared').to.deep.equal([]);
      });
    },
  },
  {
    id: 'SWMGMT/REG/05',
    purpose: 'every readable resource has its type and range, and one value in all formats',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-9.types', 'SWMGMT-CORE.same-value'],
    ixit: ['instance'],
    start: 'registered',
    async drive(t) {
      for (const { resource, format } of readable(t)) await t.read([9, own(t), resource], reading(resource, format), { format });
    },
    judge(j) {
      const first = new Map<number, string>();
      for (const { resource, format } of readable(j)) {
        const reply = answerTo(j, 'SWMGMT-9.types', 'read', reading(resource, format));
        if (reply === undefined) continue;
        j.check('SWMGMT-9.types', () => {
          expect(reply.code, `Read of ${reading(resource, format)}`).to.equal('2.05');
          expect(reply.contentFormat, `Content-Format of ${reading(resource, format)}`).to.equal(format);
          expect(reply.problem, `body of ${reading(resource, format)}`).to.equal(undefined);
          expect(reply.entries?.flatMap((e) => (e.value === undefined ? [] : typeFits(e.value, resource)))).to.deep.equal([]);
        });
        const shows = reply.entries?.map((e) => (e.value === undefined ? '' : printValue(e.value))).join(' ') ?? '';
        const known = first.get(resource);
        if (known === undefined) first.set(resource, shows);
        else j.check('SWMGMT-CORE.same-value', () => expect(shows, reading(resource, format)).to.equal(known));
      }
    },
  },
];

function discovered(j: J, statement: string): number[] | undefined {
  const reply = answerTo(j, statement, 'discover', 'instance');
  if (reply === undefined) return undefined;
  const decoded = decodeLinks(reply.body);
  j.check(statement, () => {
    expect(reply.code, 'answer to Discover').to.equal('2.05');
    expect(decoded.ok ? '' : decoded.reason, 'links').to.equal('');
  });
  if (!decoded.ok || reply.code !== '2.05') return undefined;
  return modelLinks(decoded.links).links.flatMap(({ path }) => (path.length === 3 ? [path[2] ?? -1] : []));
}

const access: Lwm2mCase[] = [
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
      for (const resource of resources(t, 'E')) await t.write([9, own(t), resource], string('1'), `resource ${resource}`);
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
      for (const resource of Object.keys(OTHER_VALUES)) await t.execute([9, own(t), Number(resource)], `resource ${resource}`);
    },
    judge(j) {
      for (const resource of Object.keys(OTHER_VALUES)) refuses(j, 'SWMGMT-9.no-execute', 'execute', `resource ${resource}`);
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
      for (const [label, path] of [
        ['unknown resource', [9, own(t), UNKNOWN_RESOURCE]],
        ['unknown instance', [9, UNKNOWN_INSTANCE, RES.install]],
      ] as const) {
        await t.read(path, label);
        await t.write(path, string('1'), label);
        await t.execute(path, label);
      }
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
          expect(reply.problem, `body of the Read of the ${label}`).to.equal(undefined);
          for (const instance of instances) {
            const there = [...new Set(reply.entries?.filter((e) => e.path[1] === instance).map((e) => e.path[2]))];
            const must = may.filter((id) => SOFTWARE_MANAGEMENT.resources[id]?.mandatory);
            expect(there, `resources of /9/${instance}`).to.include.members(must);
            expect(may, `readable resources of /9/${instance}`).to.include.members(there);
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
      await t.write([9, own(t), writable], Buffer.from('coap://127.0.0.1/x'), 'unknown Content-Format', { format: UNKNOWN_FORMAT });
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
    purpose: 'object 14 is there where it is declared; links to components lead to instances, and their number is right',
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
          expect(links.links.some((l) => l.path[0] === 14), 'object 14 in the registration').to.equal(j.declared(ITEM.OBJECT14)),
        );
      if (j.declared(resourceItem(RES.components))) judgeComponents(j);
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

/** Reads resources 17 and 18 and every instance that 17 links to. */
export async function readComponents(t: T, suffix = ''): Promise<void> {
  const links = await t.read([9, own(t), RES.components], `components${suffix}`);
  if (t.declared(resourceItem(RES.treeLength))) await t.read([9, own(t), RES.treeLength], `number${suffix}`);
  for (const { value } of links ?? [])
    if (value?.type === 'Objlnk')
      await t.read([value.value.object, value.value.instance], `component ${printValue(value)}${suffix}`);
}

/** Links lead to instances of object 14 that exist; resource 18 is their number. */
export function judgeComponents(j: J, suffix = ''): Value[] | undefined {
  const reply = answerTo(j, 'SWMGMT-9.17.links', 'read', `components${suffix}`);
  if (reply === undefined) return undefined;
  const values = reply.entries?.flatMap((e) => e.value ?? []) ?? [];
  j.check('SWMGMT-9.17.links', () => {
    expect(reply.code, 'Read of resource 17').to.equal('2.05');
    expect(reply.problem, 'body of resource 17').to.equal(undefined);
  });
  for (const value of values) {
    const label = `component ${printValue(value)}${suffix}`;
    j.check('SWMGMT-9.17.links', () => expect(printValue(value), 'link to a component').to.match(/^14:/));
    const component = answerTo(j, 'SWMGMT-9.17.links', 'read', label);
    if (component !== undefined)
      j.check('SWMGMT-9.17.links', () => expect(component.code, `Read of ${label}`).to.equal('2.05'));
  }
  if (!j.declared(resourceItem(RES.treeLength))) return values;
  const number = answerTo(j, 'SWMGMT-9.18.count', 'read', `number${suffix}`);
  const count = number?.entries === undefined ? undefined : valueAt(number.entries, number.path);
  if (number !== undefined)
    j.check('SWMGMT-9.18.count', () =>
      expect(count === undefined ? number.code : printValue(count), 'resource 18').to.equal(String(values.length)),
    );
  return values;
}

/** Registration and data model. */
export const reg = suite<Lwm2mTester, Lwm2mPolicies>('REG', [...about, ...access]);
