import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { encodeContent, FORMAT } from '../../src/lwm2m/codec/content.ts';
import { encodeTlv } from '../../src/lwm2m/codec/tlv.ts';
import { printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { boolean, string } from '../../src/lwm2m/codec/value.ts';
import { answered, showing, shown, wasRepeated } from '../../src/lwm2m/kinds.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { newLinks, updates } from '../../src/lwm2m/registered.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import {
  accepts,
  answerTo,
  cameSince,
  isAt,
  type J,
  leadsTo,
  type Lwm2mCase,
  printSeen,
  refuses,
  stateAt,
  unchanged,
} from './claims.ts';
import { FORMAT_ITEM, ITEM, resourceItem } from './items.ts';
import { GAVE_UP, gaveUp } from './lost.ts';
import {
  ACTIVATE,
  allInstances,
  CHECK,
  DOWNLOAD,
  download,
  ended,
  install,
  own,
  perhaps,
  run,
  see,
  slowPull,
  type T,
  uninstall,
  UNINSTALL,
  until,
} from './moves.ts';
import { registerAgain } from './anew.ts';

/** The first declared instance beside the one under test. */
function other(t: Pick<T, 'ixit'>): number {
  return allInstances(t).find((id) => id !== own(t)) ?? own(t) + 1;
}

const created = (t: Pick<T, 'ixit'>): number => t.ixit.number('newInstance');

/** The format of the device for a Create; undefined where it has none. Only TLV can name an instance without a value of it. */
function createFormat(o: Pick<T, 'declared'>): number | undefined {
  const formats = o.declared(resourceItem(RES.supportedObjects)) ? [FORMAT.tlv, ...WITH_VALUE] : [FORMAT.tlv];
  return formats.find((format) => o.declared(FORMAT_ITEM[format] ?? ''));
}

const WITH_VALUE = [FORMAT.senmlCbor, FORMAT.senmlJson, FORMAT.lwm2mCbor] as const;
const NO_FORMAT = 'the device has no format for an empty Create';

/** Create of an instance as it is by itself. */
async function create(t: T, label: string): Promise<void> {
  const format = createFormat(t);
  if (format === undefined) t.stop(NO_FORMAT);
  const path = [9, created(t)];
  const empty = format === FORMAT.tlv ? { path } : { path: [...path, RES.supportedObjects], value: boolean(false) };
  await t.create(9, encodeContent(format, [9], [empty]), label, { format });
}

const cases: Lwm2mCase[] = [
  {
    id: 'SWMGMT/MUL/01',
    purpose: 'a full cycle of one instance leaves another as it is',
    item: ITEM.SEVERAL,
    when: `${ITEM.SEVERAL} and ${ITEM.INSTALL} and ${ITEM.DEINSTALL}`,
    statements: ['SWMGMT-S.independent'],
    ixit: ['instance', 'instances', 'packageA', 'installS', 'uninstallS', 'activateS'],
    start: 'clean',
    async drive(t) {
      await see(t, 'before', other(t));
      await download(t, 'packageA', 'package');
      await see(t, 'delivered', other(t));
      await install(t, 'install');
      await see(t, 'installed', other(t));
      if (t.declared(ITEM.ACTIVATE)) {
        await run(t, RES.activate, 'activate');
        await until(t, 'activation', (s) => s.active, ACTIVATE);
        await see(t, 'active', other(t));
      }
      await uninstall(t, 'uninstall');
      await see(t, 'removed', other(t));
    },
    judge(j) {
      const labels = ['delivered', 'installed', ...(j.declared(ITEM.ACTIVATE) ? ['active'] : []), 'removed'];
      for (const label of labels) {
        if (j.log.first(answered('read', label)) === undefined)
          return j.inconclusive('SWMGMT-S.independent', `the cycle did not come to "${label}"`);
        unchanged(j, 'SWMGMT-S.independent', 'before', label);
      }
    },
  },
  {
    id: 'SWMGMT/MUL/02',
    purpose: 'a pull and a push of two instances both succeed, or the second is refused cleanly',
    item: ITEM.SEVERAL,
    when: `${ITEM.SEVERAL} and ${ITEM.PUSH} and ${ITEM.PULL_COAP}`,
    statements: ['SWMGMT-S.parallel'],
    ixit: ['instance', 'instances', 'packageA', 'pullS', 'checkS', 'uninstallS'],
    start: 'clean',
    async drive(t) {
      const b = other(t);
      await see(t, 'before', b);
      await run(t, RES.uninstall, 'other removed', undefined, b);
      await perhaps(t, 'INITIAL of the other', (s) => s.state === 0, UNINSTALL, b);
      await slowPull(t, 'pull');
      await t.push(b, 'packageA', 'push');
      await perhaps(t, 'end of the push', ended, CHECK, b);
      await see(t, 'other', b);
      await until(t, 'end of the pull', ended, DOWNLOAD);
      await run(t, RES.uninstall, 'other removed again', undefined, b);
    },
    judge(j) {
      const statement = 'SWMGMT-S.parallel';
      const pushed = answerTo(j, statement, 'write', 'push');
      const there = showing(own(j), 'end of the pull', ended);
      const first = leadsTo(j, statement, 'write', 'pull', there, DOWNLOAD);
      const second = stateAt(j, statement, 'other');
      if (pushed === undefined || first === undefined || second === undefined) return;
      if (first.state === 0 && gaveUp(j, 'pull', first)) j.inconclusive(statement, GAVE_UP);
      else
        j.check(statement, () =>
          expect(printState(first.state), 'state of the pulled instance').to.equal(printState(3)),
        );
      const taken = pushed.code.startsWith('2.');
      j.note(`the push to the other instance was answered ${pushed.code}`);
      j.check(statement, () =>
        expect((taken ? [3] : [0, 3]).map(printState), 'state of the pushed instance').to.include(
          printState(second.state),
        ),
      );
    },
  },
  {
    id: 'SWMGMT/MUL/03',
    purpose: 'Create makes a fresh instance that works; an id in use is refused',
    item: ITEM.CREATE,
    when: ITEM.CREATE,
    statements: ['SWMGMT-CORE.create', 'SWMGMT-CORE.create-existing', 'SWMGMT-CORE.create-update'],
    ixit: ['instance', 'newInstance', 'packageA', 'checkS', 'uninstallS'],
    policies: ['updateAfterCreate', 'refusalCode'],
    start: 'delivered',
    async drive(t) {
      if (t.declared(ITEM.DELETE)) await t.remove([9, created(t)], 'make room');
      t.mark('created');
      await create(t, 'create');
      await see(t, 'fresh', created(t));
      await create(t, 'existing');
      if (t.declared(ITEM.PUSH)) {
        await t.push(created(t), 'packageA', 'package');
        await perhaps(t, 'end of the download', ended, CHECK, created(t));
        await see(t, 'working', created(t));
        await run(t, RES.uninstall, 'removed', undefined, created(t));
        await perhaps(t, 'INITIAL', (s) => s.state === 0, UNINSTALL, created(t));
      }
      await t.perhaps(updates, { timer: 'quietWindow' });
      if (t.declared(ITEM.DELETE)) await t.remove([9, created(t)], 'clear away');
    },
    judge(j) {
      if (createFormat(j) === undefined) return j.inconclusive('SWMGMT-CORE.create', NO_FORMAT);
      if (createdFresh(j, 'SWMGMT-CORE.create') === undefined) return;
      isAt(j, 'SWMGMT-CORE.create', 'fresh', { state: 0, result: 0, active: false });
      refuses(j, 'SWMGMT-CORE.create-existing', 'create', 'existing');
      if (j.declared(ITEM.PUSH)) {
        const works = stateAt(j, 'SWMGMT-CORE.create', 'working');
        if (works !== undefined && accepts(j, 'SWMGMT-CORE.create', 'write', 'package') === 'yes')
          j.check('SWMGMT-CORE.create', () =>
            expect(printState(works.state), 'state after a push').to.equal(printState(3)),
          );
      }
      toldByUpdate(j, 'created');
    },
  },
  {
    id: 'SWMGMT/MUL/04',
    purpose: 'Delete in INITIAL removes the instance from Reads and from the links that the device sends next',
    item: ITEM.DELETE,
    when: `${ITEM.DELETE} and ${ITEM.CREATE}`,
    statements: ['SWMGMT-CORE.delete', 'SWMGMT-CORE.delete-update'],
    ixit: ['instance', 'newInstance', 'registerS'],
    policies: ['updateAfterCreate'],
    start: 'registered',
    async drive(t) {
      await create(t, 'create');
      await see(t, 'there', created(t));
      t.mark('deleted');
      await t.remove([9, created(t)], 'delete');
      await t.read([9, created(t)], 'gone');
      await t.perhaps(updates, { timer: 'quietWindow' });
      await registerAgain(t);
    },
    judge(j) {
      const statement = 'SWMGMT-CORE.delete';
      if (j.log.first(shown('there')) === undefined)
        return j.inconclusive(statement, 'there was no instance to delete');
      const reply = answerTo(j, statement, 'delete', 'delete');
      const read = answerTo(j, statement, 'read', 'gone');
      if (reply === undefined || read === undefined) return;
      if (accepts(j, statement, 'delete', 'delete') === 'no') return;
      j.check(statement, () => expect(read.code, 'Read of the deleted instance').to.equal('4.04'));
      const links = j.log.after('register').first(newLinks)?.links;
      if (links === undefined) return j.inconclusive(statement, 'the device sent no links after the Delete');
      const listed = links.links.some(({ path }) => path[0] === 9 && path[1] === created(j));
      j.check(statement, () => expect(listed, `/9/${created(j)} in the links`).to.equal(false));
      toldByUpdate(j, 'deleted');
    },
  },
  {
    id: 'SWMGMT/MUL/05',
    purpose: 'what becomes of a Delete in INSTALLED',
    item: ITEM.DELETE,
    when: `${ITEM.DELETE} and ${ITEM.CREATE} and ${ITEM.PUSH} and ${ITEM.INSTALL}`,
    statements: ['SWMGMT-CORE.delete-installed'],
    ixit: ['instance', 'newInstance', 'packageA', 'checkS', 'installS'],
    policies: ['deleteInstalled'],
    kind: 'informative',
    start: 'registered',
    async drive(t) {
      await create(t, 'create');
      t.mark('package');
      await t.push(created(t), 'packageA', 'package');
      await until(t, 'DELIVERED', (s) => s.state === 3, CHECK, created(t));
      await run(t, RES.install, 'install', undefined, created(t));
      await until(t, 'INSTALLED', (s) => s.state === 4, { timer: 'installS' }, created(t));
      await t.remove([9, created(t)], 'delete');
      await see(t, 'after', created(t));
      await run(t, RES.uninstall, 'uninstall', undefined, created(t));
      await t.remove([9, created(t)], 'clear away');
    },
    judge(j) {
      const reply = j.log.first(answered('delete', 'delete'));
      const read = j.log.first(answered('read', 'after'));
      const seen = j.log.first(shown('after'));
      if (reply === undefined) return j.note('no instance came to INSTALLED, or the Delete was not answered');
      j.note(
        `Delete in INSTALLED was answered ${reply.code}; then a Read ${seen === undefined ? (read?.code ?? 'nothing') : `showed ${printSeen(seen)}`}`,
      );
    },
  },
  {
    id: 'SWMGMT/MUL/06',
    purpose: 'Delete of the object is refused',
    item: ITEM.OBJECT9,
    when: ITEM.OBJECT9,
    statements: ['SWMGMT-CORE.delete-object'],
    ixit: ['instance'],
    policies: ['refusalCode'],
    start: 'registered',
    async drive(t) {
      await see(t, 'before');
      await t.remove([9], 'object');
      await see(t, 'after');
    },
    judge(j) {
      refuses(j, 'SWMGMT-CORE.delete-object', 'delete', 'object');
      unchanged(j, 'SWMGMT-CORE.delete-object', 'before', 'after');
    },
  },
  {
    id: 'SWMGMT/MUL/07',
    purpose: 'a refused Create leaves no instance behind',
    item: ITEM.CREATE,
    when: ITEM.CREATE,
    statements: ['SWMGMT-CORE.create-atomic'],
    ixit: ['instance', 'newInstance'],
    variants: { format: { when: ITEM.CREATE }, value: { when: `${ITEM.CREATE} and SWMGMT 3/4` } },
    start: 'registered',
    async drive(t, variant) {
      const id = created(t);
      await t.read([9, id], 'before');
      const format = createFormat(t) ?? FORMAT.tlv;
      const wrong = [{ path: [9, id, RES.uri], value: string('coap//127.0.0.1 no') }];
      if (variant === 'format') await t.create(9, encodeTlv([9], [{ path: [9, id] }]), 'create', { format: 65_000 });
      else await t.create(9, encodeContent(format, [9], wrong), 'create', { format });
      await t.read([9, id], 'after');
      if (t.declared(ITEM.DELETE)) await t.remove([9, id], 'clear away');
    },
    judge(j) {
      const statement = 'SWMGMT-CORE.create-atomic';
      const [before, reply, after] = [
        answerTo(j, statement, 'read', 'before'),
        answerTo(j, statement, 'create', 'create'),
        answerTo(j, statement, 'read', 'after'),
      ];
      if (before === undefined || reply === undefined || after === undefined) return;
      if (before.code !== '4.04')
        return j.inconclusive(statement, `/9/${created(j)} was there before (${before.code})`);
      if (reply.code.startsWith('2.')) {
        j.note(`the Create (${j.variant}) was taken with ${reply.code}`);
        return j.inconclusive(statement, 'the Create was not refused');
      }
      if (after.code === '4.04' && reply.code === '4.15' && j.variant === 'value')
        return j.inconclusive(statement, 'the device refused the format of the Create, not its value');
      if (after.code !== '4.04' && wasRepeated(j.log, reply))
        return j.inconclusive(statement, 'the Create was repeated on the link; a copy may have been taken');
      j.check(statement, () => expect(after.code, 'Read of the instance after the refusal').to.equal('4.04'));
    },
  },
];

/** The Create was taken; one that the link repeated may be refused the second time. */
function createdFresh(j: J, statement: string): object | undefined {
  const how = accepts(j, statement, 'create', 'create');
  if (how === 'no' || how === undefined) return undefined;
  const fresh = j.log.first(shown('fresh'));
  if (how === 'doubtful' && fresh === undefined)
    j.inconclusive(statement, 'the Create was repeated on the link and refused');
  return fresh ?? (how === 'yes' ? {} : undefined);
}

function toldByUpdate(j: J, mark: string): void {
  const statement = mark === 'created' ? 'SWMGMT-CORE.create-update' : 'SWMGMT-CORE.delete-update';
  const update = j.log.after(mark).first(updates);
  if (j.policy.updateAfterCreate === 'must')
    cameSince(j, statement, updates, mark, {
      stimulus: answered(mark === 'created' ? 'create' : 'delete'),
      within: { timer: 'quietWindow' },
    });
  else j.note(`${update === undefined ? 'no' : 'a'} registration update followed`);
}

/** Several instances. */
export const mul = suite<Lwm2mTester, Lwm2mPolicies>('MUL', cases);
