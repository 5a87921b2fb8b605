import { expect } from 'chai';
import { transferMode } from '../../src/mesh/codec/enums.ts';
import { distributionStart, receiversAdd } from '../../src/mesh/codec/messages/distribution.ts';
import { judged } from './written.ts';

describe('mesh verdicts: the receivers that a client gives', () => {
  const DISTRIBUTOR = 3;
  const start = { appKeyIndex: 0, ttl: 3, timeoutBase: 4, mode: transferMode.PUSH, policy: 0, image: 0, group: 0 };
  /** Receivers Add messages with these addresses, then Distribution Start, then perhaps more receivers. */
  const given = (adds: readonly (readonly number[])[], late: readonly number[] = []): string | undefined =>
    judged('DFUM/FDC/02', (w) => {
      const say = (verb: string): number => w.add({ type: 'mesh.say', data: { verb } });
      const add = (addresses: readonly number[]): number =>
        w.played('in', DISTRIBUTOR, receiversAdd, {
          receivers: addresses.map((address) => ({ address, image: 0 })),
        });
      say('receivers');
      adds.forEach(add);
      say('start');
      w.played('in', DISTRIBUTOR, distributionStart, start);
      if (late.length > 0) add(late);
    }).statements['DFUM-I.receivers'];

  it('may come in any number of messages, in any order, and again', () => {
    for (const adds of [[[4, 5]], [[4], [5]], [[5], [4]], [[4], [4], [5]]]) expect(given(adds)).to.equal('PASS');
  });
  it('fail where one is missing when the distribution starts, and where there is one too many', () => {
    expect([given([[4]]), given([[4]], [5]), given([[4, 5, 6]])]).to.deep.equal(['FAIL', 'FAIL', 'FAIL']);
  });
});
