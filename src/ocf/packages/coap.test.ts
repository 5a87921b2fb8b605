import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { openCoap } from '../../coap/endpoint.ts';
import { BenchError } from '../../core/errors.ts';
import { memorySink } from '../../core/events.ts';
import { logOf } from '../../core/log.ts';
import type { Behaviour } from '../../link/packages/behaviour.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import { newAuthority } from '../../link/packages/certificate.ts';
import { packageAsked, packageRecorder, packageTrouble } from '../../link/packages/events.ts';
import { newShelf } from '../../link/packages/shelf.ts';
import { openUdp } from '../../link/udp.ts';
import { parsePeer } from '../../link/wire.ts';
import { coapCode, misbehaviourOf, openCoapPackages } from './coap.ts';
import { packageFetched } from './fetched.ts';

const HOST = '127.0.0.1';
const FILE = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const GOOD: Behaviour = { kind: 'good' };

describe('OCF package server over CoAP', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of open.splice(0).reverse()) await server.close();
  });

  it('serves a package over CoAP block by block', async () => {
    const sink = memorySink();
    const shelf = newShelf();
    const server = await openCoapPackages({
      host: HOST,
      port: 0,
      shelf,
      record: packageRecorder(sink),
      sink,
      dripMs: 2,
    });
    const wire = await openUdp({ host: HOST, port: 0, sink: memorySink(), channel: 'device' });
    const client = openCoap({ wire, sink: memorySink(), channel: 'device' });
    open.push({ close: async () => (client.close(), wire.close()) }, server);
    const to = parsePeer(server.base.replace('coap://', '')) ?? { address: HOST, port: 0 };
    const get = (behaviour: Behaviour) =>
      client.request({
        to,
        method: 'GET',
        path: shelf.put({ name: 'packageOk', behaviour, content: () => FILE }),
        deadlineMs: 100,
        timing: { ackTimeoutMs: 40, ackRandomFactor: 1, maxRetransmit: 0 },
      });
    const good = await get(GOOD);
    expect(good.kind === 'reply' && good.payload.equals(FILE)).to.equal(true);
    const log = (): ReturnType<typeof logOf> => logOf(sink.events, 1);
    expect(log().all(packageFetched)).to.have.lengthOf(1);
    expect(log().first(packageAsked)).to.include({ scheme: 'coap', served: 'packageOk' });
    expect(await get({ kind: 'status', status: 404 })).to.include({ kind: 'reply', code: '4.04' });
    expect((await get({ kind: 'cut' })).kind).to.equal('silence');
    expect(log().all(packageFetched), 'complete fetches').to.have.lengthOf(1);
  });

  it('serves a package over DTLS to a device that trusts the bench, and tells of one that does not', async () => {
    const sink = memorySink();
    const shelf = newShelf();
    const authority = await newAuthority('Bench');
    const identity = await authority.issue(HOST);
    const record = packageRecorder(sink);
    const server = await openCoapPackages({ host: HOST, port: 0, shelf, record, sink, dripMs: 2, identity });
    const wire = openDtls({
      wire: await openUdp({ host: HOST, port: 0, sink: memorySink(), channel: 'device' }),
      sink: memorySink(),
      channel: 'device',
    });
    const client = openCoap({ wire, sink: memorySink(), channel: 'device' });
    open.push({ close: async () => (client.close(), wire.close()) }, server);
    const to = parsePeer(server.base.replace('coaps://', '')) ?? { address: HOST, port: 0 };
    const stranger = { trust: { roots: [new X509Certificate((await newAuthority('Nobody')).certificate)] } };
    const refused = await wire.connect(to, stranger).catch((e: unknown) => e);
    expect(refused).to.be.instanceOf(BenchError);
    await wire.connect(to, { trust: { roots: [new X509Certificate(authority.certificate)] } });
    const path = shelf.put({ name: 'packageOk', behaviour: GOOD, content: () => FILE });
    const reply = await client.request({ to, method: 'GET', path, deadlineMs: 1000 });
    expect(reply.kind === 'reply' && reply.payload.equals(FILE)).to.equal(true);
    const log = logOf(sink.events, 1);
    expect(log.first(packageAsked)).to.include({ scheme: 'coaps', served: 'packageOk' });
    expect(log.all(packageFetched)).to.have.lengthOf(1);
    expect(log.all(packageTrouble)).to.have.lengthOf(1);
  });

  it('CoAP codes stand for HTTP statuses', () => {
    expect([404, 500, 503].map((s) => coapCode(s))).to.deep.equal(['4.04', '5.00', '5.03']);
    expect(misbehaviourOf({ kind: 'cut' }, 5000, 1)).to.deep.equal({ silentAt: 2 });
    expect(misbehaviourOf({ kind: 'good' }, 5000, 1)).to.equal(undefined);
  });
});
