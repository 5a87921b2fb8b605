import { expect } from 'chai';
import { type CoapEndpoint, openCoap } from '../coap/endpoint.ts';
import { openServer, type ServedRequest } from '../coap/server.ts';
import { memorySink } from '../core/events.ts';
import { ixitOf } from '../core/ixit.ts';
import { timingOf } from '../core/timing.ts';
import { openUdp } from '../link/udp.ts';
import { ACCOUNT_LIFETIME_S, type Account, bootstrapServer } from './bootstrap.ts';
import { decodeContent } from './codec/content.ts';
import { parsePath } from './codec/path.ts';
import { printValue } from './codec/value.ts';
import { LWM2M_TIMING } from './timing.ts';

const ixit = ixitOf({});
const PSK = { identity: Buffer.from('dev'), key: Buffer.from('0102', 'hex') };

describe('LwM2M bootstrap server', () => {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  async function port(): Promise<CoapEndpoint> {
    const wire = await openUdp({ host: '127.0.0.1', port: 0, sink: memorySink(), channel: 'coap' });
    const endpoint = openCoap({ wire, sink: memorySink(), channel: 'coap' });
    open.push(async () => {
      endpoint.close();
      await wire.close();
    });
    return endpoint;
  }

  /** A device that asks once; what it was told until the end, and how it was answered. */
  async function told(account: Account, query: string[], answer = '2.04'): Promise<[string, readonly ServedRequest[]]> {
    const [bench, device] = [await port(), await port()];
    const boot = bootstrapServer({
      bench: { events: memorySink(), timing: timingOf(LWM2M_TIMING, ixit, { protocol: 0.05, link: 0.1 }) },
      endpoint: bench,
      device: 'dev',
      account: () => Promise.resolve(account),
      asked: () => undefined,
    });
    openServer(bench).route('/bs', (request) => boot.serve(request));
    const seen: ServedRequest[] = [];
    const over = new Promise<void>((resolve) => {
      openServer(device).route(
        () => true,
        (request) => {
          seen.push(request);
          if (request.path === '/bs' || !answer.startsWith('2.')) setImmediate(resolve);
          return { code: answer };
        },
      );
    });
    const asked = await device.request({ to: bench.local, method: 'POST', path: '/bs', query });
    const code = asked.kind === 'reply' ? asked.code : asked.kind;
    if (code === '2.04') await over;
    return [code, seen];
  }

  const shows = ({ path, body, contentFormat }: ServedRequest): string[] => {
    const content = decodeContent(contentFormat, parsePath(path) ?? [], body);
    return content.ok
      ? content.entries.map((e) => `${e.path[2]} ${e.value === undefined ? '' : printValue(e.value)}`)
      : [];
  };

  it('clears the accounts, writes one with the key of the rig, and ends', async () => {
    const [code, seen] = await told({ uri: 'coaps://127.0.0.1:5684', psk: PSK }, ['ep=dev']);
    expect(code).to.equal('2.04');
    expect(seen.map((r) => `${r.method} ${r.path}`)).to.deep.equal([
      'DELETE /0',
      'DELETE /1',
      'PUT /0/1',
      'PUT /1/0',
      'POST /bs',
    ]);
    const [, , security, server] = seen as [ServedRequest, ServedRequest, ServedRequest, ServedRequest];
    expect(security.contentFormat).to.equal(11_542);
    expect(shows(security).slice(0, 3)).to.deep.equal(['0 "coaps://127.0.0.1:5684"', '1 false', '2 0']);
    expect(security.body.includes(PSK.key)).to.equal(true);
    expect(shows(server)).to.include(`1 ${ACCOUNT_LIFETIME_S}`);
  });

  it('writes in the format that the device prefers, mode 3 for a server in clear', async () => {
    // The last one is none that carries an instance.
    for (const [pct, format] of [
      [110, 110],
      [112, 112],
      [11_542, 11_542],
      [11_543, 11_543],
      [11_544, 11_544],
      [60, 11_542],
    ] as const) {
      const [, seen] = await told({ uri: 'coap://127.0.0.1:5683' }, ['ep=dev', `pct=${pct}`]);
      const security = seen.find((r) => r.path === '/0/1');
      expect(security?.contentFormat).to.equal(format);
      expect(security === undefined ? [] : shows(security), `pct ${pct}`).to.include('2 3');
    }
  });

  it('refuses another device, and stops at the first refusal', async () => {
    expect(await told({ uri: 'coap://127.0.0.1' }, ['ep=other'])).to.deep.equal(['4.00', []]);
    const [, seen] = await told({ uri: 'coap://127.0.0.1' }, ['ep=dev'], '4.05');
    expect(seen.map((r) => r.path)).to.deep.equal(['/0']);
  });
});
