import { expect } from 'chai';
import { readAttributes } from '../../src/zigbee/codec/global.ts';
import { UNTIL_TOLD, upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { queryNextImageRequest, upgradeEndRequest, upgradeEndResponse } from '../../src/zigbee/codec/ota.ts';
import { BLOCK, judged, type Written } from './written.ts';

describe('Zigbee judges: the end of a file that the server never offered', () => {
  const file = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 9 };
  const judge = (foreignEnd: string) =>
    judged(
      'ZBOTA/SRV/064',
      (w) => {
        w.out('end', upgradeEndRequest, { status: zclStatus.SUCCESS, ...file }, 7);
        w.in(upgradeEndResponse, { ...file, currentTime: 0, upgradeTime: 0 }, 7);
      },
      { policies: { foreignEnd } },
    );
  it('may be answered with an upgrade unless the policy says otherwise', () => {
    expect(judge('information').verdict).to.equal('PASS');
    expect(judge('information').notes).to.have.lengthOf(1);
    expect(judge('none').verdict).to.equal('FAIL');
  });
});

describe('Zigbee judges: an odd notify', () => {
  const query = { fieldControl: 0, manufacturerCode: 0x1234, imageType: 1, fileVersion: 1 };
  const asks = (w: Written): void => w.in(queryNextImageRequest, query);
  /** What the client does upon it where it was broadcast, and where it was for the client alone. */
  const verdict = (id: string, negativeAnswer: string, heard: (w: Written) => void, told: (w: Written) => void) => {
    const write = (w: Written): void => {
      w.out('odd broadcast', readAttributes, { attributes: [0] }), heard(w);
      w.out('image notify', readAttributes, { attributes: [0] }), told(w);
      w.read('after', 2), w.shows(2, upgradeStatus.NORMAL);
    };
    return judged(id, write, { policies: { negativeAnswer } }).verdict;
  };
  const silent = (): void => undefined;
  for (const id of ['ZBOTA/CLI/023', 'ZBOTA/CLI/024'])
    it(`leads to no query where it is broadcast, and to no download where it is not (${id})`, () => {
      expect(verdict(id, 'alsoSeen', silent, silent)).to.equal('PASS');
      expect(verdict(id, 'alsoSeen', silent, asks)).to.equal('PASS');
      expect(verdict(id, 'alsoSeen', asks, silent)).to.equal('FAIL');
      expect(verdict(id, 'alsoSeen', silent, (w) => (asks(w), w.asks(BLOCK)))).to.equal('FAIL');
      expect(verdict(id, 'asWritten', silent, asks)).to.equal('FAIL');
    });
});

describe('Zigbee judges: an upgrade that is held', () => {
  const file = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2 };
  const verdict = (ms: number) => {
    const write = (w: Written): void => {
      w.offer(), w.asks(0), w.ends();
      w.out('end response', upgradeEndResponse, { ...file, currentTime: 0, upgradeTime: UNTIL_TOLD });
      w.read('during', 2), w.shows(2, upgradeStatus.WAITING_TO_UPGRADE), w.mark('asked once'), w.after(ms).ends();
    };
    return judged('ZBOTA/CLI/094', write, { ixit: { endRepeatS: 5, holdRepeatS: 3600 } }).verdict;
  };
  it('is asked for again after holdRepeatS, however soon an unanswered end request is repeated', () => {
    expect(verdict(3_500_000)).to.equal('PASS');
    expect(verdict(5_000_000)).to.equal('FAIL');
  });
});

describe('Zigbee judges: a request time before the current time', () => {
  const verdict = (timeBeforeCurrent: string, status: number, more: (w: Written) => void = () => undefined) => {
    const write = (w: Written): void => {
      w.offer(), w.asks(0), w.asks(BLOCK), w.putOff('put off'), w.after(450_000), more(w);
      w.read('after', 2), w.shows(2, status);
    };
    return judged('ZBOTA/CLI/066', write, { policies: { timeBeforeCurrent } }).verdict;
  };
  const { NORMAL, DOWNLOAD_IN_PROGRESS, DOWNLOAD_COMPLETE } = upgradeStatus;
  it('may be waited for for ever, or end the download, unless it has to be taken for now', () => {
    for (const status of [NORMAL, DOWNLOAD_IN_PROGRESS]) {
      for (const policy of ['either', 'wait']) expect(verdict(policy, status)).to.equal('PASS');
      expect(verdict('atOnce', status)).to.equal('FAIL');
    }
  });
  it('makes of no client one that has the file', () => {
    expect(verdict('either', DOWNLOAD_COMPLETE)).to.equal('FAIL');
    expect(verdict('either', NORMAL, (w) => w.restarts())).to.equal('FAIL');
  });
});
