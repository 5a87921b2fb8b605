import { TesterError } from '../../core/errors.ts';
import type { Json } from '../../core/events.ts';
import type { Peer } from '../wire.ts';
import { keyOf, type PeerCertificate } from './chain.ts';
import { publicKeyInfo } from './credentials.ts';
import type { Role } from './handshake/conversation.ts';
import type { SuiteName } from './suites.ts';
import type { Entry } from './table.ts';

/** What may be known about an open association. Keys leave it only by {@link exportKeyBlock}. */
export interface AssociationInfo {
  readonly peer: Peer;
  /** Of this end. */
  readonly role: Role;
  readonly suite: SuiteName;
  readonly extendedMasterSecret: boolean;
  /** On what we receive, and on what we send; empty where a direction has none. */
  readonly connectionIds: { readonly own: Buffer; readonly peer: Buffer };
  /** The client's PSK identity, octets. */
  readonly pskIdentity?: Buffer;
  readonly pskHint?: Buffer;
  readonly peerCertificate?: PeerCertificate;
  /** Flights of this end that were sent again. */
  readonly repeats: number;
  readonly tookMs: number;
  /** The key block as expanded: 40 octets with CCM_8, 96 with CBC. OCF makes its owner PSK from it. */
  exportKeyBlock(): Buffer;
}

/** The public view of an association whose handshake is finished. */
export function infoOf(entry: Entry): AssociationInfo {
  const { negotiated, machine, peer, tookMs = 0, repeats = 0 } = entry;
  if (negotiated === undefined) throw new TesterError('dtls-info', 'the handshake is not finished');
  const { suite, extendedMasterSecret, cids, keys, pskIdentity, pskHint, peerCertificate } = negotiated;
  return {
    peer,
    role: machine.role,
    suite,
    extendedMasterSecret,
    connectionIds: { own: cids.own, peer: cids.peer },
    ...(pskIdentity === undefined ? {} : { pskIdentity }),
    ...(pskHint === undefined ? {} : { pskHint }),
    ...(peerCertificate === undefined ? {} : { peerCertificate }),
    repeats,
    tookMs,
    exportKeyBlock: () => Buffer.from(keys.block),
  };
}

/** The association for the event log: everything but keys. */
export function describe(info: AssociationInfo): Readonly<Record<string, Json>> {
  const { role, suite, extendedMasterSecret, connectionIds, pskIdentity, peerCertificate, repeats, tookMs } = info;
  const cids = { own: connectionIds.own.toString('hex'), peer: connectionIds.peer.toString('hex') };
  return {
    role,
    suite,
    extendedMasterSecret,
    connectionIds: cids,
    ...(pskIdentity === undefined ? {} : { pskIdentity: pskIdentity.toString('hex') }),
    ...(peerCertificate === undefined ? {} : { peerPublicKey: publicKeyInfo(keyOf(peerCertificate)).toString('hex') }),
    repeats,
    tookMs: Math.round(tookMs * 1000) / 1000,
  };
}
