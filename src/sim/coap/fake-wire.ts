import type { Peer, Wire } from '../../link/wire.ts';

/** A wire that leads nowhere, for unit tests: what is sent is kept, what arrives is put in by hand. */
export class FakeWire implements Wire {
  readonly local: Peer = { address: '127.0.0.1', port: 49_152 };
  readonly secure = false;
  readonly sent: { readonly data: Buffer; readonly to: Peer }[] = [];
  private readonly listeners = new Set<(data: Buffer, from: Peer, n: number) => void>();

  send(data: Uint8Array, to: Peer): Promise<void> {
    this.sent.push({ data: Buffer.from(data), to });
    return Promise.resolve();
  }

  arrive(data: Buffer, from: Peer): void {
    for (const listener of this.listeners) listener(data, from, 0);
  }

  onReceive(listener: (data: Buffer, from: Peer, n: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    this.listeners.clear();
    return Promise.resolve();
  }
}

/** Long enough for a computer that is busy with something else. */
const PATIENCE_MS = 10_000;

/** Waits until a condition holds; throws after ten seconds, naming what was awaited. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
