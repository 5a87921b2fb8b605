import type { BenchClock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { type Peer, peerKey } from '../../link/wire.ts';
import { decodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { parsePath } from '../../lwm2m/codec/path.ts';
import type { Entry } from '../../lwm2m/codec/value.ts';
import { Alarm } from '../alarm.ts';
import type { Endpoint, LinkTiming, Reply, Request } from '../coap/endpoint.ts';
import { METHOD, OPTION, pathOf, uintOf, uintOption, uriOptions } from '../coap/message.ts';
import { formatsOf } from './formats.ts';
import type { Options } from './options.ts';
import type { Account } from './saved.ts';

export interface BootstrapPort {
  readonly endpoint: Endpoint;
  readonly clock: BenchClock;
  readonly link: LinkTiming;
  readonly options: Options;
  /** Finds the bootstrap server. */
  connect(): Promise<Peer>;
  /** The server has given an account and ended the bootstrap; `lifetimeS` where it set one. */
  done(account: Account, lifetimeS: number | undefined): void;
}

/** Protocol time before the next attempt, and acknowledgement timeouts that an attempt may take. */
const RETRY_MS = 2000;
const PATIENCE = 12;
/** Resources of object 0. */
const SECURITY = { uri: 0, isBootstrap: 1, identity: 3, key: 5 } as const;

/** Client-initiated bootstrap: asks for an account, takes what the bootstrap server writes into objects 0 and 1, and ends when told. */
export class Bootstrap {
  private readonly port: BootstrapPort;
  private readonly alarm: Alarm;
  private server: Peer | undefined;
  private active = false;
  private round = 0;
  /** What the bootstrap server has written, by path. */
  private readonly written = new Map<string, Entry>();

  constructor(port: BootstrapPort) {
    this.port = port;
    this.alarm = new Alarm(port.clock);
  }

  /** Asks the bootstrap server, again and again until it answers. */
  start(): void {
    this.stop();
    this.active = true;
    this.written.clear();
    void this.ask(this.round);
  }

  stop(): void {
    this.round += 1;
    this.active = false;
    this.alarm.clear();
  }

  /** True for a request that belongs to a bootstrap under way. */
  concerns({ from }: Request): boolean {
    return this.active && this.server !== undefined && peerKey(from) === peerKey(this.server);
  }

  /** Answers what the bootstrap server asks for. */
  handle(request: Request): Reply {
    const { message } = request;
    if (message.code === METHOD.post && pathOf(message) === '/bs') return this.finish();
    const path = parsePath(pathOf(message));
    if (path === undefined) return { code: '4.04' };
    switch (message.code) {
      case METHOD.delete:
        for (const key of this.written.keys()) if (`${key}/`.startsWith(`/${path.join('/')}`)) this.written.delete(key);
        return { code: '2.02' };
      case METHOD.put:
        return this.write(request, path);
      case METHOD.get:
        return this.discover(request);
      default:
        return { code: '4.05' };
    }
  }

  /** POST /bs; from version 1.1 on with the preferred content format. */
  private async ask(round: number): Promise<void> {
    const { endpoint, options, link, clock } = this.port;
    const queries = [`ep=${options.endpoint}`, ...(options.lwm2m === '1.0' ? [] : [`pct=${FORMAT.senmlCbor}`])];
    const again = (why: string): void => {
      process.stderr.write(`simulated device: no bootstrap yet: ${why}\n`);
      if (round === this.round) this.alarm.set(clock.protocolNow() + RETRY_MS, () => void this.ask(round));
    };
    try {
      this.server = await this.port.connect();
    } catch (e) {
      return again(messageOf(e));
    }
    if (round !== this.round) return;
    const limitMs = link.ackTimeoutMs * PATIENCE;
    const asked = await endpoint.request(this.server, METHOD.post, uriOptions('/bs', queries), undefined, limitMs);
    if (!asked.ok || asked.message.code !== '2.04') again(asked.ok ? asked.message.code : asked.why);
  }

  /** Write of an instance or a resource of object 0 or 1. */
  private write({ message }: Request, path: readonly number[]): Reply {
    const format = uintOf(message, OPTION.contentFormat);
    if (format === undefined || !formatsOf(this.port.options).includes(format)) return { code: '4.15' };
    const decoded = decodeContent(format, path, message.payload);
    if (!decoded.ok) return { code: '4.00' };
    for (const entry of decoded.entries) this.written.set(`/${entry.path.join('/')}`, entry);
    return { code: '2.04' };
  }

  /** Bootstrap-Discover. */
  private discover({ message }: Request): Reply {
    if (uintOf(message, OPTION.accept) !== FORMAT.link) return { code: '4.05' };
    const { lwm2m } = this.port.options;
    const instances = new Set([...this.written.values()].map(({ path }) => `/${path.slice(0, 2).join('/')}`));
    const links = [`</>;lwm2m=${lwm2m}`, ...[...instances, '/3/0', '/9'].map((path) => `<${path}>`)];
    return {
      code: '2.05',
      options: [uintOption(OPTION.contentFormat, FORMAT.link)],
      payload: Buffer.from(links.join(',')),
    };
  }

  /** The end of the bootstrap; 4.06 where what was written is no account. */
  private finish(): Reply {
    const account = this.account();
    if (account === undefined) return { code: '4.06' };
    this.stop();
    const lifetime = [...this.written.values()].find(({ path }) => path[0] === 1 && path[2] === 1)?.value?.value;
    setImmediate(() => this.port.done(account, typeof lifetime === 'number' ? lifetime : undefined));
    return { code: '2.04' };
  }

  /** The first instance of object 0 that is not the bootstrap server itself. */
  private account(): Account | undefined {
    const ids = new Set([...this.written.values()].filter(({ path }) => path[0] === 0).map(({ path }) => path[1]));
    for (const id of ids) {
      const value = (resource: number): unknown => this.written.get(`/0/${id}/${resource}`)?.value?.value;
      const [uri, isBootstrap] = [value(SECURITY.uri), value(SECURITY.isBootstrap)];
      if (typeof uri !== 'string' || isBootstrap === true) continue;
      const hex = (octets: unknown): string => (Buffer.isBuffer(octets) ? octets.toString('hex') : '');
      return { uri, identity: hex(value(SECURITY.identity)), key: hex(value(SECURITY.key)) };
    }
    return undefined;
  }
}
