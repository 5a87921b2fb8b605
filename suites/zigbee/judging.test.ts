import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { readAttributes } from '../../src/zigbee/codec/global.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imageNotify,
  queryNextImageRequest,
  upgradeEndRequest,
  upgradeEndResponse,
} from '../../src/zigbee/codec/ota.ts';
import { ITEM } from './items.ts';
import { BLOCK, judged, type Written } from './written.ts';

const { NORMAL, DOWNLOAD_IN_PROGRESS, DOWNLOAD_COMPLETE } = upgradeStatus;
const ENDED = 'download ended';

describe('Zigbee judges: a status that is read around an ABORT', () => {
  it('passes a client that is Normal behind it', () => {
    const j = judged('ZBOTA/CLI/069', (w) => (w.abort(ENDED), w.read('after', 2), w.shows(2, NORMAL)));
    expect(j.reasons).to.deep.equal([]);
  });
  it('fails a client that still downloads behind it', () => {
    const j = judged('ZBOTA/CLI/069', (w) => (w.abort(ENDED), w.read('after', 2), w.shows(2, DOWNLOAD_IN_PROGRESS)));
    expect(j.reason).to.include({ verdict: 'FAIL', statement: 'ZBOTA-CLI.069' });
  });
  it('says nothing where it was asked for before the ABORT was delivered', () => {
    const j = judged('ZBOTA/CLI/069', (w) => (w.read('after', 2), w.abort(ENDED), w.shows(2, DOWNLOAD_IN_PROGRESS)));
    expect(j.verdict).to.equal('INCONC');
  });
});

describe('Zigbee judges: requests around an answer that ends or stops them', () => {
  const normal = (w: Written): void => (w.read('after', 2), w.shows(2, NORMAL));

  it('a repeat of the answered request may have crossed it', () => {
    const crossing = (w: Written): void => (w.asks(BLOCK), w.abort(ENDED), w.after(1_000).asks(BLOCK), normal(w));
    expect(judged('ZBOTA/CLI/069', crossing).reasons).to.deep.equal([]);
  });
  it('neither a later repeat nor a request for what follows has crossed it', () => {
    for (const [ms, offset] of [
      [5_000, BLOCK],
      [1_000, 2 * BLOCK],
    ] as const) {
      const j = judged('ZBOTA/CLI/069', (w) => (w.asks(BLOCK), w.abort(ENDED), w.after(ms).asks(offset), normal(w)));
      expect(j.reason, `${ms} ms`).to.include({
        verdict: 'FAIL',
        message: 'further request for data after download ended',
      });
    }
  });
  it('a client that is put off until told keeps to it, whatever crossed', () => {
    const held = (w: Written, ms: number): void => {
      w.asks(0), w.putOff('put off'), w.after(ms).asks(0), w.after(400_000).read('during', 2);
      w.shows(2, DOWNLOAD_IN_PROGRESS);
    };
    expect(judged('ZBOTA/CLI/065', (w) => held(w, 1_000)).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/065', (w) => held(w, 5_000)).verdict).to.equal('FAIL');
  });
  it('what was under way when the application became busy is none of its requests', () => {
    const busy = (w: Written, ms: number): void => {
      w.offer(), w.asks(0), w.putOff('put off'), w.after(100).asks(8), w.mark('busy said');
      w.after(ms).asks(16), w.mark('busy over'), w.asks(24), w.ends();
    };
    expect(judged('ZBOTA/CLI/078', (w) => busy(w, 500)).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/078', (w) => busy(w, 5_000)).verdict).to.equal('FAIL');
  });
});

describe('Zigbee judges: a block of another file', () => {
  const policies = { foreignBlock: 'either' };
  const foreign = (w: Written): void => {
    const block = { status: zclStatus.SUCCESS, manufacturerCode: 0x1234, imageType: 1, fileVersion: 3 } as const;
    w.offer(), w.asks(0), w.asks(2 * BLOCK);
    w.out('odd block', imageBlockResponse, { ...block, fileOffset: 2 * BLOCK, data: Buffer.alloc(BLOCK) });
  };
  const verdict = (write: (w: Written) => void) =>
    judged('ZBOTA/CLI/057', (w) => (foreign(w), write(w)), { policies }).verdict;

  it('may end the download at once, whatever crossed the end', () => {
    expect(verdict((w) => w.ends(zclStatus.INVALID_IMAGE))).to.equal('PASS');
    expect(verdict((w) => (w.ends(zclStatus.INVALID_IMAGE), w.after(500).asks(3 * BLOCK)))).to.equal('PASS');
  });
  it('was stored by a client that goes on behind it and finds the file invalid', () => {
    expect(verdict((w) => (w.asks(3 * BLOCK), w.ends(zclStatus.INVALID_IMAGE)))).to.equal('FAIL');
    const more = (w: Written): void => (w.asks(3 * BLOCK), w.ends(zclStatus.INVALID_IMAGE), w.asks(3 * BLOCK));
    expect(verdict(more), 'a late repeat').to.equal('FAIL');
  });
});

describe('Zigbee judges: a client that does not answer an offer', () => {
  const offers = (count: number) => (w: Written) => {
    for (let i = 0; i < count; i++) w.offer();
  };
  it('fails only where the file was offered as often as the loss rate asks for', () => {
    expect(judged('ZBOTA/CLI/051', offers(1)).verdict).to.equal('INCONC');
    expect(judged('ZBOTA/CLI/051', offers(5)).verdict).to.equal('FAIL');
  });
  it('is not failed where it is slow and still fetches', () => {
    const j = judged('ZBOTA/CLI/051', (w) => (w.offer(), w.asks(0), w.after(1_000_000).asks(BLOCK)), {
      settleMs: 1_000,
    });
    expect(j.reason?.message).to.equal('the client was still fetching the file when the tester gave it up');
  });
  it('fails where it only repeats itself', () => {
    const repeats = (w: Written): void => (w.offer(), w.asks(BLOCK), w.after(1_000_000).asks(BLOCK));
    expect(judged('ZBOTA/CLI/051', repeats, { settleMs: 1_000 }).verdict).to.equal('FAIL');
  });
  it('fails after one offer where it has fetched the file and does not say that it has', () => {
    const j = judged('ZBOTA/CLI/051', (w) => (w.offer(), w.asks(0)));
    expect(j.reason?.message).to.equal('no Upgrade End Request after query response');
  });
});

describe('Zigbee judges: lost answers in a row', () => {
  const ixit = { blockRetries: 4 };
  /** Two of three requests that go unanswered, and the end of the client's patience so long after the last. */
  const gaveUp = (ms: number) => (w: Written) => {
    w.offer(), w.asks(0), w.asks(2 * BLOCK), w.after(5_000).asks(2 * BLOCK), w.after(ms).ends(zclStatus.ABORT);
  };
  it('fails a client that gives up early', () => {
    expect(judged('ZBOTA/CLI/061', gaveUp(5_000), { ixit }).verdict).to.equal('FAIL');
  });
  it('says nothing of one whose last repeats may have been lost', () => {
    expect(judged('ZBOTA/CLI/061', gaveUp(15_000), { ixit }).verdict).to.equal('INCONC');
  });
});

describe('Zigbee judges: a status that is told when the client went on', () => {
  const fetched = (w: Written): void => (w.offer(), w.asks(0), w.ends(), w.read('before answer', 2));

  it('says nothing where it restarted meanwhile', () => {
    const j = judged('ZBOTA/CLI/080', (w) => (fetched(w), w.restarts(), w.shows(2, NORMAL)));
    expect(j.verdict).to.equal('INCONC');
  });
  it('fails where it did not', () => {
    expect(judged('ZBOTA/CLI/080', (w) => (fetched(w), w.shows(2, NORMAL))).verdict).to.equal('FAIL');
  });
  it('takes the first answer: a second one is to a repeated question', () => {
    const j = judged('ZBOTA/CLI/080', (w) => {
      fetched(w), w.shows(2, DOWNLOAD_COMPLETE), w.restarts(), w.read('before answer', 3), w.shows(3, NORMAL);
    });
    expect(j.reasons).to.deep.equal([]);
  });
});

describe('Zigbee judges: a countdown', () => {
  const ixit = { rebootS: 10 };
  /** Told to upgrade in a minute, the client restarts then; its status is asked for at once and told so long afterwards. */
  const counted = (ms: number, status: number) => (w: Written) => {
    const wait = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2, currentTime: 0, upgradeTime: 60 };
    w.offer(), w.asks(0), w.ends(), w.out('end response', upgradeEndResponse, wait), w.after(1_000).read('during', 2);
    if (ms < 59_000) w.after(ms).shows(2, status), w.after(59_000 - ms).restarts();
    else w.after(59_000).restarts(), w.after(ms - 59_000).shows(2, status);
  };
  it('is shown by the status that is told before the restart', () => {
    expect(judged('ZBOTA/CLI/091', counted(1_000, upgradeStatus.COUNT_DOWN), { ixit }).reasons).to.deep.equal([]);
    expect(judged('ZBOTA/CLI/091', counted(1_000, NORMAL), { ixit }).verdict).to.equal('FAIL');
  });
  it('is not judged by one that is told behind it', () => {
    expect(judged('ZBOTA/CLI/091', counted(61_000, NORMAL), { ixit }).verdict).to.equal('INCONC');
  });
});

describe('Zigbee judges: a file in pieces', () => {
  const small = (w: Written, fileOffset: number, maximumDataSize: number): void =>
    w.in(imageBlockRequest, {
      fieldControl: 0,
      manufacturerCode: 0x1234,
      imageType: 1,
      fileVersion: 2,
      fileOffset,
      maximumDataSize,
    });
  const verdict = (pieces: readonly (readonly [offset: number, octets: number])[], items: readonly string[] = []) => {
    const write = (w: Written): void => {
      w.offer();
      for (const [offset, octets] of pieces) small(w, offset, octets);
      w.ends();
    };
    return judged('ZBOTA/CLI/051', write, { ixit: { maxDataSize: 200 }, items }).verdict;
  };
  it('may be asked for in pieces of any size, and again in smaller ones', () => {
    expect(
      verdict([
        [0, 50],
        [50, 200],
        [250, 150],
      ]),
    ).to.equal('PASS');
    expect(
      verdict([
        [0, 200],
        [0, 100],
        [100, 200],
        [300, 100],
      ]),
    ).to.equal('PASS');
    expect(
      verdict([
        [0, 250],
        [200, 200],
      ]),
      'as much as the server gives',
    ).to.equal('PASS');
  });
  it('has no gap, no overlap and an end', () => {
    expect(
      verdict([
        [0, 250],
        [250, 150],
      ]),
      'gap',
    ).to.equal('FAIL');
    expect(
      verdict([
        [0, 200],
        [150, 200],
        [350, 50],
      ]),
      'overlap',
    ).to.equal('FAIL');
    expect(
      verdict([
        [0, 200],
        [200, 100],
      ]),
      'no end',
    ).to.equal('FAIL');
    expect(
      verdict([
        [100, 200],
        [300, 100],
      ]),
      'no beginning',
    ).to.equal('FAIL');
  });
  it('may begin where an earlier download ended, of a client that resumes', () => {
    expect(
      verdict(
        [
          [100, 200],
          [300, 100],
        ],
        [ITEM.RESUME],
      ),
    ).to.equal('INCONC');
  });
});

describe('Zigbee judges: a file that is too large', () => {
  const ixit = { storageOctets: 250, runningVersion: 1 };
  const verdict = (last: number, status: number) =>
    judged(
      'ZBOTA/CLI/037',
      (w) => (w.out('offer', readAttributes, { attributes: [0] }), w.asks(0), w.asks(last), w.ends(status)),
      { ixit, policies: { tooLarge: 'atOfferOrLater' } },
    ).verdict;
  it('may be fetched up to the end of the storage, and is given up there', () => {
    expect(verdict(200, zclStatus.ABORT)).to.equal('PASS');
    expect(verdict(200, zclStatus.SUCCESS)).to.equal('FAIL');
    expect(verdict(300, zclStatus.ABORT), 'behind its end').to.equal('FAIL');
  });
});

describe('Zigbee judges: a query after a frame that must lead to none', () => {
  const polls = { items: [ITEM.POLL], policies: { negativeAnswer: 'any' } };
  const query = { fieldControl: 0, manufacturerCode: 0x1234, imageType: 1, fileVersion: 1 };
  const asked = (times: number) => (w: Written) => {
    w.out('odd broadcast', readAttributes, { attributes: [0] });
    for (let i = 0; i < times; i++) w.in(queryNextImageRequest, query);
  };
  it('may be one that a client sends of its own accord', () => {
    const once = judged('ZBOTA/CLI/024', asked(1), polls);
    expect(once.verdict).to.equal('INCONC');
    expect(once.reason?.message).to.equal('the one query that came may be a periodic one');
    expect(judged('ZBOTA/CLI/024', asked(2), polls).verdict).to.equal('FAIL');
    expect(judged('ZBOTA/CLI/024', asked(1), { ...polls, items: [] }).verdict, 'never polls').to.equal('FAIL');
  });
});

describe('Zigbee judges: pages', () => {
  it('tell what to do where a client that declares pages asks for none', () => {
    const j = judged('ZBOTA/CLI/071', (w) => (w.offer(), w.asks(0)));
    expect(j.verdict).to.equal('INCONC');
    expect(j.reason?.message).to.contain('declare 4/3 as no');
  });
  it('fail such a client in one case, after as many offers as the loss rate asks for', () => {
    const offers = (count: number) => (w: Written) => {
      for (let i = 0; i < count; i++) w.offer(), w.asks(0);
    };
    expect(judged('ZBOTA/CLI/072', offers(4)).verdict).to.equal('INCONC');
    expect(judged('ZBOTA/CLI/072', offers(5)).verdict).to.equal('FAIL');
  });
});

describe('Zigbee judges: a server that tells when to upgrade', () => {
  const image = fileURLToPath(new URL('../../../rigs/packages/zigbee/newer.ota', import.meta.url));
  const ixit = { ixit: { serverImage: `file:${image}`, upgradeDelayS: 60 } };
  const file = { manufacturerCode: 0xffff, imageType: 0xffff, fileVersion: 0xffffffff };
  const verdict = (times: number, upgradeTime: number) =>
    judged(
      'ZBOTA/SRV/067',
      (w) => {
        for (let i = 1; i <= times; i++) w.out('end', upgradeEndRequest, { status: zclStatus.SUCCESS, ...file }, i);
        w.after(0).in(upgradeEndResponse, { ...file, currentTime: 0, upgradeTime }, times);
      },
      ixit,
    ).verdict;

  it('may count on from its first answer where that was lost', () => {
    expect(verdict(1, 60)).to.equal('PASS');
    expect(verdict(2, 50)).to.equal('PASS');
    expect(verdict(2, 30), 'more than has passed').to.equal('FAIL');
    expect(verdict(1, 50), 'asked once').to.equal('FAIL');
    expect(verdict(2, 61)).to.equal('FAIL');
  });
});

describe('Zigbee judges: a server that notifies of a device specific file', () => {
  const verdict = (notifyRule: string, notifies: number) => {
    const write = (w: Written): void => {
      w.in(imageNotify, { payloadType: 0, queryJitter: 100 }), w.mark('specific');
      for (let i = 0; i < notifies; i++) w.in(imageNotify, { payloadType: 0, queryJitter: 100 });
    };
    return judged('ZBOTA/SRV/014', write, { ixit: { notifyRule } }).verdict;
  };
  it('may do so in any way where it does not follow the rule of broadcasts for the others', () => {
    expect(verdict('none', 1)).to.equal('PASS');
    expect(verdict('none', 0), 'in no way').to.equal('FAIL');
    expect(verdict('seed003', 1)).to.equal('FAIL');
  });
});

describe('Zigbee judges: a server that puts off once', () => {
  const image = fileURLToPath(new URL('../../../rigs/packages/zigbee/newer.ota', import.meta.url));
  const ixit = { ixit: { serverImage: `file:${image}` } };
  const file = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2 };
  it('is right where a second answer to the same request overtakes the first', () => {
    const ask = { fieldControl: 0, ...file, fileOffset: 0, maximumDataSize: 40 };
    const block = { status: zclStatus.SUCCESS, ...file, fileOffset: 0, data: Buffer.of(1) };
    const wait = { status: zclStatus.WAIT_FOR_DATA, currentTime: 0, requestTime: 30, minimumBlockPeriod: 0 };
    const answers = [block, wait];
    const verdictOf = (count: number) =>
      judged(
        'ZBOTA/SRV/049',
        (w) => {
          w.out('put off', imageBlockRequest, ask, 7);
          for (const answer of answers.slice(0, count)) w.in(imageBlockResponse, answer, 7);
        },
        ixit,
      ).reasons.filter((r) => r.observed?.startsWith('SUCCESS') === true).length;
    expect(verdictOf(2)).to.equal(0);
    expect(verdictOf(1)).to.equal(1);
  });
});
