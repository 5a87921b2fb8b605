import { expect } from 'chai';
import { encodeCbor } from '../../src/ocf/codec/cbor.ts';
import { printValue } from '../../src/ocf/value.ts';
import { answerTo, type J, type OcfCase, readBack, refuses, type T, unchanged } from './claims.ts';
import { ITEM } from './items.ts';

const BROKEN = 'OCFSWU-GEN.malformed';
/** Names of the two package URLs. */
const NAMES = ['one', 'two'] as const;

/** A valid body but for its package URL, which stands twice. */
function duplicateKey(t: T): Buffer {
  const [one, two] = NAMES;
  const pairs = [['purl', t.url(one)], ...Object.entries(t.body({ purl: t.url(two) }))];
  const encoded = pairs.flat().map((item) => encodeCbor(item));
  return Buffer.concat([Buffer.of(0xa0 + pairs.length), ...encoded]);
}
const TWICE = 'two purl';

/** Bodies that are no valid CBOR map (RFC 8949 5.3, appendix F). */
const BODIES: Readonly<Record<string, Buffer>> = {
  'break outside a container': Buffer.from('ff00ff', 'hex'),
  'empty array': Buffer.from('80', 'hex'),
  integer: Buffer.from('05', 'hex'),
  text: encodeCbor('purl'),
  null: Buffer.from('f6', 'hex'),
  'array of a map': encodeCbor([{ purl: 'coaps://bench/x' }]),
  'truncated map': encodeCbor({ purl: 'coaps://bench/x', swupdateaction: 'idle' }).subarray(0, 12),
  'map longer than the message': Buffer.from('bb7fffffffffffffff', 'hex'),
  'deeply nested arrays': Buffer.alloc(512, 0x81),
};

/** A decoder need not notice that a key stands twice (RFC 8949 5.6): the device refuses the body, or takes one of the two. */
function judgeTwice(j: J): void {
  const reply = answerTo(j, BROKEN, 'UPDATE', TWICE);
  if (reply === undefined) return;
  if (j.policy.duplicateKeys === 'refuse' || !reply.code.startsWith('2.')) {
    refuses(j, BROKEN, reply, `a body with ${TWICE}`);
    unchanged(j, BROKEN, 'after', 'at the end');
    return;
  }
  const end = readBack(j, BROKEN, 'at the end');
  if (end === undefined) return;
  j.note(`a body with ${TWICE} was taken: ${printValue(end.purl)}`);
  j.check(BROKEN, () => expect(printValue(end.purl).split('/').at(-1), `purl after ${TWICE}`).to.be.oneOf(NAMES), end);
}

/** UPD-20: every broken body is refused, nothing changes, and the device still answers. */
export const broken: OcfCase = {
  id: 'OCFSWU/UPD/20',
  purpose: 'a body that is no valid CBOR map is refused and the device still answers',
  item: ITEM.ROBUST,
  when: ITEM.ROBUST,
  statements: [BROKEN, 'OCFSWU-CORE.error'],
  policies: ['errorCode', 'duplicateKeys'],
  start: 'rest',
  async drive(t) {
    await t.update(t.body(), { label: 'base' });
    await t.retrieve('before');
    for (const [label, body] of Object.entries(BODIES)) await t.update(body, { label });
    await t.retrieve('after');
    await t.update(duplicateKey(t), { label: TWICE });
    await t.retrieve('at the end');
  },
  judge(j) {
    for (const label of Object.keys(BODIES)) {
      const reply = answerTo(j, BROKEN, 'UPDATE', label);
      if (reply !== undefined) refuses(j, BROKEN, reply, `a body with ${label}`);
    }
    unchanged(j, BROKEN, 'before', 'after');
    judgeTwice(j);
  },
};
