import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockResponse, queryNextImageResponse } from '../../src/zigbee/codec/ota.ts';
import { BLOCK, judged, SIZE, type Written } from './written.ts';

const { NORMAL, DOWNLOAD_IN_PROGRESS, DOWNLOAD_COMPLETE } = upgradeStatus;
const HALF = SIZE / 2;
const NEWER = fileURLToPath(new URL('../../../rigs/packages/zigbee/newer.ota', import.meta.url));
const ixit = { imageNewer: `file:${NEWER}`, blockRetries: 3, runningVersion: 1 };
const PUT_OFF = 'put off';

describe('Zigbee judges: a repeat of an earlier offset that the network held back', () => {
  const judge = (id: string, write: (w: Written) => void) => judged(id, write, { ixit });

  it('is no further request behind an ABORT', () => {
    const log = (ms: number) => (w: Written) => {
      w.asks(HALF), w.abort('download ended'), w.after(ms).asks(BLOCK), w.read('after', 2), w.shows(2, NORMAL);
    };
    expect(judge('ZBOTA/CLI/069', log(1_000)).reasons).to.deep.equal([]);
    expect(judge('ZBOTA/CLI/069', log(5_000)).verdict).to.equal('FAIL');
  });
  it('has crossed an answer that a sleeping client had not fetched yet', () => {
    const log = (ms: number) => (w: Written) => {
      w.asks(HALF), w.abort('download ended', 6_000, (late) => late.asks(HALF)), w.after(ms).asks(HALF);
      w.read('after', 2), w.shows(2, NORMAL);
    };
    expect(judge('ZBOTA/CLI/069', log(1_000)).reasons).to.deep.equal([]);
    expect(judge('ZBOTA/CLI/069', log(5_000)).verdict).to.equal('FAIL');
  });
  it('is no further request behind an order to wait until told', () => {
    const log = (w: Written): void => {
      w.asks(BLOCK), w.putOff(PUT_OFF), w.after(1_000).asks(0), w.after(400_000).read('during', 2);
      w.shows(2, DOWNLOAD_IN_PROGRESS);
    };
    expect(judge('ZBOTA/CLI/065', log).reasons).to.deep.equal([]);
  });
  it('is not the request that a wait ends with', () => {
    const log = (offset: number) => (w: Written) => {
      w.offer(), w.asks(BLOCK), w.asks(HALF), w.putOff(PUT_OFF), w.after(1_000).asks(offset);
      w.after(60_000).asks(HALF), w.ends();
    };
    expect(judge('ZBOTA/CLI/063', log(BLOCK)).reasons).to.deep.equal([]);
    expect(judge('ZBOTA/CLI/063', log(HALF)).verdict, 'asks at once').to.equal('FAIL');
  });
  it('is no download from the start', () => {
    const log =
      (...offsets: readonly number[]) =>
      (w: Written) => {
        w.offer(), w.asks(HALF), w.out('notify meanwhile', queryNextImageResponse, { status: 0x98 });
        for (const offset of offsets) w.after(500).asks(offset);
        w.read('during', 2), w.shows(2, DOWNLOAD_IN_PROGRESS), w.ends();
      };
    expect(judge('ZBOTA/CLI/075', log(BLOCK)).reasons).to.deep.equal([]);
    expect(judge('ZBOTA/CLI/075', log(BLOCK, BLOCK)).reasons, 'one offset twice').to.deep.equal([]);
    expect(judge('ZBOTA/CLI/075', log(0, BLOCK)).verdict, 'one after the other').to.equal('FAIL');
  });
  it('is no restart behind a lost answer', () => {
    const log = (offset: number, ms: number) => (w: Written) => {
      w.offer(), w.asks(0), w.asks(HALF), w.after(ms).asks(offset), w.after(5_000).asks(HALF);
      w.putOff(PUT_OFF), w.read('during', 2), w.shows(2, DOWNLOAD_IN_PROGRESS), w.ends();
    };
    expect(judge('ZBOTA/CLI/060', log(BLOCK, 1_000)).reasons).to.deep.equal([]);
    expect(judge('ZBOTA/CLI/060', log(0, 5_000)).verdict).to.equal('FAIL');
  });
  it('is not where a download stood when the power was cut', () => {
    const log = (resumed: number) => (w: Written) => {
      w.offer(), w.asks(BLOCK), w.asks(HALF), w.putOff('stand still'), w.after(500).asks(BLOCK), w.mark('cut');
      w.restarts(), w.asks(resumed), w.ends();
    };
    const policies = { resume: 'fromOffset' };
    expect(judged('ZBOTA/CLI/104', log(HALF), { ixit, policies }).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/104', log(HALF + BLOCK), { ixit, policies }).verdict).to.equal('FAIL');
  });
});

describe('Zigbee judges: a status or a file that came too late', () => {
  const data = Buffer.alloc(84);
  const last = { status: 0, manufacturerCode: 0x1234, imageType: 1, fileVersion: 2, fileOffset: SIZE, data } as const;
  const lost = (w: Written): void => (w.offer(), w.asks(0), w.asks(HALF), w.asks(HALF), w.read('during', 2));

  it('says nothing of a lost answer where the whole file was there first', () => {
    const late = (w: Written): void => {
      lost(w), w.out('block', imageBlockResponse, last), w.shows(2, DOWNLOAD_COMPLETE), w.ends();
    };
    expect(judged('ZBOTA/CLI/060', late, { ixit }).verdict).to.equal('INCONC');
    const wrong = (w: Written): void => (lost(w), w.shows(2, NORMAL), w.ends());
    expect(judged('ZBOTA/CLI/060', wrong, { ixit }).verdict).to.equal('FAIL');
  });
  it('does not fail a client that still fetches a file that it may not run', () => {
    const fetching = (w: Written): void => {
      w.offer(), w.asks(0), w.after(1_000_000).asks(BLOCK), w.read('after', 2), w.shows(2, DOWNLOAD_IN_PROGRESS);
    };
    expect(judged('ZBOTA/CLI/085', fetching, { ixit, settleMs: 1_000 }).verdict).to.equal('INCONC');
    expect(judged('ZBOTA/CLI/085', fetching, { ixit }).verdict, 'it hangs').to.equal('FAIL');
  });
  it('says nothing of an upgrade whose cancellation was not delivered', () => {
    const log = (w: Written): void => (w.offer(), w.asks(0), w.ends(), w.read('after', 2), w.shows(2, 3));
    expect(judged('ZBOTA/CLI/098', log, { ixit }).verdict).to.equal('INCONC');
  });
});

describe('Zigbee judges: the end of a file that the client has kept from before', () => {
  const verdict = (id: string, write: (w: Written) => void) =>
    judged(id, (w) => (write(w), w.read('after', 2), w.shows(2, NORMAL)), { ixit }).verdict;
  for (const id of ['ZBOTA/CLI/081', 'ZBOTA/CLI/085'])
    it(`is not that of the file that is offered then (${id})`, () => {
      expect(verdict(id, (w) => (w.ends(), w.offer(), w.asks(0), w.ends(zclStatus.INVALID_IMAGE)))).to.equal('PASS');
      expect(verdict(id, (w) => w.ends())).to.equal('INCONC');
      expect(verdict(id, (w) => (w.offer(), w.asks(0), w.ends()))).to.equal('FAIL');
    });
});
