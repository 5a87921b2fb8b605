import { expect } from 'chai';
import { upgradeStatus } from '../../src/zigbee/codec/numbers.ts';
import { upgradeEndResponse } from '../../src/zigbee/codec/ota.ts';
import { ITEM } from './items.ts';
import { judged, type Written } from './written.ts';

const { NORMAL, COUNT_DOWN } = upgradeStatus;
const [OLD, NEW] = [1, 2];
const ixit = { rebootS: 10, runningVersion: OLD };
const items = [ITEM.CURRENT_VERSION];

/** Downloads and is told when to upgrade, in seconds. */
function told(w: Written, upgradeTime: number, currentTime = 0): void {
  const value = { manufacturerCode: 0x1234, imageType: 1, fileVersion: NEW, currentTime, upgradeTime };
  w.offer(), w.asks(0), w.ends(), w.out('end response', upgradeEndResponse, value);
}
function shows(w: Written, status: number, version?: number): void {
  w.read('after', 2), w.shows(2, status);
  if (version !== undefined) w.read('after', 3), w.runs(3, version);
}

describe('Zigbee judges: a restart whose Device Announce was lost', () => {
  const now = (status: number, version?: number) => (w: Written) => (told(w, 0), shows(w, status, version));

  it('is shown by the version that runs', () => {
    const j = judged('ZBOTA/CLI/090', now(NORMAL, NEW), { ixit, items });
    expect(j.reasons).to.deep.equal([]);
    expect(j.notes).to.deep.equal(['no Device Announce came, but the new version runs']);
  });
  it('did not happen where the old version runs', () => {
    expect(judged('ZBOTA/CLI/090', now(NORMAL, OLD), { ixit, items }).verdict).to.equal('FAIL');
  });
  it('cannot be told of a client that is Normal and shows no version', () => {
    expect(judged('ZBOTA/CLI/090', now(NORMAL), { ixit }).verdict).to.equal('INCONC');
    expect(judged('ZBOTA/CLI/090', now(COUNT_DOWN), { ixit }).verdict, 'not Normal').to.equal('FAIL');
  });
  it('is one at once of a client that does not wait for a time that is over', () => {
    const past = (status: number, version: number) => (w: Written) => (told(w, 940, 1000), shows(w, status, version));
    expect(judged('ZBOTA/CLI/093', past(NORMAL, NEW), { ixit, items }).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/093', past(COUNT_DOWN, OLD), { ixit, items }).reasons, 'waits').to.deep.equal([]);
    expect(judged('ZBOTA/CLI/093', past(NORMAL, OLD), { ixit, items }).verdict).to.equal('FAIL');
  });
  it('says nothing of when it was', () => {
    const minute = (w: Written): void => (told(w, 60), w.after(100_000), shows(w, NORMAL, NEW));
    expect(judged('ZBOTA/CLI/091', minute, { ixit, items }).verdict).to.equal('INCONC');
    const never = (w: Written): void => (told(w, 60), w.after(100_000), shows(w, NORMAL, OLD));
    expect(judged('ZBOTA/CLI/091', never, { ixit, items }).verdict).to.equal('FAIL');
  });
  it('is none where the announce came during the download', () => {
    const early = (w: Written): void => (w.restarts(), told(w, 0), shows(w, COUNT_DOWN, OLD));
    expect(judged('ZBOTA/CLI/090', early, { ixit, items }).verdict).to.equal('FAIL');
  });
  it('leaves the way back to the first version to be judged', () => {
    const back = (version: number) => (w: Written) => {
      told(w, 0), w.read('new', 4), w.runs(4, NEW);
      w.offer(), w.asks(0), w.ends(), w.restarts(), shows(w, NORMAL, version);
    };
    expect(judged('ZBOTA/CLI/106', back(OLD), { ixit, items }).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/106', back(NEW), { ixit, items }).verdict).to.equal('FAIL');
  });
  it('after a power cut needs no announce of a client that answers', () => {
    const cut = (version: number) => (w: Written) => {
      told(w, 120), w.mark('cut'), w.mark('back'), w.read('back', 5), w.shows(5, COUNT_DOWN);
      w.after(100_000).restarts(), shows(w, NORMAL, version);
    };
    expect(judged('ZBOTA/CLI/105', cut(NEW), { ixit, items }).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/105', cut(7), { ixit, items }).verdict).to.equal('FAIL');
    const late = (w: Written): void => {
      told(w, 120), w.mark('cut'), w.mark('back'), w.after(100_000).restarts(), shows(w, NORMAL, OLD);
    };
    expect(judged('ZBOTA/CLI/105', late, { ixit, items }).verdict, 'back too late').to.equal('FAIL');
  });
});

describe('Zigbee judges: a client that takes its time to restart', () => {
  const counted = (ms: number) => (w: Written) => {
    told(w, 60), w.after(1_000).read('during', 5), w.shows(5, COUNT_DOWN), w.after(ms - 11_000).restarts();
    shows(w, NORMAL, NEW);
  };
  it('may take as long as it declares behind the countdown', () => {
    const slow = { ...ixit, rebootS: 100 };
    expect(judged('ZBOTA/CLI/091', counted(155_000), { ixit: slow, items }).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/091', counted(155_000), { ixit, items }).verdict, 'ten seconds declared').to.equal('FAIL');
  });
});
