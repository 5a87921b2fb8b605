import { expect } from 'chai';
import { type Seen, where } from '../../src/core/log.ts';
import { printState } from '../../src/lwm2m/codec/swmgmt.ts';
import { type Answer, answered, messages } from '../../src/lwm2m/kinds.ts';
import { fetched } from '../../src/lwm2m/packages.ts';
import { type J, type Lwm2mCase, refusesOrBusy, stateAt, unchanged, wasIn } from './claims.ts';
import { ITEM } from './items.ts';
import { run, see, startCheck, startDownload, type T } from './moves.ts';

/** How a case gets the device into a state, and how the log shows that it was there. */
interface Way {
  readonly start: string;
  /** Beyond the function's own item. */
  readonly when: string;
  readonly ixit: readonly string[];
  arrange(t: T): Promise<void>;
  /** True where the request met this state. */
  shown(j: J, statement: string, label: string): boolean;
}

const nothing = (): Promise<void> => Promise.resolve();
const always = (): boolean => true;

/** Ways to every state, by its number. */
const WAYS: Readonly<Record<0 | 1 | 2 | 3 | 4, Way>> = {
  0: { start: 'initial', when: 'always', ixit: [], arrange: nothing, shown: always },
  1: {
    start: 'clean',
    when: `(${ITEM.PULL_COAP} or ${ITEM.BLOCKS})`,
    ixit: ['packageA', 'pullS'],
    arrange: startDownload,
    shown(j, statement, label) {
      const reply = j.log.first(answered('execute', label));
      const end = j.log.after('download').first(fetched);
      if (reply === undefined) return true;
      // Of a push, a device need not show it (A11).
      if (j.declared(ITEM.PULL_COAP) && !wasIn(j, statement, 1, reply)) return false;
      if (end === undefined || reply.n < end.n) return true;
      j.inconclusive(statement, 'the download was over when the request was answered');
      return false;
    },
  },
  2: {
    start: 'clean',
    when: ITEM.PUSH,
    ixit: ['packageSlowCheck', 'checkS'],
    arrange: startCheck,
    shown(j, statement, label) {
      const reply = j.log.first(answered('execute', label));
      const written = j.log.first(answered('write', 'download'));
      if (reply === undefined) return true;
      if (!wasIn(j, statement, 2, reply)) return false;
      const began = written === undefined ? undefined : lastBlock(j, written);
      if (began !== undefined && j.log.elapsed(began, reply) < j.ms('slowCheck')) return true;
      j.inconclusive(statement, 'the check may have been over when the request was answered');
      return false;
    },
  },
  3: { start: 'delivered', when: 'always', ixit: ['packageA', 'checkS'], arrange: nothing, shown: always },
  4: { start: 'installed', when: 'always', ixit: ['packageA', 'installS'], arrange: nothing, shown: always },
};

/** The first copy of the last message of a Write: nothing can have begun before it, whichever of its copies arrived. */
function lastBlock(j: J, written: Seen<Answer>): { readonly ms: number } | undefined {
  const blocks = where(messages, 'block', (m) => m.dir === 'out' && m.message.type === 'CON');
  const sent = j.log.after(written.asked).before(written).all(blocks);
  return sent.find((m) => m.message.mid === sent.at(-1)?.message.mid);
}

const NAMES = ['INITIAL', 'DOWNLOAD STARTED', 'DOWNLOADED', 'DELIVERED', 'INSTALLED'] as const;

/** The Execute with this label met this state, as far as the log can show; inconclusive otherwise. */
export function metIn(j: J, statement: string, state: keyof typeof WAYS, label: string): boolean {
  return WAYS[state].shown(j, statement, label);
}

/** A request that a state has no transition for: it is refused and nothing changes. */
export function refusedIn(
  id: string,
  state: 0 | 1 | 2 | 3 | 4,
  request: { readonly name: string; readonly resource: number; readonly item: string; readonly statement: string },
): Lwm2mCase {
  const { name, resource, item, statement } = request;
  const way = WAYS[state];
  const lasting = state !== 1 && state !== 2;
  return {
    id,
    purpose: `${name} in ${NAMES[state]} is refused and changes nothing`,
    item,
    when: way.when === 'always' ? item : `${item} and ${way.when}`,
    statements: [statement],
    ixit: ['instance', ...way.ixit],
    policies: ['refusalCode'],
    start: way.start,
    async drive(t) {
      await way.arrange(t);
      if (lasting) await see(t, 'before');
      await run(t, resource, name);
      await see(t, 'after');
    },
    judge(j) {
      if (!way.shown(j, statement, name)) return;
      if (refusesOrBusy(j, statement, 'execute', name) === undefined) return;
      if (lasting) return unchanged(j, statement, 'before', 'after');
      const busy = j.log.first(answered('read', 'after'))?.code === '5.03';
      const after = busy ? undefined : stateAt(j, statement, 'after');
      // A device need not show 1 during a push (A11).
      const pushed = state === 1 && !j.declared(ITEM.PULL_COAP);
      if (after !== undefined)
        j.check(statement, () => {
          expect([...(pushed ? [0] : []), 1, 2, 3].map(printState), 'state after the refusal').to.include(
            printState(after.state),
          );
          expect(after.active, 'activation after the refusal').to.equal(false);
        });
    },
  };
}
