import { BenchError } from '../../core/errors.ts';
import type { Method } from '../../coap/message.ts';
import type { Outcome } from '../../coap/request.ts';
import { type Peer, printPeer } from '../../link/wire.ts';
import type { Client } from '../client.ts';
import { type CborMap, decodeCbor, isCborMap } from '../codec/cbor.ts';
import { printValue } from '../value.ts';

/** One request by which the tester becomes or acts as the owner. */
export interface Errand {
  readonly client: Client;
  readonly to: Peer;
  /** As it stands in messages and in the log: `choose the transfer method`. */
  readonly step: string;
}

/** The answer as it stands in messages: `4.00`, `no answer in 9300 ms`. */
export function printOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reply':
      return outcome.code;
    case 'silence':
      return `no answer in ${Math.round(outcome.afterMs)} ms`;
    case 'reset':
      return 'a reset';
  }
}

function failed({ step, to }: Errand, path: string, what: string): BenchError {
  return new BenchError('ocf-owning', `${step} (${path}): ${what}`, { place: { where: printPeer(to) } });
}

/** GET of a security resource; undefined where the device refuses it. Throws a BenchError for silence and for what is no map. */
export async function inspect(errand: Errand, path: string): Promise<CborMap | undefined> {
  const { client, to, step } = errand;
  const outcome = await client.request('GET', { to, path, subject: 'owning', label: step });
  if (outcome.kind !== 'reply') throw failed(errand, path, `expected an answer, observed ${printOutcome(outcome)}`);
  if (!outcome.code.startsWith('2.')) return undefined;
  const decoded = decodeCbor(outcome.payload);
  if (decoded.ok && isCborMap(decoded.value)) return decoded.value;
  throw failed(errand, path, `expected a map, observed ${decoded.ok ? printValue(decoded.value) : decoded.reason}`);
}

/** A change of a security resource that must succeed; throws a BenchError that tells what the device answered. */
export async function demand(errand: Errand, method: Method, path: string, body?: CborMap): Promise<void> {
  const { client, to, step } = errand;
  const sent = body === undefined ? {} : { body };
  const outcome = await client.request(method, { to, path, subject: 'owning', label: step, ...sent });
  if (outcome.kind === 'reply' && outcome.code.startsWith('2.')) return;
  throw failed(errand, path, `expected success, 2.xx, observed ${printOutcome(outcome)}`);
}
