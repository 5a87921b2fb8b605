import { BenchError, printError } from '../../core/errors.ts';
import { type Ev, memorySink } from '../../core/events.ts';
import type { Impairments } from '../impair.ts';
import type { Wire } from '../wire.ts';
import { newAuthority, newRawKey } from './certificates.ts';
import type { ClientCredentials, OwnCertificate, ServerCredentials } from './credentials.ts';
import type { AssociationInfo } from './info.ts';
import type { DtlsOptions, DtlsWire } from './port.ts';
import type { SuiteName } from './suites.ts';
import { MemoryNet, type MemoryWire, VirtualClock } from './testbed.ts';
import { openDtls } from './wire.ts';

/** The identity that both ends know, and its key. */
export const IDENTITY = Buffer.from('00ff7ac3', 'hex');
export const KEY = Buffer.from('5e5a3e5e5a3e', 'hex');
/** In milliseconds. */
export const MINUTE = 60_000;

/** Certificates of both kinds and both ends, made once. */
export interface Shown {
  readonly client: OwnCertificate;
  readonly server: OwnCertificate;
  readonly trust: NonNullable<ClientCredentials['trust']>;
}

/** Ends on a network in memory, on virtual time. */
export class Bench {
  readonly clock = new VirtualClock();
  readonly net = new MemoryNet(this.clock);
  readonly keyLog: string[] = [];
  private port = 5684;

  open(
    options: Partial<DtlsOptions> = {},
    impairments?: Impairments,
    through: (below: MemoryWire) => Wire = (below) => below,
  ): { dtls: DtlsWire; below: MemoryWire; events: readonly Ev[] } {
    const below = this.net.open(this.port++, impairments);
    const sink = memorySink(() => this.clock.now());
    const keyLog = (line: string): void => void this.keyLog.push(line);
    const dtls = openDtls({ wire: through(below), sink, channel: 'coap', clock: this.clock, keyLog, ...options });
    return { dtls, below, events: sink.events };
  }

  /** The handshake's outcome, virtual time passing as it needs. */
  async connect(from: DtlsWire, to: DtlsWire, credentials: ClientCredentials): Promise<AssociationInfo | BenchError> {
    const done = from.connect(to.local, credentials).catch((e: unknown) => {
      if (e instanceof BenchError) return e;
      throw e;
    });
    await this.clock.run(10 * MINUTE, done);
    return done;
  }
}

/** The association that came about; throws why it did not. */
export const info = (outcome: AssociationInfo | BenchError): AssociationInfo => {
  if (outcome instanceof BenchError) throw outcome;
  return outcome;
};
/** Why it did not come about, as printed. */
export const failure = (outcome: AssociationInfo | BenchError): string => {
  if (!(outcome instanceof BenchError)) throw new Error('the handshake was not refused');
  return printError(outcome);
};
/** What arrives from now on, in hex. */
export const received = (wire: DtlsWire): string[] => {
  const out: string[] = [];
  wire.onReceive((data) => out.push(data.toString('hex')));
  return out;
};
export const ofType = (events: readonly Ev[], type: string): Ev[] => events.filter((e) => e.type === type);
export const reasons = (events: readonly Ev[]): unknown[] =>
  ofType(events, 'dtls.dropped').map((e) => e.data?.['reason']);

/** Both ends with the pre-shared key. */
export const psk: ClientCredentials = {
  suites: ['TLS_PSK_WITH_AES_128_CCM_8'],
  psk: { identity: IDENTITY, key: KEY },
};
export const knows: ServerCredentials = { psk: (identity) => (identity.equals(IDENTITY) ? KEY : undefined) };

/** Certificates of a chain. */
export async function chained(): Promise<Shown> {
  const root = await newAuthority({ name: 'bench root' });
  const middle = await root.intermediate({ name: 'bench issuer' });
  return {
    client: await middle.issue({ name: 'tester' }),
    server: await root.issue({ name: 'device' }),
    trust: { roots: [root.certificate] },
  };
}

/** Raw public keys. */
export async function bareKeys(): Promise<Shown> {
  const [client, server] = [await newRawKey(), await newRawKey()];
  return { client, server, trust: { keys: [client.key, server.key] } };
}

/** Credentials of both ends for a suite. */
export function both(suite: SuiteName, shown: Shown): { client: ClientCredentials; server: ServerCredentials } {
  const certificates = suite === 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8';
  const { trust } = shown;
  return {
    client: {
      suites: [suite],
      psk: { identity: IDENTITY, key: KEY },
      ...(certificates ? { certificate: shown.client, trust } : { trust }),
    },
    server: { ...knows, suites: [suite], certificate: shown.server, trust },
  };
}
