import { createSocket, type Socket } from 'node:dgram';
import {
  Agent,
  type CoapRequestParams,
  type IncomingMessage,
  type ObserveWriteStream,
  type OutgoingMessage,
  Server,
} from 'coap';
import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import { octets, seeded } from '../core/random.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import type { Peer } from '../link/wire.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { type CoapServer, openServer } from './server.ts';

/** Long enough that nothing is repeated, however busy the machine is. */
const CALM = { ackTimeoutMs: 2000, ackRandomFactor: 1, maxRetransmit: 3 };
const BODY = octets(seeded(4), 3000);

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

/** The package closes a socket that it was given on some ways and leaves it open on others. */
async function closed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    try {
      socket.close();
    } catch {
      resolve();
    }
  });
}

/** The package `coap` as a peer that shares nothing with this endpoint but the codec; only where it keeps to the standard itself. */
describe('CoAP endpoint with the package coap as peer', () => {
  let wire: UdpWire;
  let endpoint: CoapEndpoint;

  beforeEach(async () => {
    const sink = memorySink();
    wire = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'coap' });
    endpoint = openCoap({ wire, sink, channel: 'coap', timing: CALM });
  });
  afterEach(async () => {
    endpoint.close();
    await wire.close();
  });

  describe('its server', () => {
    let server: Server;
    let to: Peer;
    let socket: Socket;
    let received: Buffer | undefined;
    let watcher: ObserveWriteStream | undefined;

    const handle = (req: IncomingMessage, res: OutgoingMessage | ObserveWriteStream): void => {
      if (req.method === 'PUT') {
        received = req.payload;
        res.statusCode = '2.04';
        res.end();
      } else if (req.headers['Observe'] === 0) {
        watcher = res as ObserveWriteStream;
        res.write('one');
      } else if (req.url === '/slow') setTimeout(() => res.end('late'), 150);
      else res.end(req.url === '/large' ? BODY : 'small');
    };

    beforeEach(async () => {
      received = undefined;
      server = new Server({ type: 'udp4', piggybackReplyMs: 20 });
      server.on('request', handle);
      socket = await bound();
      server.listen(socket);
      to = { address: '127.0.0.1', port: socket.address().port };
    });
    afterEach(async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await closed(socket);
    });

    it('answers at once, and late', async () => {
      expect(await endpoint.request({ to, method: 'GET', path: '/small', deadlineMs: 2000 })).to.deep.include({
        kind: 'reply',
        code: '2.05',
        payload: Buffer.from('small'),
        separate: false,
      });
      expect(await endpoint.request({ to, method: 'GET', path: '/slow', deadlineMs: 2000 })).to.deep.include({
        payload: Buffer.from('late'),
        separate: true,
      });
    });

    it('gives and takes a body in blocks (with one token for all of an upload)', async () => {
      const get = await endpoint.request({ to, method: 'GET', path: '/large', szx: 4, deadlineMs: 2000 });
      expect(get).to.deep.include({ code: '2.05', payload: BODY, complete: true });
      const put = await endpoint.request({
        to,
        method: 'PUT',
        path: '/large',
        payload: BODY,
        szx: 5,
        tokens: 'same',
        deadlineMs: 2000,
      });
      expect(put).to.include({ kind: 'reply', code: '2.04' });
      expect(received?.equals(BODY)).to.equal(true);
      expect(
        put.findings.map((f) => f.rule),
        'its final answers lack Block1',
      ).to.deep.equal(['block1-missing']);
    });

    it('is observed, and left', async () => {
      const observed = await endpoint.observe({ to, path: '/state', deadlineMs: 2000 });
      if (observed.kind !== 'observing') throw new Error('refused');
      expect(observed.first.payload.toString()).to.equal('one');
      watcher?.write('two');
      expect((await observed.observation.next(2000))?.payload.toString()).to.equal('two');
      const left = new Promise((resolve) => watcher?.on('finish', resolve));
      await observed.observation.cancel('reset');
      watcher?.write('three');
      await left;
    });
  });

  describe('its client', () => {
    let server: CoapServer;
    let agent: Agent;
    let socket: Socket;

    beforeEach(async () => {
      server = openServer(endpoint);
      socket = await bound();
      agent = new Agent({ socket });
    });
    afterEach(async () => {
      server.close();
      await closed(socket);
    });

    const ask = (params: CoapRequestParams, payload?: Buffer): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const request = agent.request({ host: '127.0.0.1', port: wire.local.port, ...params });
        request.on('response', resolve);
        request.on('error', reject);
        request.end(payload);
      });

    it('is answered at once, and late', async () => {
      server.route('/now', () => ({ code: '2.05', payload: Buffer.from('now') }));
      server.route('/late', async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        return { code: '2.05', payload: Buffer.from('late') };
      });
      const responses = await Promise.all([ask({ pathname: '/now' }), ask({ pathname: '/late' })]);
      expect(responses.map((r) => [r.code, r.payload.toString()])).to.deep.equal([
        ['2.05', 'now'],
        ['2.05', 'late'],
      ]);
    });

    it('fetches a file in blocks', async () => {
      server.file('/fw', BODY);
      const response = await ask({ pathname: '/fw' });
      expect(response.payload.equals(BODY)).to.equal(true);
    });

    it('uploads a body in blocks', async () => {
      let got: Buffer | undefined;
      server.route('/up', ({ body }) => {
        got = body;
        return { code: '2.04' };
      });
      const params = { pathname: '/up', method: 'PUT' as const, options: { Block1: Buffer.from([0x06]) } };
      expect((await ask(params, BODY)).code).to.equal('2.04');
      expect(got?.equals(BODY)).to.equal(true);
    });
  });
});
