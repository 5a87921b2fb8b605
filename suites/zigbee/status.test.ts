import { expect } from 'chai';
import { upgradeStatus } from '../../src/zigbee/codec/numbers.ts';
import { upgradeEndResponse } from '../../src/zigbee/codec/ota.ts';
import { judged, type Written } from './written.ts';

const { NORMAL, DOWNLOAD_IN_PROGRESS, DOWNLOAD_COMPLETE } = upgradeStatus;
const ENDED = 'download ended';

describe('Zigbee judges: the status over a whole case', () => {
  const { COUNT_DOWN, WAITING_TO_UPGRADE } = upgradeStatus;
  const status = (write: (w: Written) => void) =>
    judged('ZBOTA/CLI/069', (w) => (write(w), w.abort(ENDED))).reasons.filter(
      (r) => r.statement === 'ZBOTA-CLI.status',
    );
  const look = (w: Written, sequence: number, value: number): void => (
    w.read('look', sequence), w.shows(sequence, value)
  );
  const time = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2, currentTime: 0, upgradeTime: 5 };

  it('fails a client that downloads without an offer, or counts down before it was told when', () => {
    expect(status((w) => (look(w, 2, NORMAL), look(w, 3, DOWNLOAD_IN_PROGRESS)))).to.have.lengthOf(1);
    expect(status((w) => (look(w, 2, NORMAL), w.offer(), look(w, 3, COUNT_DOWN)))).to.have.lengthOf(1);
    expect(
      status((w) => (look(w, 2, DOWNLOAD_COMPLETE), look(w, 3, WAITING_TO_UPGRADE), look(w, 4, COUNT_DOWN))),
    ).to.have.lengthOf(1);
  });
  it('passes the same after the offer and the Upgrade End Response, and whatever follows a restart', () => {
    expect(status((w) => (look(w, 2, NORMAL), w.offer(), look(w, 3, DOWNLOAD_IN_PROGRESS)))).to.deep.equal([]);
    expect(
      status((w) => (look(w, 2, NORMAL), w.offer(), w.out('end', upgradeEndResponse, time), look(w, 3, COUNT_DOWN))),
    ).to.deep.equal([]);
    expect(status((w) => (look(w, 2, NORMAL), w.restarts(), look(w, 3, DOWNLOAD_IN_PROGRESS)))).to.deep.equal([]);
    const reset = (w: Written): void => void w.add({ type: 'reset' }, 'run');
    expect(status((w) => (look(w, 2, NORMAL), reset(w), look(w, 3, DOWNLOAD_IN_PROGRESS)))).to.deep.equal([]);
    expect(status((w) => (look(w, 2, COUNT_DOWN), look(w, 3, NORMAL)))).to.deep.equal([]);
  });
  it('counts an offer that nobody confirmed', () => {
    const lost = (w: Written): void => {
      w.offer(), w.events.pop(), look(w, 2, NORMAL), look(w, 3, DOWNLOAD_IN_PROGRESS);
    };
    expect(status(lost)).to.deep.equal([]);
  });
});
