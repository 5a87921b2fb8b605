import { expect } from 'chai';
import { NO, YES } from './condition.ts';
import { compileEngine, RULES } from './engine.ts';
import { loadProformas } from './proforma.ts';

/** One bit for each of the 22 free answers. */
const FREE = [
  ...['0/1', '3/1', '3/2', '3/3', '3/4', '10/1', '11/1', '11/2', '20/1', '21/1', '21/2'].map((i) => `DFUM ${i}`),
  ...['22/1', '22/2', '22/3', '30/1', '40/1', '41/1'].map((i) => `DFUM ${i}`),
  'MBTM 3/1',
  'MBTM 3/2',
  'MBTM 10/1',
  'MBTM 10/2',
  'MESH 7/4',
];
const DFUM = 17;

/**
 * The rules of the DFUM proforma once more, as plain boolean code over a bit mask, written from the table of the standard and sharing nothing with the
 * engine. Fills in four masks of broken items: mandatory, excluded, prerequisite, dependency.
 */
function reference(bits: number, out: Int32Array): void {
  const on = (bit: number): boolean => ((bits >> bit) & 1) === 1;
  const [version, server, distributor, client, initiator] = [on(0), on(1), on(2), on(3), on(4)];
  const [updateBlob, updatePull, updatePush] = [on(5), on(6), on(7)];
  const [distBlob, distPull, distPush] = [on(8), on(9), on(10)];
  const [oob, https, several] = [on(11), on(12), on(13)];
  const [clientBlob, initiatorBlob, uploadOob] = [on(14), on(15), on(16)];
  const [blobServer, blobClient, pull, push, lowPower] = [on(17), on(18), on(19), on(20), on(21)];
  let mandatory = 0;
  let excluded = 0;
  let prerequisite = 0;
  let dependency = 0;

  if (!version) mandatory |= 1 << 0;
  // Table 3, C.1: distribution roles only where an Update Client is present.
  if (distributor && !client) excluded |= 1 << 2;
  if (initiator && !client) excluded |= 1 << 4;

  // Table 10 under 3/1.
  if (server) {
    if (!updateBlob) mandatory |= 1 << 5;
    else if (!blobServer) dependency |= 1 << 5;
  } else if (updateBlob) prerequisite |= 1 << 5;
  // Table 11 under 10/1: a low power node must pull, any other must push.
  if (updateBlob) {
    if (lowPower && !updatePull) mandatory |= 1 << 6;
    if (updatePull && !pull) dependency |= 1 << 6;
    if (!lowPower && !updatePush) mandatory |= 1 << 7;
    if (updatePush && !push) dependency |= 1 << 7;
  } else {
    if (updatePull) prerequisite |= 1 << 6;
    if (updatePush) prerequisite |= 1 << 7;
  }

  // Tables 20 and 22 under 3/2, table 21 under 20/1.
  if (distributor) {
    if (!distBlob) mandatory |= 1 << 8;
    else if (!blobServer) dependency |= 1 << 8;
    if (https && !oob) excluded |= 1 << 12;
  } else {
    if (distBlob) prerequisite |= 1 << 8;
    if (oob) prerequisite |= 1 << 11;
    if (https) prerequisite |= 1 << 12;
    if (several) prerequisite |= 1 << 13;
  }
  if (distBlob) {
    if (lowPower && !distPull) mandatory |= 1 << 9;
    if (distPull && !pull) dependency |= 1 << 9;
    if (!lowPower && !distPush) mandatory |= 1 << 10;
    if (distPush && !push) dependency |= 1 << 10;
  } else {
    if (distPull) prerequisite |= 1 << 9;
    if (distPush) prerequisite |= 1 << 10;
  }

  // Table 30 under 3/3, tables 40 and 41 under 3/4.
  if (client) {
    if (!clientBlob) mandatory |= 1 << 14;
    else if (!blobClient) dependency |= 1 << 14;
  } else if (clientBlob) prerequisite |= 1 << 14;
  if (initiator) {
    if (!initiatorBlob) mandatory |= 1 << 15;
    else if (!blobClient) dependency |= 1 << 15;
  } else {
    if (initiatorBlob) prerequisite |= 1 << 15;
    if (uploadOob) prerequisite |= 1 << 16;
  }
  out[0] = mandatory;
  out[1] = excluded;
  out[2] = prerequisite;
  out[3] = dependency;
}

describe('consistency of DFUM, exhaustively', () => {
  it('agrees with a second evaluator on all 2^22 assignments', function () {
    this.timeout(120_000);
    const engine = compileEngine(loadProformas());
    const scan = engine.scanner(['DFUM', 'MBTM', 'MESH']);
    const index = FREE.map((item) => engine.indexOf(item));
    const [clientRole, clientPull, clientPush] = ['3/2', '20/1', '20/2'].map((i) => engine.indexOf(`MBTM ${i}`));
    const bitOf = new Int32Array(engine.items.length).fill(-1);
    index.slice(0, DFUM).forEach((i, bit) => (bitOf[i] = bit));
    const ruleOf = new Map(RULES.map((rule, i) => [rule, i]));

    const seen = new Int32Array(RULES.length);
    const expected = new Int32Array(4);
    // Items of other standards play no part; answered, they cost the engine nothing.
    const answers = engine.blank().fill(NO);
    let compared = 0;
    const broken: number[] = [0, 0, 0, 0];
    for (let bits = 0; bits < 1 << FREE.length; bits++) {
      for (let b = 0; b < FREE.length; b++) answers[index[b] ?? 0] = (bits >> b) & 1 ? YES : NO;
      answers[clientPull ?? 0] = answers[clientRole ?? 0] ?? NO;
      answers[clientPush ?? 0] = answers[clientRole ?? 0] ?? NO;
      seen.fill(0);
      scan(engine.settle(answers), (rule, item) => {
        const bit = bitOf[item] ?? -1;
        const r = ruleOf.get(rule) ?? 0;
        if (bit >= 0) seen[r] = (seen[r] ?? 0) | (1 << bit);
      });
      reference(bits, expected);
      const same =
        seen[0] === expected[0] &&
        seen[1] === expected[1] &&
        seen[2] === expected[2] &&
        seen[3] === expected[3] &&
        seen[4] === 0 &&
        seen[5] === 0;
      if (!same) expect([...seen], `answers ${bits.toString(2)}`).to.deep.equal([...expected, 0, 0]);
      for (let r = 0; r < 4; r++) if (expected[r] !== 0) broken[r] = (broken[r] ?? 0) + 1;
      compared++;
    }
    expect(compared).to.equal(4_194_304);
    for (const n of broken) expect(n, 'assignments that break the rule').to.be.within(1, compared - 1);
  });
});
