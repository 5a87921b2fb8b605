import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import { discover } from './discover.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { messages, replies } from './events.ts';
import { OPTION, uintOption } from './options.ts';
import { type Scripted, scriptedDevice, type ScriptedDevice } from './scripted-device.ts';

describe('multicast discovery', () => {
  let sink: ReturnType<typeof memorySink>;
  const wires: UdpWire[] = [];
  const devices: ScriptedDevice[] = [];
  let endpoint: CoapEndpoint;

  const wire = async (): Promise<UdpWire> => {
    const made = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'coap' });
    wires.push(made);
    return made;
  };
  const device = async (script: (got: Scripted) => void): Promise<ScriptedDevice> => {
    const made = await scriptedDevice(script);
    devices.push(made);
    return made;
  };
  /** A unicast address stands for the group: what comes back, and from where, is the same. */
  const run = async (group: ScriptedDevice, tries = 2) =>
    discover({
      wire: await wire(),
      sink,
      channel: 'coap',
      endpoint,
      group: group.peer,
      path: '/oic/res',
      query: ['rt=oic.r.softwareupdate', 'if=oic.if.ll'],
      options: [uintOption(OPTION.accept, 10000), uintOption(OPTION.ocfAcceptVersion, 2048)],
      tries,
      deadlineMs: 250,
    });

  beforeEach(async () => {
    sink = memorySink();
    endpoint = openCoap({ wire: await wire(), sink, channel: 'coap' });
  });
  afterEach(async () => {
    endpoint.close();
    for (const one of [...wires.splice(0), ...devices.splice(0)]) await one.close();
  });

  it('asks with NON, as often as told, and gathers one answer of every device', async () => {
    const other = await device(() => undefined);
    const first = await device(({ packet, nth }) => {
      const answer = { code: '2.05', token: packet.token, payload: Buffer.from('links') };
      first.send({ ...answer, messageId: 10 + nth });
      first.send({ ...answer, messageId: 20 + nth }, other);
    });
    const found = await run(first);
    expect(found.map((f) => f.from.port)).to.have.members([first.peer.port, other.peer.port]);
    expect(found.map((f) => [f.code, f.payload.toString()])).to.deep.equal([
      ['2.05', 'links'],
      ['2.05', 'links'],
    ]);
    expect(first.seen.map((p) => p.confirmable)).to.deep.equal([false, false]);
    expect(first.seen[0]?.options.map((o) => `${o.name}=${o.value.toString('latin1')}`)).to.include.members([
      'Uri-Path=oic',
      'Uri-Path=res',
      'Uri-Query=rt=oic.r.softwareupdate',
      'Uri-Query=if=oic.if.ll',
      "Accept='\x10",
    ]);
    const log = logOf(sink.events, 1);
    expect(log.all(replies).map((r) => [r.request?.path, r.body.toString()])).to.deep.equal([
      ['/oic/res', 'links'],
      ['/oic/res', 'links'],
    ]);
    expect(log.all(messages).filter((m) => m.dir === 'out' && m.message.type !== 'NON')).to.deep.equal([]);
  });

  it('takes an answer to the second try where the first was lost', async () => {
    const d = await device(({ packet, nth }) => {
      if (nth === 1) d.send({ code: '2.05', messageId: 1, token: packet.token });
    });
    expect(await run(d)).to.have.length(1);
  });

  it('asks a device whose answer comes in blocks again, alone', async () => {
    const block = (n: number): { name: string; value: Buffer } => ({ name: 'Block2', value: Buffer.from([n]) });
    const etag = { name: 'ETag', value: Buffer.from('e') };
    const d = await device(({ packet, answer, uint }) => {
      const num = (uint('Block2') ?? 0) >> 4;
      const part = {
        code: '2.05',
        options: [etag, block(num === 0 ? 0x08 : 0x10)],
        payload: Buffer.alloc(num === 0 ? 16 : 3, num),
      };
      if (packet.confirmable) answer(part);
      else d.send({ ...part, messageId: 5, token: packet.token });
    });
    const found = await run(d, 1);
    expect(found.map((f) => f.payload)).to.deep.equal([Buffer.concat([Buffer.alloc(16, 0), Buffer.alloc(3, 1)])]);
    expect(d.seen.filter((p) => !p.confirmable)).to.have.length(1);
  });

  it('leaves aside what answers something else or is malformed', async () => {
    const d = await device(({ packet, octets }) => {
      d.send({ code: '2.05', messageId: 1, token: Buffer.from('other') });
      octets(Buffer.concat([Buffer.from([0x54, 0x45, 0, 2]), packet.token.subarray(0, 2)]));
    });
    expect(await run(d, 1)).to.deep.equal([]);
    expect(sink.events.map((e) => e.type)).to.include('coap.malformed');
  });
});
