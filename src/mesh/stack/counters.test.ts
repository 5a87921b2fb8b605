import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError } from '../../core/errors.ts';
import { NetworkCounters, SEQ_BLOCK } from './counters.ts';
import { ReplayList } from './replay.ts';
import { fileStore, memoryStore, type StoreFiles } from './stateStore.ts';

const START = { ivIndex: 7, updating: false };

describe('sequence numbers and IV index across runs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-mesh-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const path = (): string => join(folder, 'net', 'state.json');

  it('a crash at any point never repeats a sequence number', () => {
    const used = new Set<number>();
    for (let run = 0; run < 5; run++) {
      const counters = new NetworkCounters(fileStore(path()), START);
      for (let i = 0; i < SEQ_BLOCK + run; i++) {
        const { seq, ivIndex } = counters.take();
        expect(ivIndex).to.equal(7);
        expect(used.has(seq)).to.equal(false);
        used.add(seq);
      }
    }
    expect(readdirSync(join(folder, 'net'))).to.deep.equal(['state.json']);
  });

  it('the IV index outlives the run, and sequence numbers restart only with a new sending index', () => {
    const store = fileStore(path());
    const first = new NetworkCounters(store, START);
    first.take();
    first.follow({ kind: 'beacon', news: { keyRefresh: false, ivUpdate: true, ivIndex: 8 } });
    expect(first.take()).to.deep.equal({ seq: 1, ivIndex: 7 });
    const second = new NetworkCounters(store, START);
    expect(second.iv).to.deep.equal({ ivIndex: 8, updating: true });
    expect(second.take()).to.deep.equal({ seq: SEQ_BLOCK, ivIndex: 7 });
    second.follow({ kind: 'finish' });
    expect(second.take()).to.deep.equal({ seq: 0, ivIndex: 8 });
    expect(new NetworkCounters(store, START).take()).to.deep.equal({ seq: SEQ_BLOCK, ivIndex: 8 });
  });

  it('an orderly end gives back what was reserved and not used', () => {
    const store = fileStore(path());
    const counters = new NetworkCounters(store, START);
    counters.take();
    counters.close();
    expect(new NetworkCounters(store, START).take().seq).to.equal(1);
  });

  it('a full disk is a bench error that names the file, and no unreserved number is given out', () => {
    const full: StoreFiles = {
      read: () => undefined,
      create() {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
      rename: () => undefined,
    };
    const counters = new NetworkCounters(fileStore('/lab/state.json', full), START);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => counters.take())
        .to.throw(BenchError, 'the disk is full')
        .with.nested.property('place.file', '/lab/state.json');
    }
  });

  it('a damaged file is an error, not a new beginning', () => {
    const store = fileStore(path());
    store.write({ version: 1, ...START, reserved: 10 });
    for (const text of ['', '{', '{"version":1}', '{"version":1,"ivIndex":-1,"updating":false,"reserved":0}']) {
      writeFileSync(path(), text);
      expect(() => new NetworkCounters(store, START), text).to.throw(BenchError, 'is damaged');
    }
    expect(readFileSync(path(), 'utf8')).to.contain('-1');
  });

  it('sequence numbers end at 24 bits', () => {
    const store = memoryStore();
    store.write({ version: 1, ...START, reserved: 0xffffff });
    const counters = new NetworkCounters(store, START);
    expect(counters.take().seq).to.equal(0xffffff);
    expect(counters.left).to.equal(0);
    expect(() => counters.take()).to.throw(BenchError, 'needs an IV update');
  });
});

describe('replay protection (3.9.8)', () => {
  it('accepts only what is newer, by source and IV index', () => {
    const list = new ReplayList();
    list.accept(1, 7, 10);
    expect([list.isNew(1, 7, 10), list.isNew(1, 7, 9), list.isNew(1, 6, 99)]).to.deep.equal([false, false, false]);
    expect([list.isNew(1, 7, 11), list.isNew(1, 8, 0), list.isNew(2, 7, 0)]).to.deep.equal([true, true, true]);
    list.accept(1, 7, 5);
    expect(list.isNew(1, 7, 10)).to.equal(false);
    list.forget(1);
    expect(list.isNew(1, 7, 0)).to.equal(true);
  });
});
