import { expect } from 'chai';
import { upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { BLOCK, judged, SIZE, type Written } from './written.ts';

const { NORMAL } = upgradeStatus;

describe('Zigbee judges: a file that has to be refused', () => {
  const served = (w: Written): void => {
    w.offer();
    for (let block = 0; block < SIZE; block += BLOCK) w.asks(block);
  };
  const end = (w: Written): void => (w.read('after', 2), w.shows(2, NORMAL), w.read('after', 3), w.runs(3, 1));
  const verdict = (write: (w: Written) => void) =>
    judged('ZBOTA/CLI/081', write, { ixit: { runningVersion: 1 } }).verdict;

  it('says nothing of an end that is told once and may be lost, and fails two without a word', () => {
    expect(verdict((w) => (served(w), end(w)))).to.equal('INCONC');
    expect(verdict((w) => (served(w), w.after(70_000), served(w), end(w)))).to.equal('FAIL');
    expect(verdict((w) => (served(w), w.after(70_000), served(w), w.ends(zclStatus.INVALID_IMAGE), end(w)))).to.equal(
      'PASS',
    );
  });
});
