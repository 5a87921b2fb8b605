import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { COMPONENT, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import type { Path } from '../../src/lwm2m/codec/path.ts';
import { printValue, type Value } from '../../src/lwm2m/codec/value.ts';
import { answered, valueAt } from '../../src/lwm2m/kinds.ts';
import { newLinks } from '../../src/lwm2m/registered.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { accepts, answerTo, installs, type J, type Lwm2mCase, refusal, refuses, uninstalls } from './claims.ts';
import { componentItem, ITEM, resourceItem } from './items.ts';
import { download, install, own, type T, uninstall } from './moves.ts';
import { registerAgain } from './anew.ts';
import { judgeComponents, readComponents } from './components.ts';

const COMPONENTS = resourceItem(RES.components);
const OF_14 = { start: 'clean', item: ITEM.OBJECT14 } as const;

/** The instances that resource 17 links to, as the device says now. */
async function components(t: T, label: string): Promise<Path[]> {
  const entries = await t.read([9, own(t), RES.components], label);
  return (entries ?? []).flatMap(({ value }) =>
    value?.type === 'Objlnk' ? [[value.value.object, value.value.instance]] : [],
  );
}

const activationOf = (at: Path, when: string): string => `/${at.join('/')} ${when}`;

async function readActivations(t: T, all: readonly Path[], when: string): Promise<void> {
  for (const at of all) await t.read([...at, COMPONENT.activation], activationOf(at, when));
}

/** The components that the case read resource 17 for. */
function known(j: J, label: string): Path[] {
  const values = j.log.first(answered('read', label))?.entries?.flatMap((e) => e.value ?? []) ?? [];
  return values.flatMap((v: Value) => (v.type === 'Objlnk' ? [[v.value.object, v.value.instance]] : []));
}

function activation(j: J, statement: string, at: Path, when: string): string | undefined {
  const reply = answerTo(j, statement, 'read', activationOf(at, when));
  const value = reply?.entries === undefined ? undefined : valueAt(reply.entries, [...at, COMPONENT.activation]);
  if (reply !== undefined)
    j.check(statement, () => expect(value?.type, `Activation State of ${activationOf(at, when)}`).to.equal('Boolean'));
  return value === undefined ? undefined : printValue(value);
}

const cases: Lwm2mCase[] = [
  {
    ...OF_14,
    id: 'SWMGMT/CMP/01',
    purpose: 'an installed package with components lists them, and their identity and version can be read',
    when: `${ITEM.OBJECT14} and ${COMPONENTS} and ${resourceItem(RES.treeLength)} and ${componentItem(0)} and ${componentItem(2)}`,
    statements: ['SWMGMT-14.instances', 'SWMGMT-9.17.links', 'SWMGMT-9.18.count', 'SWMGMT-R.2'],
    ixit: ['instance', 'packageComponents', 'checkS', 'installS'],
    async drive(t) {
      await download(t, 'packageComponents', 'package');
      await install(t, 'install');
      await readComponents(t);
      for (const at of await components(t, 'list'))
        for (const resource of [COMPONENT.identity, COMPONENT.version])
          await t.read([...at, resource], `/${[...at, resource].join('/')}`);
    },
    judge(j) {
      const statement = 'SWMGMT-14.instances';
      if (installs(j, statement, 'install') === undefined) return;
      const values = judgeComponents(j, true);
      if (values === undefined) return;
      j.check(statement, () => expect(values.length, 'components listed').to.be.greaterThan(0));
      for (const at of known(j, 'list'))
        for (const resource of [COMPONENT.identity, COMPONENT.version]) {
          const path = [...at, resource];
          const reply = answerTo(j, statement, 'read', `/${path.join('/')}`);
          if (reply === undefined) continue;
          const value = reply.entries === undefined ? undefined : valueAt(reply.entries, path);
          j.check(statement, () => {
            expect(reply.code, `Read of /${path.join('/')}`).to.equal('2.05');
            expect(value?.type, `type of /${path.join('/')}`).to.equal('String');
          });
        }
    },
  },
  {
    ...OF_14,
    id: 'SWMGMT/CMP/02',
    purpose: 'Activate and Deactivate of one component change that component only',
    when: `${ITEM.OBJECT14} and ${COMPONENTS} and ${componentItem(3)} and ${componentItem(4)} and ${componentItem(5)}`,
    statements: ['SWMGMT-14.activation'],
    ixit: ['instance', 'packageComponents', 'checkS', 'installS', 'activateS'],
    policies: ['activationSource'],
    async drive(t) {
      await download(t, 'packageComponents', 'package');
      await install(t, 'install');
      const all = await components(t, 'list');
      const [first] = all;
      if (first === undefined) t.stop('the package has no components');
      await readActivations(t, all, 'before');
      for (const [label, resource] of [
        ['activate', COMPONENT.activate],
        ['deactivate', COMPONENT.deactivate],
      ] as const) {
        await t.execute([...(first ?? []), resource], label);
        await t.pause({ timer: 'activateS' }, 'the component is switched');
        await readActivations(t, all, label);
      }
      await t.read([9, own(t), RES.activation], 'resource 12');
    },
    judge(j) {
      const statement = 'SWMGMT-14.activation';
      const [first, ...others] = known(j, 'list');
      if (first === undefined) return j.inconclusive(statement, 'the package shows no components');
      for (const [label, wanted] of [
        ['activate', 'true'],
        ['deactivate', 'false'],
      ] as const) {
        if (accepts(j, statement, 'execute', label) === 'no') continue;
        const shows = activation(j, statement, first, label);
        if (shows !== undefined) j.check(statement, () => expect(shows, `component after ${label}`).to.equal(wanted));
        for (const at of others) {
          const [before, after] = [activation(j, statement, at, 'before'), activation(j, statement, at, label)];
          if (before !== undefined && after !== undefined)
            j.check(statement, () => expect(after, `${at.join('/')} after ${label} of another`).to.equal(before));
        }
      }
      const reply = j.log.first(answered('read', 'resource 12'));
      j.note(
        `resource 12 beside components: ${reply?.entries?.map((e) => (e.value === undefined ? '' : printValue(e.value))).join() ?? 'not read'}`,
      );
    },
  },
  {
    ...OF_14,
    id: 'SWMGMT/CMP/03',
    purpose: 'Activate and Deactivate of a component are refused unless the package is installed',
    when: `${ITEM.OBJECT14} and ${COMPONENTS} and ${componentItem(3)} and ${componentItem(4)}`,
    statements: ['SWMGMT-14.activation-only'],
    ixit: ['instance', 'packageComponents', 'checkS', 'installS', 'uninstallS'],
    policies: ['refusalCode'],
    async drive(t) {
      await download(t, 'packageComponents', 'package');
      const [early] = await components(t, 'delivered');
      if (early !== undefined) await both(t, early, 'delivered');
      await install(t, 'install');
      const [first] = await components(t, 'installed');
      if (first === undefined) t.stop('the package has no components');
      await uninstall(t, 'uninstall');
      await both(t, first ?? [14, 0], 'removed');
    },
    judge(j) {
      const statement = 'SWMGMT-14.activation-only';
      for (const when of ['delivered', 'removed'] as const) {
        if (when === 'delivered' && known(j, 'delivered').length === 0) continue;
        for (const verb of ['activate', 'deactivate']) refuses(j, statement, 'execute', `${verb} ${when}`);
      }
    },
  },
  {
    ...OF_14,
    id: 'SWMGMT/CMP/04',
    purpose: 'the instances of the components are gone after Uninstall',
    when: `${ITEM.OBJECT14} and ${COMPONENTS}`,
    statements: ['SWMGMT-14.gone'],
    ixit: ['instance', 'packageComponents', 'checkS', 'installS', 'uninstallS'],
    async drive(t) {
      await download(t, 'packageComponents', 'package');
      await install(t, 'install');
      const all = await components(t, 'list');
      await uninstall(t, 'uninstall');
      await t.read([9, own(t), RES.components], 'links after');
      for (const at of all) await t.read(at, `/${at.join('/')} after`);
    },
    judge(j) {
      const statement = 'SWMGMT-14.gone';
      const all = known(j, 'list');
      if (all.length === 0) return j.inconclusive(statement, 'the package showed no components');
      if (uninstalls(j, statement, 'uninstall') === undefined) return;
      const links = answerTo(j, statement, 'read', 'links after');
      if (links !== undefined)
        j.check(statement, () => {
          expect(links.code, 'Read of resource 17').to.match(/^(?:2\.05|4\.04)$/);
          expect(
            links.entries?.flatMap((e) => (e.value === undefined ? [] : [printValue(e.value)])) ?? [],
            'links',
          ).to.deep.equal([]);
        });
      for (const at of all) {
        const reply = answerTo(j, statement, 'read', `/${at.join('/')} after`);
        if (reply !== undefined)
          j.check(statement, () => expect(reply.code, `Read of /${at.join('/')}`).to.equal('4.04'));
      }
    },
  },
  {
    ...OF_14,
    id: 'SWMGMT/CMP/05',
    purpose: 'objects that an update no longer supports have no instances left',
    item: ITEM.INSTALL,
    when: `${ITEM.INSTALL} and ${ITEM.FOR_UPDATE}`,
    statements: ['SWMGMT-9.objects-gone', 'SWMGMT-R.2'],
    ixit: [
      'instance',
      'packageNewObjects',
      'packageDropsObjects',
      'droppedObjects',
      'installS',
      'uninstallS',
      'registerS',
    ],
    async drive(t) {
      await download(t, 'packageNewObjects', 'first');
      await install(t, 'install first');
      for (const object of dropped(t)) await t.read([object], `object ${object} before`);
      await uninstall(t, 'for update', '1');
      await download(t, 'packageDropsObjects', 'second');
      await install(t, 'install second');
      for (const object of dropped(t)) await t.read([object], `object ${object} after`);
      await registerAgain(t);
    },
    judge(j) {
      const statement = 'SWMGMT-9.objects-gone';
      if (installs(j, statement, 'install second') === undefined) return;
      const links = j.log.after('register').first(newLinks)?.links;
      for (const object of dropped(j)) {
        const [before, after] = ['before', 'after'].map((when) =>
          answerTo(j, statement, 'read', `object ${object} ${when}`),
        );
        if (before === undefined || after === undefined) continue;
        if (before.code !== '2.05') j.inconclusive(statement, `object ${object} was not there before (${before.code})`);
        else
          refusal(
            j,
            statement,
            after.code === '2.05' && (after.entries?.length ?? 0) === 0 ? '4.04' : after.code,
            `Read of the dropped object ${object}`,
          );
        if (links !== undefined)
          j.check(statement, () =>
            expect(
              links.links.some((l) => l.path[0] === object && l.path.length > 1),
              `instances of object ${object} in the links`,
            ).to.equal(false),
          );
      }
    },
  },
];

const dropped = (t: Pick<T, 'ixit'>): number[] => t.ixit.text('droppedObjects').split(',').map(Number);

async function both(t: T, at: Path, when: string): Promise<void> {
  await t.execute([...at, COMPONENT.activate], `activate ${when}`);
  await t.execute([...at, COMPONENT.deactivate], `deactivate ${when}`);
}

/** Software components. */
export const cmp = suite<Lwm2mTester, Lwm2mPolicies>('CMP', cases);
