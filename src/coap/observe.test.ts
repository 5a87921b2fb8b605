import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { findings, notifications } from './events.ts';
import { isFresher, type Observation } from './observe.ts';
import { type Scripted, scriptedDevice, type ScriptedDevice } from './scripted-device.ts';

/** Long enough that nothing is repeated, however busy the machine is. */
const CALM = { ackTimeoutMs: 2000, ackRandomFactor: 1, maxRetransmit: 3 };

describe('freshness of notifications', () => {
  it('orders notifications by the 24-bit rule of RFC 7641 3.4', () => {
    const table: [number, number, number, boolean][] = [
      [1, 2, 0, true],
      [2, 1, 0, false],
      [5, 5, 0, false],
      [0, 2 ** 23 - 1, 0, true],
      [0, 2 ** 23, 0, false],
      [2 ** 24 - 1, 0, 0, true],
      [0, 2 ** 24 - 1, 0, false],
      [9, 3, 128_001, true],
      [9, 3, 128_000, false],
    ];
    for (const [older, newer, ms, fresher] of table)
      expect(isFresher({ seq: newer, ms }, { seq: older, ms: 0 }), `${newer} after ${older}, ${ms} ms`).to.equal(
        fresher,
      );
  });
});

describe('observe', () => {
  let sink: ReturnType<typeof memorySink>;
  let wire: UdpWire;
  let endpoint: CoapEndpoint;
  let device: ScriptedDevice;
  let mid: number;

  beforeEach(async () => {
    sink = memorySink();
    wire = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'coap' });
    endpoint = openCoap({ wire, sink, channel: 'coap', timing: CALM });
    mid = 0x100;
  });
  afterEach(async () => {
    endpoint.close();
    await wire.close();
    await device.close();
  });

  const observed = (seq: number): { name: string; value: Buffer } => ({ name: 'Observe', value: Buffer.from([seq]) });
  const accept = ({ answer, uint }: Scripted): void => {
    if (uint('Observe') === 0) answer({ code: '2.05', options: [observed(10)], payload: Buffer.from('first') });
    if (uint('Observe') === 1) answer({ code: '2.05', payload: Buffer.from('end') });
  };
  /** Opens a device with this script and registers with it. */
  const register = async (script: (got: Scripted) => void = accept): Promise<Observation> => {
    device = await scriptedDevice(script);
    const result = await endpoint.observe({
      to: device.peer,
      path: '/swu',
      query: ['if=oic.if.rw'],
      timing: CALM,
      deadlineMs: 500,
    });
    if (result.kind !== 'observing') throw new Error(`refused: ${result.outcome.kind}`);
    expect(result.first.payload.toString()).to.equal('first');
    return result.observation;
  };
  const notify = (seq: number | undefined, more: object = {}): void =>
    device.send({
      code: '2.05',
      confirmable: true,
      messageId: mid++,
      token: device.seen[0]?.token ?? Buffer.alloc(0),
      options: seq === undefined ? [] : [observed(seq)],
      payload: Buffer.from(`state ${seq}`),
      ...more,
    });
  const until = async (ready: () => boolean): Promise<void> => {
    for (let ms = 0; !ready(); ms++) {
      if (ms > 2000) throw new Error('what was waited for did not come');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };

  it('delivers notifications in the order of arrival and acknowledges confirmable ones', async () => {
    const observation = await register();
    notify(11);
    notify(12, { confirmable: false });
    notify(13);
    const seen = [await observation.next(2000), await observation.next(2000), await observation.next(2000)];
    expect(seen.map((s) => [s?.seq, s?.payload.toString(), s?.fresh, s?.last])).to.deep.equal([
      [11, 'state 11', true, false],
      [12, 'state 12', true, false],
      [13, 'state 13', true, false],
    ]);
    await until(() => device.seen.length === 3);
    expect(device.seen.slice(1).map((p) => [p.ack, p.messageId])).to.deep.equal([
      [true, 0x100],
      [true, 0x102],
    ]);
    expect(await observation.next(20)).to.equal(undefined);
    const log = logOf(sink.events, 1).all(notifications);
    expect(log.map((e) => [e.seq, e.body.toString(), e.request?.query])).to.deep.equal(
      [11, 12, 13].map((n) => [n, `state ${n}`, ['if=oic.if.rw']]),
    );
  });

  it('reports a late notification and hands it over all the same', async () => {
    const observation = await register();
    notify(12);
    notify(11);
    expect((await observation.next(2000))?.fresh).to.equal(true);
    expect(await observation.next(2000)).to.include({ seq: 11, fresh: false });
    expect(
      logOf(sink.events, 1)
        .all(findings)
        .map((f) => f.rule),
    ).to.deep.equal(['observe-order']);
  });

  it('counts a notification that comes twice once', async () => {
    const observation = await register();
    notify(11);
    mid--;
    notify(11);
    notify(12);
    expect((await observation.next(2000))?.seq).to.equal(11);
    expect((await observation.next(2000))?.seq).to.equal(12);
    await until(() => device.seen.length === 4);
    expect(device.seen.slice(1).map((p) => p.messageId)).to.deep.equal([0x100, 0x100, 0x101]);
  });

  for (const [what, seq, code] of [
    ['an error', undefined, '4.04'],
    ['a response without the Observe option', undefined, '2.05'],
  ] as const)
    it(`ends with ${what}`, async () => {
      const observation = await register();
      notify(seq, { code });
      expect(await observation.next(2000)).to.include({ last: true, code });
      expect(observation.ended).to.equal(true);
      notify(12);
      await until(() => device.seen.some((p) => p.reset));
    });

  it('gathers a notification that comes in blocks, without registering again', async () => {
    const etag = { name: 'ETag', value: Buffer.from('e') };
    const block = (n: number): { name: string; value: Buffer } => ({ name: 'Block2', value: Buffer.from([n]) });
    const observation = await register((got) => {
      if (got.uint('Block2') === undefined) accept(got);
      else got.answer({ code: '2.05', options: [etag, block(0x10)], payload: Buffer.from('end') });
    });
    notify(11, { options: [observed(11), etag, block(0x08)], payload: Buffer.from('0123456789abcdef') });
    notify(12);
    const first = await observation.next(2000);
    expect(first).to.include({ seq: 11, complete: true });
    expect(first?.payload.toString()).to.equal('0123456789abcdefend');
    expect((await observation.next(2000))?.seq).to.equal(12);
    const follow = device.seen.find((p) => p.options?.some((o) => o.name === 'Block2'));
    expect(follow?.options.map((o) => o.name)).to.not.include('Observe');
    expect(follow?.token.equals(device.seen[0]?.token ?? Buffer.alloc(0))).to.equal(false);
  });

  it('deregisters with Observe 1 and the same token', async () => {
    const observation = await register();
    const outcome = await observation.cancel('request');
    expect(outcome).to.include({ kind: 'reply', code: '2.05' });
    expect(observation.ended).to.equal(true);
    const [registration, end] = device.seen;
    expect(end?.token).to.deep.equal(registration?.token);
    expect(end?.options.find((o) => o.name === 'Observe')?.value.toString('hex')).to.equal('01');
    notify(11);
    await until(() => device.seen.some((p) => p.reset));
    expect(await observation.next(10)).to.equal(undefined);
  });

  it('takes a notification that crosses the deregistration', async () => {
    const observation = await register((got) => {
      if (got.uint('Observe') === 1) notify(11);
      accept(got);
    });
    expect(await observation.cancel('request')).to.include({ code: '2.05' });
    expect((await observation.next(2000))?.seq).to.equal(11);
  });

  for (const confirmable of [true, false])
    it(`resets the next ${confirmable ? 'confirmable' : 'non-confirmable'} notification when told to`, async () => {
      const observation = await register();
      await observation.cancel('reset');
      notify(11, { confirmable });
      await until(() => device.seen.length === 2);
      expect(device.seen[1]).to.include({ reset: true, messageId: 0x100 });
    });

  it('tells a refusal: no Observe option, an error, a reset, silence', async () => {
    const answers: [(got: Scripted) => void, string][] = [
      [({ answer }) => answer({ code: '2.05' }), 'reply'],
      [({ answer }) => answer({ code: '4.05', options: [observed(1)] }), 'reply'],
      [({ answer }) => answer({ code: '0.00', ack: false, reset: true, token: Buffer.alloc(0) }), 'reset'],
      [() => undefined, 'silence'],
    ];
    for (const [script, kind] of answers) {
      device = await scriptedDevice(script);
      const result = await endpoint.observe({ to: device.peer, path: '/swu', timing: CALM, deadlineMs: 60 });
      expect(result.kind === 'refused' && result.outcome.kind).to.equal(kind);
      await device.close();
    }
    device = await scriptedDevice(accept);
  });
});
