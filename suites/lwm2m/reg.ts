import { expect } from 'chai';
import { mustDecode } from '../../src/core/claim.ts';
import { suite } from '../../src/core/case.ts';
import { ACCOUNT_LIFETIME_S, BOOTSTRAP_STEPS } from '../../src/lwm2m/bootstrap.ts';
import { FORMAT, printFormat, SINGLE_VALUE } from '../../src/lwm2m/codec/content.ts';
import { printResource, SOFTWARE_MANAGEMENT } from '../../src/lwm2m/codec/definitions.ts';
import { attributeOf, decodeLinks, modelLinks } from '../../src/lwm2m/codec/link-format.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { boolean, printValue, type Value } from '../../src/lwm2m/codec/value.ts';
import { answered, valueAt } from '../../src/lwm2m/kinds.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { bootstraps, registrations } from '../../src/lwm2m/registered.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { registerAgain, registration } from './anew.ts';
import { answerTo, awaited, type J, type Lwm2mCase, stateAt } from './claims.ts';
import { FORMAT_ITEM, ITEM, proposed, resourceItem, resources } from './items.ts';
import { modelCases } from './model.ts';
import { allInstances, own, see } from './moves.ts';

/** Formats in which values can be read, as far as the device has them. */
function readFormats(o: { declared(item: string): boolean }): number[] {
  return Object.keys(FORMAT_ITEM)
    .map(Number)
    .filter((format) => format !== FORMAT.opaque && o.declared(FORMAT_ITEM[format] ?? ''));
}

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
      const mandatory = Object.entries(SOFTWARE_MANAGEMENT.resources).flatMap(([id, r]) =>
        r.mandatory ? [Number(id)] : [],
      );
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
    async drive(t) {
      const outcome = await t.discover([9, own(t)], 'instance');
      const decoded = outcome.kind === 'reply' ? decodeLinks(outcome.payload) : undefined;
      if (decoded?.ok !== true) return;
      const listed = resourcesIn(decoded.links);
      for (const resource of resources(t, 'R', 'RW').filter(isOptional))
        if (!listed.includes(resource)) await t.read([9, own(t), resource], printResource(9, resource));
    },
    judge(j) {
      const listed = discovered(j, 'SWMGMT-9.declared');
      if (listed === undefined) return;
      const declared = resources(j, 'R', 'W', 'RW', 'E');
      const unlisted = declared.filter((id) => !listed.includes(id) && !hasNone(j, 'SWMGMT-9.declared', id));
      j.check('SWMGMT-9.declared', () => {
        expect(unlisted, 'declared resources that are not listed').to.deep.equal([]);
        const undeclared = listed.filter((id) => !declared.includes(id) && !proposed(j).includes(id));
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
      for (const { resource, format } of readable(t))
        await t.read([9, own(t), resource], reading(resource, format), { format });
    },
    judge(j) {
      const first = new Map<number, string>();
      for (const { resource, format } of readable(j)) {
        const reply = answerTo(j, 'SWMGMT-9.types', 'read', reading(resource, format));
        if (reply === undefined) continue;
        const none = isOptional(resource) && reply.code === '4.04';
        if (none) j.note(`${reading(resource, format)}: no value now`);
        else
          j.check('SWMGMT-9.types', () => {
            expect(reply.code, `Read of ${reading(resource, format)}`).to.equal('2.05');
            expect(reply.contentFormat, `Content-Format of ${reading(resource, format)}`).to.equal(format);
            mustDecode(reply.problem, `body of ${reading(resource, format)}`);
            expect(
              reply.entries?.flatMap((e) => (e.value === undefined ? [] : typeFits(e.value, resource))),
            ).to.deep.equal([]);
            // Only a resource of several instances may have none.
            const value = valueAt(reply.entries ?? [], [9, own(j), resource]);
            if (resource !== RES.components)
              expect(value, `value in ${reading(resource, format)}`).to.not.equal(undefined);
          });
        // No links and no link resource are the same.
        const missing = none && resource !== RES.components ? 'no value' : '';
        const shows =
          reply.entries?.map((e) => (e.value === undefined ? '' : printValue(e.value))).join(' ') ?? missing;
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
  return resourcesIn(decoded.links);
}

function resourcesIn(links: Parameters<typeof modelLinks>[0]): number[] {
  return modelLinks(links).links.flatMap(({ path }) => (path.length === 3 ? [path[2] ?? -1] : []));
}

function isOptional(resource: number): boolean {
  return SOFTWARE_MANAGEMENT.resources[resource]?.mandatory !== true;
}

/** An optional resource without a value need not be listed; one that is only written shows none in any case. */
function hasNone(j: J, statement: string, resource: number): boolean {
  if (!isOptional(resource)) return false;
  const name = printResource(9, resource);
  if (!resources(j, 'R', 'RW').includes(resource)) j.note(`${name} is declared and not listed`);
  else {
    const reply = answerTo(j, statement, 'read', name);
    if (reply?.code === '2.05') return false;
    j.note(`${name} is declared and not listed; a Read of it is answered ${reply?.code ?? 'by nothing'}`);
  }
  return true;
}

const COMPOSITE = 'SWMGMT-CORE.composite';
/** Values written one after the other; the second is how devices leave the factory. */
const WRITTEN = [true, false] as const;

/** Several resources in one request. */
const compositeCase: Lwm2mCase = {
  id: 'SWMGMT/REG/15',
  purpose: 'what a composite Write writes a composite Read shows, beside state, result and activation',
  item: ITEM.COMPOSITE,
  when: `${ITEM.COMPOSITE} and ${resourceItem(RES.supportedObjects)}`,
  statements: [COMPOSITE],
  ixit: ['instance'],
  start: 'registered',
  async drive(t) {
    for (const value of WRITTEN) {
      await t.writeTogether([{ path: [9, own(t), RES.supportedObjects], value: boolean(value) }], `write ${value}`);
      await t.readTogether(
        [RES.state, RES.supportedObjects, RES.result, RES.activation].map((resource) => [9, own(t), resource]),
        `read ${value}`,
      );
    }
  },
  judge(j) {
    for (const value of WRITTEN) {
      const written = answerTo(j, COMPOSITE, 'write-composite', `write ${value}`);
      const reply = answerTo(j, COMPOSITE, 'read-composite', `read ${value}`);
      if (written === undefined || reply === undefined) return;
      const at = (resource: number): Value | undefined => valueAt(reply.entries ?? [], [9, own(j), resource]);
      j.check(COMPOSITE, () => {
        expect(written.code, 'answer to the composite Write').to.equal('2.04');
        expect(reply.code, 'answer to the composite Read').to.equal('2.05');
        mustDecode(reply.problem, 'body of the composite Read');
        for (const resource of [RES.state, RES.result, RES.activation])
          expect(at(resource), printResource(9, resource)).to.not.equal(undefined);
        expect(at(RES.supportedObjects)?.value, printResource(9, RES.supportedObjects)).to.equal(value);
      });
    }
  },
};

const BOOT = 'SWMGMT-CORE.bootstrap';

/** How a device gets its server in the first place. */
const bootstrapCase: Lwm2mCase = {
  id: 'SWMGMT/REG/14',
  purpose: 'a device without account asks the bootstrap server for one, takes it and registers with it',
  item: ITEM.BOOTSTRAP,
  when: ITEM.BOOTSTRAP,
  statements: [BOOT],
  ixit: ['instance', 'registerS'],
  needs: ['reset'],
  start: 'registered',
  async drive(t) {
    t.mark('reset');
    await t.factory();
    await t.until(bootstraps, { timer: 'registerS' });
    await t.until(registrations, { timer: 'registerS' });
    await see(t, 'after');
  },
  judge(j) {
    if (j.log.first(bootstraps) === undefined)
      return j.inconclusive(BOOT, 'the device did not ask for an account; the reset may have left it the one it had');
    for (const label of BOOTSTRAP_STEPS) {
      const reply = answerTo(j, BOOT, 'bootstrap', label);
      if (reply === undefined) return;
      j.check(BOOT, () => expect(reply.code, `answer to ${label}`).to.match(/^2\./));
    }
    const finish = answered('bootstrap', BOOTSTRAP_STEPS.at(-1));
    const after = j.log.after('reset');
    const seen = awaited(j, BOOT, registrations, { stimulus: finish, within: { timer: 'registerS' } }, after);
    if (seen === undefined) return;
    j.check(BOOT, () =>
      expect(seen.parameters.get('lt'), 'lifetime in the registration').to.equal(String(ACCOUNT_LIFETIME_S)),
    );
    stateAt(j, BOOT, 'after');
  },
};

/** Registration and data model. */
export const reg = suite<Lwm2mTester, Lwm2mPolicies>('REG', [...about, ...modelCases, bootstrapCase, compositeCase]);
