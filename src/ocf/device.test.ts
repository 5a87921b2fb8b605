import { expect } from 'chai';
import { benchClock } from '../core/clock.ts';
import { memorySink } from '../core/events.ts';
import { ixitOf } from '../core/ixit.ts';
import { logOf } from '../core/log.ts';
import type { Bench } from '../core/standard.ts';
import { timingOf } from '../core/timing.ts';
import { messages } from '../coap/events.ts';
import { type Scripted, type ScriptedDevice, scriptedDevice } from '../coap/scripted-device.ts';
import { encodeCbor } from './codec/cbor.ts';
import { type Device, openDevice } from './device.ts';
import { retrieved, sendings } from './kinds.ts';
import { discovered } from './links.ts';
import { REPRESENTATION } from './testlog.ts';
import { OCF_TIMING } from './timing.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const SWU = {
  anchor: `ocf://${ID}`,
  href: '/vendor/update',
  rt: ['oic.r.softwareupdate'],
  if: ['oic.if.rw', 'oic.if.baseline'],
  p: { bm: 3 },
  eps: [],
};
const OTHER = { anchor: `ocf://${ID}`, href: '/oic/d', rt: ['oic.wk.d'], if: ['oic.if.r'], p: { bm: 1 }, eps: [] };

const uri = ({ packet }: Scripted, name: string): string[] =>
  packet.options.filter((o) => o.name === name).map((o) => o.value.toString());

/** Answers `/oic/res` with these links, filtered by `rt` unless told otherwise, and the resource by its path. */
function ocfServer(links: readonly object[], filters = true): (got: Scripted) => void {
  return (got) => {
    const path = uri(got, 'Uri-Path').join('/');
    const rt = uri(got, 'Uri-Query')
      .find((q) => q.startsWith('rt='))
      ?.slice(3);
    if (path === 'oic/res') {
      const fitting = links.filter((l) => rt === undefined || ('rt' in l && Array.isArray(l.rt) && l.rt.includes(rt)));
      got.answer({ code: '2.05', payload: encodeCbor((filters ? fitting : links) as never) });
    } else if (path === 'vendor/update') got.answer({ code: '2.05', payload: encodeCbor(REPRESENTATION) });
    else got.answer({ code: '4.04' });
  };
}

describe('OCF device on the network', () => {
  const sink = memorySink();
  let served: ScriptedDevice;
  let device: Device | undefined;

  async function open(script: (got: Scripted) => void, entries: Record<string, string> = {}): Promise<Device> {
    served = await scriptedDevice(script);
    const ixit = ixitOf({});
    const rig: Record<string, string> = { iut: `coap://127.0.0.1:${served.peer.port}`, ...entries };
    const bench: Bench = {
      events: sink,
      clock: benchClock(0, 1, () => 0),
      // Waits of a millisecond: nothing here is scaled for a real clock.
      timing: timingOf(OCF_TIMING, ixit, { protocol: 0.001, link: 0.001 }),
      ixit,
      policies: {},
      declared: (item) => item !== 'OCFSWU 8/1',
      address: (name) => rig[name] ?? '',
      has: (name) => rig[name] !== undefined,
      stateDir: '',
      privateDir: '',
    };
    device = await openDevice(bench);
    return device;
  }
  afterEach(async () => {
    await device?.close();
    device = undefined;
    await served.close();
  });
  /** What left is counted, not what came: with timers of milliseconds the last datagram may still be on its way. */
  const sent = (code?: string): number =>
    logOf(sink.events, 1)
      .all(messages)
      .filter((m) => m.dir === 'out' && (code === undefined || m.message.code === code)).length;
  const failing = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
    } catch (e) {
      return e instanceof Error ? `${'code' in e ? String(e.code) : ''}: ${e.message}` : '';
    }
    return 'no error';
  };

  it('finds the resource by its type, wherever it is', async () => {
    const opened = await open(ocfServer([OTHER, SWU]));
    expect((await opened.target()).path).to.equal('/vendor/update');
    const outcome = await opened.request('GET', { subject: 'swu', label: 'first' });
    expect(outcome.kind).to.equal('reply');
    expect(logOf(sink.events, 1).last(retrieved('first'))).to.include({ state: 'idle', purl: 'https://bench/none' });
    expect(logOf(sink.events, 1).last(discovered('locate'))?.links[0]).to.deep.include({
      bm: 3,
      anchor: `ocf://${ID}`,
    });
  });

  it('finds it in the whole list of a device that does not know the filter', async () => {
    expect((await (await open(ocfServer([OTHER, SWU], false))).target()).path).to.equal('/vendor/update');
  });

  it('says that there is no such resource', async () => {
    expect(await failing((await open(ocfServer([OTHER]))).target())).to.match(
      /^no-resource: no link of type oic\.r\.softwareupdate/,
    );
  });

  it('takes another device than the rig names for a fault of the bench', async () => {
    const named = { deviceUuid: 'aaaaaaaa-2222-4333-8444-555555555555' };
    expect(await failing((await open(ocfServer([SWU]), named)).alive())).to.match(
      /^wrong-device: expected device aaaaaaaa/,
    );
  });

  it('takes the device that the rig names, in any case of letters', async () => {
    await (await open(ocfServer([SWU]), { deviceUuid: ID.toUpperCase() })).alive();
  });

  it('reports a device that does not answer', async () => {
    const opened = await open(() => undefined);
    const before = sent();
    expect(await failing(opened.alive())).to.match(/^no-answer: the device did not answer GET \/oic\/res/);
    expect(sent() - before).to.equal(5);
  });

  it('takes two rounds of five sendings for the silence of a request, where the device answers another one', async () => {
    const opened = await open((got) => (got.packet.code === '0.02' ? undefined : ocfServer([SWU])(got)));
    await opened.target();
    const outcome = await opened.request('POST', { subject: 'swu', label: 'lost', body: {} });
    expect([outcome.kind, await opened.gone()]).to.deep.equal(['silence', false]);
    expect(logOf(sink.events, 1).all(sendings('UPDATE', 'lost'))).to.have.lengthOf(10);
  });

  it('takes one round for what must not be asked twice, and the device is not gone', async () => {
    const opened = await open((got) => (got.packet.code === '0.02' ? undefined : ocfServer([SWU])(got)));
    await opened.target();
    const before = sent('0.02');
    const outcome = await opened.ask('POST', {
      path: '/oic/sec/pstat',
      subject: 'pstat',
      body: { tm: 128 },
      once: true,
    });
    expect([outcome.kind, await opened.gone()]).to.deep.equal(['silence', false]);
    // The question whether it answers another request follows, and may be sent again with timers of milliseconds.
    expect(sent('0.02') - before).to.equal(5);
  });

  it('takes one round for a device that is silent altogether', async () => {
    let silent = false;
    const opened = await open((got) => (silent ? undefined : ocfServer([SWU])(got)));
    await opened.target();
    silent = true;
    const before = sent();
    await opened.request('POST', { subject: 'swu', label: 'gone', body: {} });
    expect([sent() - before, await opened.gone()]).to.deep.equal([7, true]);
  });

  it('sends a mere look at most twice', async () => {
    let silent = false;
    const opened = await open((got) => (silent ? undefined : ocfServer([SWU])(got)));
    await opened.target();
    silent = true;
    const before = served.seen.length;
    await opened.request('GET', { subject: 'look', look: true });
    expect(served.seen.length - before).to.be.within(1, 2);
  });

  it('refuses an address that is no CoAP URL', async () => {
    served = await scriptedDevice(() => undefined);
    expect(await failing(open(() => undefined, { iut: 'http://127.0.0.1' }))).to.match(
      /^iut: expected coap:\/\/host:port/,
    );
  });
});
