import { type Impairments, linkFate, type LinkFate } from '../impair.ts';
import { type Peer, printPeer, type Wire } from '../wire.ts';
import type { Clock } from './clock.ts';

/** Time that passes only when told, for tests: minutes of retransmission take milliseconds, and every run is the same. */
export class VirtualClock implements Clock {
  private time = 0;
  private count = 0;
  private readonly waiting = new Map<number, { readonly due: number; readonly act: () => void }>();

  now(): number {
    return this.time;
  }

  after(ms: number, act: () => void): () => void {
    const id = this.count++;
    this.waiting.set(id, { due: this.time + Math.max(0, ms), act });
    return () => this.waiting.delete(id);
  }

  /** Lets time pass until `done` settles, or `ms` are over; promises are followed between any two calls. */
  async run(ms: number, done?: Promise<unknown>): Promise<void> {
    const end = this.time + ms;
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    done?.then(settle, settle);
    for (;;) {
      await new Promise(setImmediate);
      const next = this.earliest();
      if (settled) return;
      if (next === undefined || next.due > end) break;
      this.waiting.delete(next.id);
      this.time = next.due;
      next.act();
    }
    this.time = end;
  }

  private earliest(): { id: number; due: number; act: () => void } | undefined {
    let found: { id: number; due: number; act: () => void } | undefined;
    for (const [id, { due, act }] of this.waiting) if (found === undefined || due < found.due) found = { id, due, act };
    return found;
  }
}

/** One port of a {@link MemoryNet}. */
export interface MemoryWire extends Wire {
  /** What went out, lost or not, oldest first. */
  readonly sent: readonly Buffer[];
  /** From now on others see it at this port, as behind a router that forgot. */
  moveTo(port: number): void;
}

/** A network without sockets: any number of ports, and what happens to datagrams on each. */
export class MemoryNet {
  private readonly clock: Clock;
  private readonly latencyMs: number;
  private readonly ports = new Map<string, (data: Buffer, from: Peer) => void>();

  constructor(clock: Clock, latencyMs = 1) {
    this.clock = clock;
    this.latencyMs = latencyMs;
  }

  open(port: number, impairments?: Impairments): MemoryWire {
    const fate: LinkFate = linkFate(impairments);
    const listeners = new Set<(data: Buffer, from: Peer, n: number) => void>();
    const sent: Buffer[] = [];
    const local = { address: '127.0.0.1', port };
    let seen: Peer = local;
    const arrive = (data: Buffer, from: Peer): void => {
      for (const ms of fate.in())
        this.clock.after(ms, () => {
          for (const listener of listeners) listener(Buffer.from(data), from, 0);
        });
    };
    this.ports.set(printPeer(local), arrive);
    return {
      local,
      secure: false,
      sent,
      send: (data, to) => {
        const from = seen;
        sent.push(Buffer.from(data));
        for (const ms of fate.out())
          this.clock.after(this.latencyMs + ms, () => this.ports.get(printPeer(to))?.(Buffer.from(data), from));
        return Promise.resolve();
      },
      onReceive: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      moveTo: (other) => {
        this.ports.delete(printPeer(seen));
        seen = { address: local.address, port: other };
        this.ports.set(printPeer(seen), arrive);
      },
      close: () => {
        this.ports.delete(printPeer(seen));
        return Promise.resolve();
      },
    };
  }
}
