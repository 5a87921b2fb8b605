import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Drive, DriveEnd } from '../core/case.ts';
import { ixitOf } from '../core/ixit.ts';
import { where } from '../core/log.ts';
import { timingOf } from '../core/timing.ts';
import { driveOn } from './drive.ts';
import { type LiveLog, type Recorder, recorder } from './recorder.ts';
import { heard, type Wire, wireOn } from './testing/scripted.ts';

describe('verbs of a drive', () => {
  let folder = '';
  let sink: Recorder;
  let live: LiveLog;
  let wire: Wire;
  let cut: AbortController;
  let granted: number[];
  let t: Drive;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-drive-'));
    sink = recorder(join(folder, 'bench'), () => performance.now());
    live = sink.begin(join(folder, 'events'));
    wire = wireOn(sink, 'wire');
    cut = new AbortController();
    granted = [];
    const ixit = ixitOf({ maxWaitMs: 40 });
    const timing = timingOf({ wait: { ms: 800, class: 'protocol', clause: 'T' } }, ixit, { protocol: 0.05, link: 1 });
    t = driveOn({ sink, live, timing, ixit, signal: cut.signal, granted: (ms) => granted.push(ms) });
  });
  afterEach(() => {
    sink.end();
    sink.close();
    rmSync(folder, { recursive: true });
  });
  const state = heard('state');
  const within = { timer: 'wait' };
  const types = (): string[] => live.events.map((e) => e.type);
  const ended = (part: Promise<unknown>): Promise<unknown> =>
    part.then(
      () => 'not ended',
      (e: unknown) => e,
    );

  it('count what came since the mark, each once, in order', async () => {
    wire.in('state old');
    t.mark('go');
    wire.in('state 1');
    wire.in('state 2');
    expect((await t.until(state, within)).rest).to.equal('1');
    expect((await t.until(heard('state'), within)).rest).to.equal('2');
    expect(await t.perhaps(state, within)).to.equal(undefined);
    expect(types().at(-1)).to.equal('absent');
  });

  it('count for each kind apart', async () => {
    wire.in('state 1');
    const one = where(state, 'state 1', (s) => s.rest === '1');
    expect((await t.until(one, within)).n).to.equal(0);
    expect((await t.until(state, within)).n).to.equal(0);
  });

  it('wait for what is yet to come, with number and time of its event', async () => {
    setTimeout(() => wire.in('state 1'), 5);
    const seen = await t.until(state, within);
    expect(seen).to.include({ n: 0, rest: '1', ms: live.events[0]?.ms });
  });

  it('record silence and end the drive when the scaled limit passes', async () => {
    const began = performance.now();
    const end = await ended(t.until(state, within));
    expect(performance.now() - began).to.be.at.least(40);
    expect(end).to.be.instanceOf(DriveEnd);
    expect(live.events.at(-1)?.data).to.deep.equal({ kind: 'state', timer: 'wait', ms: 800, of: 'wait' });
    expect(types().at(-1)).to.equal('silence');
  });

  it('start the wait anew with every octet received, where the limit is on progress', async () => {
    for (const ms of [25, 50, 75, 100]) setTimeout(() => wire.in('octets'), ms);
    setTimeout(() => wire.in('state 1'), 125);
    expect((await t.until(state, { ...within, of: 'no-progress' })).rest).to.equal('1');
    expect(granted.length).to.be.greaterThan(3);
  });

  it('do not take for progress what the tester sends', async () => {
    const sending = setInterval(() => wire.out('again'), 10);
    const end = await ended(t.until(state, { ...within, of: 'no-progress' }));
    clearInterval(sending);
    expect(end).to.be.instanceOf(DriveEnd);
  });

  it('watch a window for what must not come, and end it early when it does', async () => {
    await t.quiet(state, within);
    setTimeout(() => wire.in('state 1'), 5);
    await t.quiet(state, within);
    const windows = live.events.filter((e) => e.type === 'quiet.over').map((e) => e.data?.['came']);
    expect(windows).to.deep.equal([null, 3]);
  });

  it('let a timer of the standard or an IXIT pass', async () => {
    await t.pause({ timer: 'maxWaitMs' }, 'the update time comes');
    expect(types()).to.deep.equal(['pause', 'pause.over']);
    expect(live.events[0]?.data).to.include({ why: 'the update time comes', ms: 40 });
  });

  it('stop without fault, with the reason recorded', () => {
    expect(() => t.stop('no package server')).to.throw(DriveEnd);
    expect(live.events[0]).to.deep.include({ type: 'stop', data: { reason: 'no package server' } });
  });

  it('refuse to go on after the attempt is over', async () => {
    const waiting = ended(t.until(state, within));
    cut.abort(new Error('over'));
    expect(await waiting).to.have.property('message', 'over');
    expect(() => t.mark('late')).to.throw('over');
    expect(await ended(t.until(state, within))).to.have.property('message', 'over');
  });

  it('hand on what a reader throws', async () => {
    const broken = {
      name: 'broken',
      read: () => {
        throw new RangeError('short');
      },
    };
    wire.in('x');
    expect(await ended(t.until(broken, within))).to.have.property('message', 'short');
  });
});
