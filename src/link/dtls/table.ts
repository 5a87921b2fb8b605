import { type Peer, peerKey } from '../wire.ts';
import type { Association } from './association.ts';
import type { HandshakeMachine, Negotiated } from './handshake/conversation.ts';
import type { DtlsRecord } from './record/record.ts';

/** One association of a port, and what the port must know about it. */
export interface Entry {
  readonly association: Association;
  readonly machine: HandshakeMachine;
  /** Where its datagrams go; changes when a peer with a connection id moves. */
  peer: Peer;
  /** The connection id that the peer puts on its records; empty for none. */
  readonly ownCid: Buffer;
  negotiated?: Negotiated;
  tookMs?: number;
  repeats?: number;
  /** Prevents the next call of the timer. */
  disarm?: () => void;
  /** Who waits for the handshake, at the client. */
  readonly settle?: { resolve(entry: Entry): void; reject(error: Error): void };
}

/**
 * The associations of one port. A record finds its own by connection id, else by address; at one address an open
 * association may stand beside one handshake per role, which replaces it only when it is finished.
 */
export class AssociationTable {
  private readonly open = new Map<string, Entry>();
  private readonly pending = new Map<string, Entry>();
  private readonly byCid = new Map<string, Entry>();

  all(): readonly Entry[] {
    return [...this.open.values(), ...this.pending.values()];
  }

  /** The open association with a peer. */
  at(peer: Peer): Entry | undefined {
    return this.open.get(peerKey(peer));
  }

  pendingAt(role: HandshakeMachine['role'], peer: Peer): Entry | undefined {
    return this.pending.get(pendingKey(role, peer));
  }

  hasCid(cid: Buffer): boolean {
    return this.byCid.has(cid.toString('hex'));
  }

  /** The associations that a record may belong to, likeliest first. */
  candidates(record: DtlsRecord, from: Peer): readonly Entry[] {
    if (record.cid !== undefined) {
      const found = this.byCid.get(record.cid.toString('hex'));
      return found === undefined ? [] : [found];
    }
    const open = this.at(from);
    const pending = [this.pendingAt('client', from), this.pendingAt('server', from)];
    // In clear only a handshake can be meant; protected, the keys of the open association say whether it is.
    const order = record.epoch === 0 ? [...pending, open] : [open, ...pending];
    return order.filter((entry) => entry !== undefined);
  }

  /** A handshake begins; the one that it pushes aside, of the same role and address, is returned. */
  begin(entry: Entry): Entry | undefined {
    const key = pendingKey(entry.machine.role, entry.peer);
    const former = this.pending.get(key);
    if (former !== undefined) this.remove(former);
    this.pending.set(key, entry);
    if (entry.ownCid.length > 0) this.byCid.set(entry.ownCid.toString('hex'), entry);
    return former;
  }

  /** The handshake is finished; the association that stood at the address until now is returned. */
  finish(entry: Entry): Entry | undefined {
    this.pending.delete(pendingKey(entry.machine.role, entry.peer));
    return this.place(entry);
  }

  /** The peer came from another address. */
  move(entry: Entry, to: Peer): Entry | undefined {
    this.open.delete(peerKey(entry.peer));
    entry.peer = to;
    return this.place(entry);
  }

  private place(entry: Entry): Entry | undefined {
    const former = this.at(entry.peer);
    if (former !== undefined) this.remove(former);
    this.open.set(peerKey(entry.peer), entry);
    return former;
  }

  remove(entry: Entry): void {
    const address = peerKey(entry.peer);
    if (this.open.get(address) === entry) this.open.delete(address);
    const key = pendingKey(entry.machine.role, entry.peer);
    if (this.pending.get(key) === entry) this.pending.delete(key);
    const cid = entry.ownCid.toString('hex');
    if (this.byCid.get(cid) === entry) this.byCid.delete(cid);
  }
}

const pendingKey = (role: HandshakeMachine['role'], peer: Peer): string => `${role} ${peerKey(peer)}`;
