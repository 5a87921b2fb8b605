import { expect } from 'chai';
import { imageBlockResponse } from '../../src/zigbee/codec/ota.ts';
import { BLOCK, judged, SIZE, type Written } from './written.ts';

describe('Zigbee judges: a slow client', () => {
  for (const id of ['060', '061', '062'])
    it(`is not failed where it is so slow that it never came to the second half (${id})`, () => {
      const slow = (w: Written): void => (w.offer(), w.asks(0), w.after(1_000_000).asks(BLOCK));
      expect(judged(`ZBOTA/CLI/${id}`, slow, { settleMs: 1_000 }).verdict).to.equal('INCONC');
      expect(judged(`ZBOTA/CLI/${id}`, slow).verdict, 'it hangs').to.equal('FAIL');
    });
  it('is not failed while it checks the file, for as long as the IXIT gives it', () => {
    const data = Buffer.alloc(BLOCK);
    const file = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2, fileOffset: SIZE - BLOCK, data } as const;
    const whole = (w: Written): void => (
      w.offer(), w.asks(0), w.out('block', imageBlockResponse, { status: 0, ...file })
    );
    const verdict = (maxVerifyS: number, write = whole) =>
      judged('ZBOTA/CLI/051', write, { ixit: { maxVerifyS }, settleMs: 300_000 }).verdict;
    expect(verdict(600)).to.equal('INCONC');
    expect(verdict(200), 'longer').to.equal('FAIL');
    expect(
      verdict(600, (w) => (w.offer(), w.asks(0))),
      'half a file',
    ).to.equal('FAIL');
  });
});
