import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ixitOf } from '../../src/core/ixit.ts';
import { dataType } from '../../src/zigbee/codec/dataTypes.ts';
import { readAttributes, readAttributesResponse } from '../../src/zigbee/codec/global.ts';
import { timeoutPolicy, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockResponse, querySpecificFileRequest, querySpecificFileResponse } from '../../src/zigbee/codec/ota.ts';
import { imagesOf } from '../../src/zigbee/images.ts';
import { BLOCK, judged, type Written } from './written.ts';

const { SUCCESS, WAIT_FOR_DATA, NO_IMAGE_AVAILABLE } = zclStatus;

/** An attribute as the client shows it. */
function shows(w: Written, note: string, attribute: number, type: number, content: number): void {
  w.out(note, readAttributes, { attributes: [attribute] }, 9);
  w.in(readAttributesResponse, { records: [{ attribute, status: SUCCESS, value: { type, content } }] }, 9);
}

const paced = (w: Written, note: string, minimumBlockPeriod: number): void =>
  w.out(note, imageBlockResponse, { status: WAIT_FOR_DATA, currentTime: 0, requestTime: 0, minimumBlockPeriod });

describe('Zigbee judges: a block period', () => {
  const verdict = (ms: number, behind: (w: Written) => void) =>
    judged(
      'ZBOTA/CLI/067',
      (w) => {
        w.offer(), w.asks(0), paced(w, 'put off', 40_000), shows(w, 'period', 0x0009, dataType.UINT16, 40_000);
        w.after(40_000).asks(0), w.after(ms).asks(BLOCK), behind(w);
      },
      { policies: { blockPeriodUnit: 'ms' } },
    ).verdict;
  it('is kept until it is taken back, and no longer', () => {
    const quick = (w: Written): void => (w.after(500).asks(2 * BLOCK), w.after(500).asks(3 * BLOCK));
    expect(verdict(40_000, (w) => (paced(w, 'period taken back', 0), quick(w)))).to.equal('PASS');
    expect(verdict(40_000, quick)).to.equal('FAIL');
    expect(verdict(500, (w) => (paced(w, 'period taken back', 0), quick(w)))).to.equal('FAIL');
  });
});

describe('Zigbee judges: a block period that is taken back', () => {
  const verdict = (ms: number, own = 500) =>
    judged(
      'ZBOTA/CLI/068',
      (w) => {
        w.offer(), w.asks(0), w.after(own).asks(BLOCK), paced(w, 'put off', 40_000);
        w.after(40_000).asks(BLOCK), w.after(40_000).asks(2 * BLOCK);
        paced(w, 'period taken back', 0), w.after(500).asks(2 * BLOCK);
        for (const block of [3, 4]) w.after(ms).asks(block * BLOCK);
        w.ends(), shows(w, 'period', 0x0009, dataType.UINT16, 0);
      },
      { policies: { blockPeriodUnit: 'ms' } },
    ).verdict;
  it('is not kept, whatever the attribute shows', () => {
    expect(verdict(500)).to.equal('PASS');
    expect(verdict(40_000)).to.equal('FAIL');
  });
  it('says nothing of a client that was as slow before', () => {
    expect(verdict(30_000, 30_000)).to.equal('INCONC');
  });
});

describe('Zigbee judges: a block that comes twice', () => {
  it('says nothing where the second one was not delivered', () => {
    const twice = (w: Written): void => {
      const block = { status: SUCCESS, manufacturerCode: 0x1234, imageType: 1, fileVersion: 2, fileOffset: 0 } as const;
      w.out('odd block', imageBlockResponse, { ...block, data: Buffer.alloc(BLOCK) });
    };
    expect(judged('ZBOTA/CLI/055', (w) => (w.offer(), w.asks(0), w.ends())).verdict).to.equal('INCONC');
    expect(judged('ZBOTA/CLI/055', (w) => (w.offer(), w.asks(0), twice(w), w.ends())).verdict).to.equal('PASS');
  });
});

describe('Zigbee judges: an end that nobody answers', () => {
  const verdict = (policy: number, applied: boolean) => {
    const write = (w: Written): void => {
      w.offer(), w.asks(0), w.ends(), w.mark('unanswered');
      shows(w, 'policy', 0x000c, dataType.ENUM8, policy), w.ends();
      if (applied) w.restarts();
    };
    return judged('ZBOTA/CLI/099', write, { ixit: { endRepeatS: 300 }, policies: { noEndAnswer: 'byAttribute' } })
      .verdict;
  };
  it('lets a client apply the file where its UpgradeTimeoutPolicy says so', () => {
    expect(verdict(timeoutPolicy.APPLY_AFTER_TIMEOUT, true)).to.equal('PASS');
    expect(verdict(timeoutPolicy.APPLY_AFTER_TIMEOUT, false), 'not yet').to.equal('PASS');
    expect(verdict(timeoutPolicy.DO_NOT_APPLY, false)).to.equal('PASS');
    expect(verdict(timeoutPolicy.DO_NOT_APPLY, true)).to.equal('FAIL');
  });
  it('takes the version that runs for the announce that was lost', () => {
    const runs = (version: number) =>
      judged(
        'ZBOTA/CLI/099',
        (w) => {
          w.offer(), w.asks(0), w.ends(), w.mark('unanswered'), w.ends();
          shows(w, 'after', 0x0002, dataType.UINT32, version);
        },
        { ixit: { endRepeatS: 300 }, policies: { noEndAnswer: 'apply' } },
      ).verdict;
    expect([2, 1].map(runs)).to.deep.equal(['PASS', 'FAIL']);
  });
});

describe('Zigbee judges: the offer of a device specific file', () => {
  const image = fileURLToPath(new URL('../../../rigs/packages/zigbee/newer.ota', import.meta.url));
  const { manufacturerCode, imageType, fileVersion, imageSize } = imagesOf(
    ixitOf({ serverImageSpecific: `file:${image}` }),
  ).image('serverImageSpecific');
  const file = { manufacturerCode, imageType, fileVersion };
  const verdict = (change: Partial<Record<'imageSize' | 'fileVersion', number>>) => {
    const ask = { ...file, eui64: '00124b0000000001', zigbeeStackVersion: 2 };
    const write = (w: Written): void => {
      w.out('own', querySpecificFileRequest, ask, 1);
      w.in(querySpecificFileResponse, { status: SUCCESS, ...file, imageSize, ...change }, 1);
      w.out('foreign', querySpecificFileRequest, ask, 2),
        w.in(querySpecificFileResponse, { status: NO_IMAGE_AVAILABLE }, 2);
    };
    return judged('ZBOTA/SRV/070', write, { ixit: { serverImageSpecific: `file:${image}` } }).verdict;
  };
  it('names the file and its size', () => {
    expect(verdict({})).to.equal('PASS');
    expect(verdict({ imageSize: 500 })).to.equal('FAIL');
    expect(verdict({ fileVersion: 3 })).to.equal('FAIL');
  });
});
