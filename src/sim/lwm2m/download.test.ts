import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { newAuthority, toPem } from '../../link/dtls/certificates.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import { openUdp } from '../../link/udp.ts';
import { blockwise } from '../coap/blocks.ts';
import { Endpoint, linkTiming } from '../coap/endpoint.ts';
import { noSink } from '../process.ts';
import { download, type DownloadSetup, fetchable } from './download.ts';
import { makePackage } from './package.ts';

const good = makePackage({ kind: 'ok' });
const PSK = { identity: Buffer.from('me'), key: Buffer.alloc(16, 7) };
const setup: DownloadSetup = {
  sink: noSink(),
  link: { ...linkTiming(1), ackTimeoutMs: 40 },
  stallMs: 2000,
  maxSize: 4096,
  szx: 2,
  resume: false,
};
const fetch = (url: string, change: Partial<DownloadSetup> = {}) =>
  download(new URL(url), { ...setup, ...change }, new AbortController().signal);

describe('simulated LwM2M client: downloads', () => {
  it('tells URIs that it can try from others', () => {
    const tried = ['coap://h/p', 'coap://[::1]:1/p?a=b', 'http://h/p', 'coap:///p', 'h/p', '', 'coap://h/%zz'];
    expect(tried.filter((uri) => fetchable(uri, ['coap']) !== undefined)).to.deep.equal(tried.slice(0, 2));
  });
  it('fetches over DTLS with its key, and not with another', async () => {
    const udp = await openUdp({ host: '127.0.0.1', port: 0, sink: noSink(), channel: 'files' });
    const psk = (identity: Buffer): Buffer | undefined => (identity.equals(PSK.identity) ? PSK.key : undefined);
    const wire = openDtls({ wire: udp, sink: noSink(), channel: 'files', server: { psk } });
    const server = new Endpoint(
      wire,
      setup.link,
      blockwise(() => ({ code: '2.05', payload: good }), { szx: 2, maxBody: 0 }),
    );
    const url = `coaps://127.0.0.1:${udp.local.port}/p`;
    expect(await fetch(url, { dtls: { psk: PSK } })).to.deep.equal({ ok: true, data: good });
    const wrong = { ...PSK, key: Buffer.alloc(16, 8) };
    expect(await fetch(url, { dtls: { psk: wrong }, stallMs: 300 })).to.deep.equal({ ok: false, why: 'unreachable' });
    expect(await fetch(url)).to.deep.equal({ ok: false, why: 'unreachable' });
    server.close();
    await wire.close();
  });
  it('fetches over HTTPS from a server that its certificates vouch for, and from no other', async () => {
    const authority = await newAuthority({ name: 'bench' });
    const { certificates: cert, key } = toPem(await authority.issue({ name: 'localhost' }));
    const ca = authority.certificate.toString();
    const server = createServer({ key, cert }, (_, response) => response.end(good));
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}/p`;
    expect(await fetch(url, { ca: () => ca })).to.deep.equal({ ok: true, data: good });
    expect(await fetch(url, { ca: () => ca, maxSize: 100 })).to.deep.equal({ ok: false, why: 'tooLarge' });
    expect(await fetch(url)).to.deep.equal({ ok: false, why: 'unreachable' });
    server.close();
    server.closeAllConnections();
  });
  it('ends at once where it is called off', async () => {
    const calling = new AbortController();
    const fetched = download(new URL('coap://127.0.0.1:9/p'), setup, calling.signal);
    calling.abort();
    expect(await fetched).to.deep.equal({ ok: false, why: 'lost' });
  });
});
