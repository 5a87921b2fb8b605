import { type RandomOctets } from '../record/cipher.ts';
import { CONTENT, HANDSHAKE, type HandshakeName } from '../numbers.ts';
import type { KeyBlock, Randoms } from '../keys.ts';
import type { PeerCertificate } from '../chain.ts';
import type { SuiteName } from '../suites.ts';
import type { Flight, FlightItem } from './fragments.ts';
import { type Message, wholeMessage } from './messages.ts';

export type Role = 'client' | 'server';

/** What both roles take into a handshake besides credentials. */
export interface HelloSettings {
  readonly random: RandomOctets;
  /** Offer or answer RFC 7627. */
  readonly extendedMasterSecret: boolean;
  /** Offer or answer RFC 5746. */
  readonly secureRenegotiation: boolean;
  /** The connection id that the peer shall use towards us; empty: we want none but take the peer's; undefined: not negotiated. */
  readonly ownCid: Buffer | undefined;
  /** The day at which certificates must be valid. */
  readonly today: () => Date;
}

/** What a finished handshake has settled. */
export interface Negotiated {
  readonly suite: SuiteName;
  readonly randoms: Randoms;
  readonly masterSecret: Buffer;
  readonly keys: KeyBlock;
  readonly extendedMasterSecret: boolean;
  readonly cids: Cids;
  /** PSK identity: the client's own at the client, the received one at the server. */
  readonly pskIdentity?: Buffer;
  readonly pskHint?: Buffer;
  readonly peerCertificate?: PeerCertificate;
}

/** Connection ids as negotiated; `own` is on what we receive, `peer` on what we send; empty where that direction has none. */
export interface Cids {
  readonly inUse: boolean;
  readonly own: Buffer;
  readonly peer: Buffer;
}

export const NO_CIDS: Cids = { inUse: false, own: Buffer.alloc(0), peer: Buffer.alloc(0) };

/** What a handshake machine asks of the association, in this order. */
export type Action =
  | { readonly do: 'flight'; readonly flight: Flight }
  | { readonly do: 'keys'; readonly keys: KeyBlock; readonly cids: Cids }
  | { readonly do: 'done'; readonly negotiated: Negotiated };

/** One end of one handshake. No clock, no sending: messages in, actions out; HandshakeError where it cannot go on. */
export interface HandshakeMachine {
  readonly role: Role;
  /** Random of the client's hello, by which a repeated hello is told from a new one. */
  readonly clientRandom: Buffer;
  start(): readonly Action[];
  handle(message: Message): readonly Action[];
  /** What has not come yet, for the message when time is up; `unreadable` counts protected records that no key opened. */
  missing(unreadable: number): string;
}

/** The wrong-key hint that messages carry where a pre-shared key takes part. */
export const WRONG_KEY = 'a wrong key is a likely cause';

/** Numbers the messages of this end and keeps the transcript: RFC 6347 4.2.6. */
export class Conversation {
  private next: number;
  private messages: Buffer[] = [];

  constructor(firstNumber: number) {
    this.next = firstNumber;
  }

  /** A message of ours: numbered, in the transcript, ready for a flight. */
  say(name: HandshakeName, body: Buffer, epoch: 0 | 1 = 0): FlightItem {
    const data = wholeMessage({ type: HANDSHAKE[name], number: this.next++, body });
    this.messages.push(data);
    return { content: CONTENT.handshake, data, epoch };
  }

  /** A message of the peer enters the transcript. */
  hear(message: Message): void {
    this.messages.push(wholeMessage(message));
  }

  /** A HelloVerifyRequest came: neither it nor the hello before it counts. */
  forget(): void {
    this.messages = [];
  }

  bytes(): Buffer {
    return Buffer.concat(this.messages);
  }
}

/** ChangeCipherSpec as part of a flight; it is no handshake message and in no transcript. */
export const CHANGE_CIPHER_SPEC: FlightItem = { content: CONTENT.changeCipherSpec, data: Buffer.from([1]), epoch: 0 };
