import type { EventSink, Json } from '../../core/events.ts';
import { type Peer, printPeer } from '../wire.ts';

/** Writes what a DTLS port sees: datagrams in clear like any wire, and `dtls.*`. No key ever comes here. */
export class Journal {
  private readonly sink: EventSink;
  private readonly channel: string;
  private readonly local: string;

  constructor(sink: EventSink, channel: string, local: Peer) {
    this.sink = sink;
    this.channel = channel;
    this.local = printPeer(local);
  }

  /** A datagram in clear; `via` is the protected one that carried it. Returns the number of the event. */
  datagram(dir: 'in' | 'out', raw: Uint8Array, peer: Peer, via: number | undefined): number {
    const data = { local: this.local, peer: printPeer(peer), secure: true };
    return this.sink.append({
      channel: this.channel,
      type: 'datagram',
      dir,
      raw,
      data,
      ...(via === undefined ? {} : { via }),
    }).n;
  }

  tell(type: string, peer: Peer, data: Readonly<Record<string, Json>>, via?: number, dir?: 'in' | 'out'): void {
    this.sink.append({
      channel: this.channel,
      type,
      ...(dir === undefined ? {} : { dir }),
      ...(via === undefined ? {} : { via }),
      data: { peer: printPeer(peer), ...data },
    });
  }
}
