import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchClock } from '../../core/clock.ts';
import { BenchError, InputError, messageOf } from '../../core/errors.ts';
import type { ClientCredentials } from '../../link/dtls/credentials.ts';
import { certificatesIn, ownCertificateIn, ownKeyIn, publicKeyIn } from '../../link/dtls/pem.ts';
import type { DtlsWire } from '../../link/dtls/port.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import type { Impairments } from '../../link/impair.ts';
import { openUdp, resolvePeer } from '../../link/udp.ts';
import { type Peer, printPeer } from '../../link/wire.ts';
import { type LinkTiming, linkTiming } from '../coap/endpoint.ts';
import { type DeviceStart, noSink, type SimulatedDevice } from '../process.ts';
import { folderStore } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { Lwm2mDevice } from './device.ts';
import type { Options } from './options.ts';
import type { Account } from './saved.ts';

/** What the simulated device is started with. */
export interface Lwm2mStart extends DeviceStart {
  readonly options: Options;
  readonly behaviour: Behaviour;
}

const DEFAULT_PORT = { 'coap:': 5683, 'coaps:': 5684 } as const;
/** A handshake may take so many acknowledgement timeouts, and at least this long, before it is begun anew. */
const HANDSHAKE_TIMEOUTS = 8;
const HANDSHAKE_MS = 3000;

/** Opens the device on a free port; it registers by itself. Throws InputError or BenchError where options, key, certificates or port cannot be used. */
export async function openLwm2mDevice(start: Lwm2mStart): Promise<SimulatedDevice> {
  const { options, behaviour, factors, epochMs } = start;
  const url = await withPort(serverUrl(options.server), start.state);
  const secure = url.protocol === 'coaps:';
  const sink = noSink();
  const credentials = readCredentials(options);
  if (secure && credentials === undefined)
    throw optionError('psk', 'a coaps server needs a key: psk=env:NAME, psk=file:PATH, certificate or rawKey');
  // Read at every fetch: a bench makes its certificate when it first serves by https.
  const ca = options.ca === '' ? {} : { ca: () => readCertificates(options.ca) };
  const impair: Impairments | undefined =
    start.impair === undefined ? undefined : { seed: start.linkSeed, in: start.impair, out: start.impair };
  const wanted = impair === undefined ? {} : { impair };
  const link = linkTiming(factors.link);
  const v6 = url.hostname.startsWith('[');
  const udp = await openUdp({ host: v6 ? '::' : '0.0.0.0', port: 0, sink, channel: 'coap', ...wanted });
  const dtls = secure ? openDtls({ wire: udp, sink, channel: 'coaps' }) : undefined;
  const device = new Lwm2mDevice({
    wire: dtls ?? udp,
    connect: (account) => connect(account === undefined ? { url, credentials } : serverOf(account, secure), dtls, link),
    clock: benchClock(epochMs, factors.protocol),
    link,
    awakeMs: options.awakeMs * factors.link,
    options,
    behaviour,
    store: folderStore(start.state),
    sink,
    ...wanted,
    ...(credentials === undefined ? {} : { credentials }),
    ...ca,
  });
  const local = printPeer({ address: v6 ? '::1' : '127.0.0.1', port: udp.local.port });
  return {
    ready: {
      iut: `${secure ? 'coaps' : 'coap'}://${local}`,
      server: `${url.protocol}//${url.host}`,
      endpoint: options.endpoint,
    },
    verbs: verbsOf(device),
  };
}

interface Server {
  readonly url: URL;
  readonly credentials: ClientCredentials | undefined;
}

async function connect({ url, credentials }: Server, dtls: DtlsWire | undefined, link: LinkTiming): Promise<Peer> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const standard = DEFAULT_PORT[dtls === undefined ? 'coap:' : 'coaps:'];
  const server = await resolvePeer(host, url.port === '' ? standard : Number(url.port));
  if (dtls === undefined || credentials === undefined) return server;
  // A new registration starts a session of its own: the server may have forgotten the old one.
  dtls.forget(server);
  const deadlineMs = Math.max(HANDSHAKE_MS, link.ackTimeoutMs * HANDSHAKE_TIMEOUTS);
  await dtls.connect(server, credentials, { firstTimerMs: link.ackTimeoutMs / 2, deadlineMs });
  return server;
}

/** The server of an account. Throws a BenchError where it is of the other kind than the bootstrap server: the device has one socket. */
function serverOf({ uri, identity, key }: Account, secure: boolean): Server {
  const url = serverUrl(uri);
  if ((url.protocol === 'coaps:') !== secure)
    throw new BenchError('sim-bootstrap', `bootstrap and server must both be coap or both coaps; told ${uri}`);
  return {
    url,
    credentials:
      key === '' ? undefined : { psk: { identity: Buffer.from(identity, 'hex'), key: Buffer.from(key, 'hex') } },
  };
}

/** Port 0 stands for a free one, which the bench is then told to listen on; it stays the same over restarts. */
async function withPort(url: URL, state: string): Promise<URL> {
  if (url.port !== '0') return url;
  const file = join(state, 'server-port');
  mkdirSync(state, { recursive: true });
  if (!existsSync(file)) {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const probe = await openUdp({ host, port: 0, sink: noSink(), channel: 'probe' });
    // Renamed when complete: a kill at any moment leaves the whole number or none.
    writeFileSync(`${file}.new`, String(probe.local.port));
    renameSync(`${file}.new`, file);
    await probe.close();
  }
  const found = new URL(url);
  found.port = readFileSync(file, 'utf8');
  return found;
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !Object.hasOwn(DEFAULT_PORT, url.protocol) || url.hostname === '')
    throw optionError('server', `expected coap://host:port or coaps://host:port, found ${JSON.stringify(text)}`);
  return url;
}

/** What the device shows and trusts; undefined where it is told nothing. */
function readCredentials(options: Options): ClientCredentials | undefined {
  const { certificate, trust, rawKey, serverKey } = options;
  if (certificate !== '')
    return {
      certificate: ownCertificateIn(readFile(certificate, 'certificate'), certificate),
      trust: { roots: certificatesIn(readFile(trust, 'trust'), trust) },
    };
  if (rawKey !== '')
    return {
      certificate: ownKeyIn(readFile(rawKey, 'rawKey'), rawKey),
      trust: { keys: [publicKeyIn(readFile(serverKey, 'serverKey'), serverKey)] },
    };
  return options.psk === '' ? undefined : { psk: readPsk(options) };
}

function readPsk({ psk, identity, endpoint }: Options): NonNullable<ClientCredentials['psk']> {
  const [kind = '', ...rest] = psk.split(':');
  const name = rest.join(':');
  const found = kind === 'env' ? process.env[name] : kind === 'file' ? readFile(name, 'psk') : undefined;
  if (found === undefined)
    throw optionError('psk', kind === 'env' ? `no environment variable ${name}` : 'expected env:NAME or file:PATH');
  const hex = found.trim();
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw optionError('psk', `the key in ${psk} is not hexadecimal`);
  return { identity: Buffer.from(identity === '' ? endpoint : identity), key: Buffer.from(hex, 'hex') };
}

function readFile(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    throw new InputError(`sim-${option}`, `cannot be read: ${messageOf(e)}`, { place: { file }, cause: e });
  }
}

/** The certificates that are trusted now; without the file nobody is, and standard error says why. */
function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    process.stderr.write(`simulated device: no certificate to trust: ${messageOf(e)}\n`);
    return '';
  }
}

function optionError(option: string, why: string): InputError {
  return new InputError(`sim-${option}`, why, { place: { where: `--option ${option}` } });
}

function verbsOf(device: Lwm2mDevice): SimulatedDevice['verbs'] {
  const verb = (help: string, act: () => void | Promise<void>): SimulatedDevice['verbs'][string] => ({
    help,
    run: async () => {
      await act();
      return device.summary;
    },
  });
  return {
    show: verb('registration, and state, result and activation of every instance', () => undefined),
    register: verb('registers anew', () => device.register()),
    update: verb('sends a registration update', () => device.update()),
    deregister: verb('takes the registration back', () => device.deregister()),
    reboot: verb('restarts; delivered and installed software stays', () => device.reboot()),
    reset: verb('factory reset, software included; then registers anew', () => device.factoryReset()),
  };
}
