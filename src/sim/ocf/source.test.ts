import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { expect } from 'chai';
import { newAuthority } from '../../link/dtls/certificates.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import { openUdp, type UdpWire } from '../../link/udp.ts';
import { RESULTS } from '../../ocf/codec/swu.ts';
import { blockwise } from '../coap/blocks.ts';
import { Endpoint, linkTiming } from '../coap/endpoint.ts';
import { noSink } from '../process.ts';
import { makePackage, manifestOf } from './package.ts';
import { fetchPackage, type FetchOrder, type SourceSetup, urlFault } from './source.ts';

const setup: SourceSetup = {
  protocols: ['http', 'https', 'coap'],
  stallMs: 1000,
  link: { ...linkTiming(1), ackTimeoutMs: 20 },
  sink: noSink(),
};
const order: FetchOrder = { maxSize: 100_000, signal: new AbortController().signal };

describe('simulated OCF device: package sources', () => {
  const faults: readonly [string, number | undefined][] = [
    ['https://h/p', undefined],
    ['coap://h', undefined],
    ['ftp://h/p', RESULTS.unsupportedProtocol],
    ['coaps://h/p', RESULTS.unsupportedProtocol],
    ['/p', RESULTS.invalidUrl],
    ['', RESULTS.invalidUrl],
    ['http://', RESULTS.invalidUrl],
    ['coap:///p', RESULTS.invalidUrl],
  ];
  for (const [url, result] of faults)
    it(`${JSON.stringify(url)} ${result === undefined ? 'can be tried' : `is result ${result}`}`, () => {
      expect(urlFault(url, setup.protocols)).to.equal(result);
    });
  const closing: (() => unknown)[] = [];
  const packageWire = async (): Promise<UdpWire> => {
    const wire = await openUdp({ host: '127.0.0.1', port: 0, sink: noSink(), channel: 'packages' });
    closing.push(() => wire.close());
    return wire;
  };
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it('takes a path that cannot be decoded for an invalid URL', async () => {
    expect(await fetchPackage('coap://127.0.0.1/%zz', order, setup)).to.include({ result: RESULTS.invalidUrl });
  });
  describe('over CoAPS', () => {
    const secured = async (): Promise<{ url: string; ca: string; data: Buffer }> => {
      const authority = await newAuthority({ name: 'bench' });
      const certificate = await authority.issue({ name: 'packages' });
      const dtls = openDtls({
        wire: await packageWire(),
        sink: noSink(),
        channel: 'packages',
        server: { certificate },
      });
      const data = makePackage({ kind: 'ok', size: 3000 });
      const reply = blockwise(() => ({ code: '2.05', payload: data }), { szx: 6, maxBody: 0 });
      const server = new Endpoint(dtls, setup.link, reply);
      closing.push(() => dtls.close());
      closing.push(() => server.close());
      return { url: `coaps://127.0.0.1:${dtls.local.port}/p`, ca: authority.certificate.toString(), data };
    };
    const own = { ...setup, protocols: ['coaps'] };

    it('fetches from a server with a certificate that it trusts', async () => {
      const { url, ca, data } = await secured();
      const other = (await newAuthority({ name: 'other' })).certificate.toString();
      expect(await fetchPackage(url, order, { ...own, ca: other + ca })).to.deep.equal({ ok: true, data });
      const head = await fetchPackage(url, { ...order, headOnly: true }, { ...own, ca });
      expect(head.ok && head.data.length).to.equal(1024);
    });
    it('takes a server that it does not trust for a lost connection', async () => {
      const { url } = await secured();
      const ca = (await newAuthority({ name: 'other' })).certificate.toString();
      const got = await fetchPackage(url, order, { ...own, ca });
      expect(got).to.include({ ok: false, result: RESULTS.connectionLost });
      expect(got)
        .to.have.property('why')
        .that.matches(/neither trusted nor in the chain/);
      expect(await fetchPackage(url, order, own), 'no certificates at all').to.include({ ok: false });
    });
    it('ends at once when it is given up', async () => {
      const { url, ca } = await secured();
      const gone = { ...order, signal: AbortSignal.timeout(1) };
      const got = await fetchPackage(url.replace(/:\d+\//, ':9/'), gone, { ...own, ca });
      expect(got).to.include({ ok: false, result: RESULTS.connectionLost });
    });
  });
  it('fetches over a CoAP link that loses a third of all datagrams', async () => {
    const data = makePackage({ kind: 'ok' });
    const wire = await packageWire();
    const server = new Endpoint(
      wire,
      setup.link,
      blockwise(() => ({ code: '2.05', payload: data }), { szx: 6, maxBody: 0 }),
    );
    closing.push(() => server.close());
    const bad = { losePercent: 33, repeatPercent: 10 };
    // So many repetitions that the fetch does not hang on the luck of a busy computer.
    const link = { ...setup.link, maxRetransmit: 12 };
    const impaired = { ...setup, link, stallMs: 60_000, impair: { seed: 7, in: bad, out: bad } };
    const url = `coap://127.0.0.1:${wire.local.port}/p`;
    expect(await fetchPackage(url, order, impaired)).to.deep.equal({ ok: true, data });
  });
  it('gives a CoAP server up that does not answer', async () => {
    const wire = await packageWire();
    const quick = { ...setup, stallMs: 100 };
    const got = await fetchPackage(`coap://127.0.0.1:${wire.local.port}/p`, order, quick);
    expect(got).to.include({ ok: false, result: RESULTS.connectionLost });
  });

  describe('HTTPS', () => {
    let key = '';
    let cert = '';
    before(async () => {
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const made = await X509CertificateGenerator.createSelfSigned({
        name: 'CN=127.0.0.1',
        keys,
        signingAlgorithm: algorithm,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
      });
      cert = made.toString('pem');
      key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
    });
    const against = async (listener: RequestListener, test: (url: string) => Promise<void>): Promise<void> => {
      const server = createServer({ key, cert }, listener);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        await test(`https://127.0.0.1:${(server.address() as AddressInfo).port}/p`);
      } finally {
        server.close();
        server.closeAllConnections();
      }
    };

    it('fetches from a server that the certificates vouch for, and from no other', () =>
      against(
        (_, response) => response.end(makePackage({ kind: 'ok' })),
        async (url) => {
          expect(await fetchPackage(url, order, { ...setup, ca: cert })).to.include({ ok: true });
          expect(await fetchPackage(url, order, setup)).to.include({ ok: false, result: RESULTS.connectionLost });
        },
      ));
    it('asks for the head of a package only, whether the server knows ranges or not', async () => {
      const data = makePackage({ kind: 'ok', size: 1_000_000 });
      for (const ranges of [true, false])
        await against(
          ({ headers }, response) => {
            expect(headers.range).to.equal('bytes=0-1023');
            if (ranges) response.writeHead(206).end(data.subarray(0, 1024));
            else response.end(data);
          },
          async (url) => {
            const got = await fetchPackage(url, { ...order, headOnly: true }, { ...setup, ca: cert });
            if (!got.ok) throw new Error(got.why);
            expect(got.data.length).to.be.below(100_000);
            expect(manifestOf(got.data)?.version).to.equal('2.0.0');
          },
        );
    });
    it('breaks off what is larger than the device', () =>
      against(
        (_, response) => response.end(Buffer.alloc(1_000_000)),
        async (url) => {
          const got = await fetchPackage(url, order, { ...setup, ca: cert });
          expect(got).to.include({ ok: false, result: RESULTS.tooLittleFlash });
        },
      ));
  });
});
