import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySink } from '../../core/events.ts';
import { logOf } from '../../core/log.ts';
import { type Behaviour, contentOf, piecesOf } from './behaviour.ts';
import { benchAuthority, identityOf, newAuthority } from './certificate.ts';
import { packageAsked, packageSent, packageProgress, packageRecorder, packageTrouble } from './events.ts';
import { openHttp } from './http.ts';
import { newShelf, type PackageServer } from './shelf.ts';

const HOST = '127.0.0.1';
const FILE = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const GOOD: Behaviour = { kind: 'good' };

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly complete: boolean;
}

/** Reads until the end, an early end, or no more octets for a while. */
function fetchFrom(url: string, headers: Record<string, string> = {}, ca?: string): Promise<Got> {
  const get = url.startsWith('https') ? httpsGet : httpGet;
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
      const pieces: Buffer[] = [];
      const done = (complete: boolean): void => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces), complete });
      };
      response.setTimeout(60, () => done(false));
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => done(response.complete));
      response.on('error', () => done(false));
    });
    request.on('error', reject);
  });
}

describe('package servers', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of open.splice(0).reverse()) await server.close();
  });

  async function http(behaviour: Behaviour, ca?: Awaited<ReturnType<typeof newAuthority>>) {
    const sink = memorySink();
    const shelf = newShelf();
    const identity = ca === undefined ? {} : { identity: await ca.issue(HOST) };
    const record = packageRecorder(sink);
    const server: PackageServer = await openHttp({ host: HOST, port: 0, shelf, record, dripMs: 2, ...identity });
    open.push(server);
    const url = `${server.base}${shelf.put({ name: 'packageOk', behaviour, content: () => FILE })}`;
    return { url, shelf, server, log: () => logOf(sink.events, 1) };
  }

  it('serves a package over HTTP and records request and complete fetch', async () => {
    const { url, log } = await http(GOOD);
    const got = await fetchFrom(url);
    expect(got.body.equals(FILE)).to.equal(true);
    expect(got.headers['content-length']).to.equal('5000');
    expect(log().all(packageAsked)).to.have.lengthOf(1);
    expect(log().first(packageAsked)).to.include({ method: 'GET', served: 'packageOk', scheme: 'http' });
    expect(log().all(packageSent)).to.not.be.empty;
  });

  it('serves a range, which is no complete fetch', async () => {
    const { url, log } = await http(GOOD);
    const got = await fetchFrom(url, { range: 'bytes=100-199' });
    expect(got.status).to.equal(206);
    expect(got.headers['content-range']).to.equal('bytes 100-199/5000');
    expect(got.body.equals(FILE.subarray(100, 200))).to.equal(true);
    expect(log().all(packageSent)).to.be.empty;
    expect(log().first(packageProgress)).to.include({ offset: 100, octets: 100, of: 5000, step: 'piece' });
  });

  it('serves the last octets where a range names no first one', async () => {
    const { url, log } = await http(GOOD);
    const got = await fetchFrom(url, { range: 'bytes=-256' });
    expect(got.headers['content-range']).to.equal('bytes 4744-4999/5000');
    expect(got.body.equals(FILE.subarray(4744))).to.equal(true);
    expect(log().all(packageSent), 'the end of a package is no whole one').to.be.empty;
  });

  it('counts ranges as a complete fetch once no octet is missing, in whatever order', async () => {
    const { url, log } = await http(GOOD);
    for (const range of ['bytes=4000-', 'bytes=0-1023']) await fetchFrom(url, { range });
    expect(log().all(packageSent)).to.be.empty;
    await fetchFrom(url, { range: 'bytes=1000-3999' });
    expect(log().first(packageSent)).to.include({ request: log().all(packageAsked)[2]?.n });
  });

  it('answers with a status', async () => {
    const { url, log } = await http({ kind: 'status', status: 503 });
    expect(await fetchFrom(url)).to.include({ status: 503 });
    expect(log().last(packageProgress)).to.include({ status: 503, step: 'end' });
  });

  it('closes in the middle: the announced length does not come', async () => {
    const { url, log } = await http({ kind: 'cut' });
    const got = await fetchFrom(url);
    expect([got.headers['content-length'], got.complete]).to.deep.equal(['5000', false]);
    expect(log().last(packageProgress)).to.include({ step: 'closed' });
    expect(log().all(packageSent)).to.be.empty;
  });

  it('stalls in the middle with the connection open', async () => {
    const { url, log } = await http({ kind: 'stall' });
    const got = await fetchFrom(url);
    expect([got.body.length, got.complete]).to.deep.equal([2500, false]);
    expect(
      log()
        .all(packageProgress)
        .map((p) => p.step),
    ).to.deep.equal(['piece']);
  });

  it('drips: the whole package in eight pieces', async () => {
    const { url, log } = await http({ kind: 'drip' });
    const got = await fetchFrom(url);
    expect(got.body.equals(FILE)).to.equal(true);
    expect(
      log()
        .all(packageProgress)
        .map((p) => p.step),
    ).to.deep.equal([...Array<string>(8).fill('piece'), 'end']);
  });

  it('serves less, or other, than it should', async () => {
    expect((await fetchFrom((await http({ kind: 'short' })).url)).body.equals(FILE.subarray(0, 2500))).to.equal(true);
    expect((await fetchFrom((await http({ kind: 'empty' })).url)).body).to.have.lengthOf(0);
    const { body } = await fetchFrom((await http({ kind: 'altered' })).url);
    const differing = [...body].flatMap((octet, i) => (octet === FILE[i] ? [] : [i]));
    expect([body.length, differing]).to.deep.equal([5000, [2500]]);
  });

  it('gives a package with credentials to who shows them, and records who did not', async () => {
    const { shelf, server, log } = await http(GOOD);
    const credentials = { user: 'box', password: 'pass:word' };
    const url = `${server.base}${shelf.put({ name: 'packageOk', behaviour: GOOD, credentials, content: () => FILE })}`;
    const refused = await fetchFrom(url);
    expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([401, 'Basic realm="packages"']);
    const authorization = `Basic ${Buffer.from('box:pass:word').toString('base64')}`;
    expect((await fetchFrom(url, { authorization })).body.equals(FILE)).to.equal(true);
    expect(
      log()
        .all(packageAsked)
        .map((r) => r.authorised),
    ).to.deep.equal([false, true]);
    expect(JSON.stringify(log().events), 'the password in the log').to.not.contain('pass:word');
  });

  it('knows no path of an earlier case', async () => {
    const { url, shelf, server, log } = await http(GOOD);
    shelf.clear();
    expect(await fetchFrom(url)).to.include({ status: 404 });
    expect(await fetchFrom(`${server.base}/elsewhere`)).to.include({ status: 404 });
    expect(log().all(packageAsked)).to.be.empty;
  });

  it('serves HTTPS to who trusts the bench, and records who does not', async () => {
    const ca = await newAuthority('Test');
    const { url, log } = await http(GOOD, ca);
    expect((await fetchFrom(url, {}, ca.certificate)).body.equals(FILE)).to.equal(true);
    let refused = '';
    await fetchFrom(url, {}, (await newAuthority('Other')).certificate).catch((e: Error) => (refused = e.message));
    expect(refused).to.match(/certificate|unable to verify/i);
    for (let i = 0; i < 50 && log().first(packageTrouble) === undefined; i++)
      await new Promise((r) => setTimeout(r, 2));
    expect(log().all(packageAsked)).to.have.lengthOf(1);
  });

  it('says which port is taken', async () => {
    const { server } = await http(GOOD);
    const port = Number(new URL(server.base).port);
    const record = packageRecorder(memorySink());
    let message = '';
    await openHttp({ host: HOST, port, shelf: newShelf(), record, dripMs: 1 }).catch(
      (e: Error) => (message = e.message),
    );
    expect(message).to.contain('EADDRINUSE');
  });
});

describe('package behaviours', () => {
  it('pieces make up the whole', () => {
    for (const behaviour of [GOOD, { kind: 'drip' } as const])
      for (const length of [0, 1, 7, 8, 9, 5000])
        expect(Buffer.concat(piecesOf(FILE.subarray(0, length), behaviour)).equals(FILE.subarray(0, length))).to.equal(
          true,
        );
  });
  it('only the content of wrong packages differs', () => {
    for (const kind of ['good', 'cut', 'stall', 'drip'] as const) expect(contentOf({ kind }, FILE)).to.equal(FILE);
  });
});

describe('bench certificates', () => {
  it('the authority of a rig stays the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-ca-'));
    try {
      const first = await benchAuthority(folder);
      const second = await benchAuthority(folder);
      expect(second.certificate).to.equal(first.certificate);
      expect((await second.issue('bench.example')).certificates).to.contain(first.certificate);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it("takes a lab's certificate and key, and says what is missing", async () => {
    const { certificates, key } = await (await newAuthority('Lab')).issue(HOST);
    expect(identityOf(`${key}\n${certificates}`, 'lab.pem').key).to.contain('PRIVATE KEY');
    expect(() => identityOf(certificates, 'lab.pem')).to.throw('private key');
    expect(() => identityOf(key, 'lab.pem')).to.throw('certificates');
  });
});
