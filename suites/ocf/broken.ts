import { encodeCbor } from '../../src/ocf/codec/cbor.ts';
import { answerTo, type OcfCase, refuses, type T, unchanged } from './claims.ts';
import { ITEM } from './items.ts';

/** A valid body but for its package URL, which stands twice. */
function duplicateKey(t: T): Buffer {
  const pairs = [['purl', t.url('one')], ...Object.entries(t.body({ purl: t.url('two') }))];
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

/** UPD-20: every broken body is refused, nothing changes, and the device still answers. */
export const broken: OcfCase = {
  id: 'OCFSWU/UPD/20',
  purpose: 'a body that is no valid CBOR map is refused and the device still answers',
  item: ITEM.ROBUST,
  when: ITEM.ROBUST,
  statements: ['OCFSWU-GEN.malformed', 'OCFSWU-CORE.error'],
  policies: ['errorCode'],
  start: 'rest',
  async drive(t) {
    await t.update(t.body(), { label: 'base' });
    await t.retrieve('before');
    for (const [label, body] of Object.entries(BODIES)) await t.update(body, { label });
    await t.update(duplicateKey(t), { label: TWICE });
    await t.retrieve('after');
  },
  judge(j) {
    for (const label of [...Object.keys(BODIES), TWICE]) {
      const reply = answerTo(j, 'OCFSWU-GEN.malformed', 'UPDATE', label);
      if (reply !== undefined) refuses(j, 'OCFSWU-GEN.malformed', reply, `a body with ${label}`);
    }
    unchanged(j, 'OCFSWU-GEN.malformed', 'before', 'after');
  },
};
