import { createServer, type Server, type Socket } from 'node:net';
import { BenchError, messageOf } from '../../core/errors.ts';
import { Controller } from './controller.ts';
import { printAddress } from './hci.ts';
import type { Medium } from './medium.ts';

/** Some hosts read this much at a time and take it for whole packets. */
const CHUNK_OCTETS = 512;
const CHUNK_PAUSE_MS = 1;
/** A locally administered address; its last octet counts the hosts. */
const ADDRESS_PREFIX = Buffer.from('02000050', 'hex');

export interface RadioServerOptions {
  readonly medium: Medium;
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
  /** Told who comes and goes, and what a host does that the controller does not know. */
  readonly note?: (text: string) => void;
}

/** The virtual radio as a TCP server. */
export interface RadioServer {
  /** `tcp://host:port`, for `ble:h4:` and for other hosts. */
  readonly url: string;
  close(): Promise<void>;
}

/** Offers a controller of its own, over H4, to every connection. Rejects with a BenchError that names the port where it is taken. */
export async function openRadioServer({ medium, host, port, note }: RadioServerOptions): Promise<RadioServer> {
  const sockets = new Set<Socket>();
  const taken = new Set<number>();
  const server = createServer({ noDelay: true }, (socket) => {
    const index = freeNumber(taken);
    taken.add(index);
    sockets.add(socket);
    const left = serve(socket, medium, index, note ?? (() => undefined));
    socket.on('close', () => {
      left();
      sockets.delete(socket);
      taken.delete(index);
    });
  });
  const where = `radio ${host}:${port}`;
  await listen(server, host, port).catch((e: unknown) => {
    throw new BenchError('radio', `cannot listen: ${messageOf(e)}`, { place: { where }, cause: e });
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `tcp://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
}

/** The lowest number that is free: a host that was switched off and on keeps its address. */
function freeNumber(taken: ReadonlySet<number>): number {
  let index = 1;
  while (taken.has(index)) index++;
  return index;
}

/** Connects a socket with a controller; returns what is to be done when the socket is gone. */
function serve(socket: Socket, medium: Medium, index: number, note: (text: string) => void): () => void {
  const octets = Buffer.alloc(6);
  ADDRESS_PREFIX.copy(octets);
  octets.writeUInt16BE(index, 4);
  const address = octets.reverse();
  const name = `host ${index} (${printAddress({ octets: address })})`;
  const out = new PacedWriter(socket);
  const controller = new Controller({
    medium,
    address,
    random: medium.random(index),
    toHost: (packet) => out.write(packet),
    note: (text) => note(`${name}: ${text}`),
  });
  note(`${name}: connected`);
  socket.on('data', (chunk: Buffer) => controller.feed(chunk));
  // What went wrong does not matter: `close` follows.
  socket.on('error', () => undefined);
  return () => {
    controller.close();
    note(`${name}: gone`);
  };
}

/** Writes whole packets, and only so many at once as the smallest host reads in one go. */
class PacedWriter {
  readonly #socket: Socket;
  readonly #queue: Buffer[] = [];
  #waiting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(packet: Buffer): void {
    this.#queue.push(packet);
    if (!this.#waiting) this.#flush();
  }

  #flush(): void {
    const chunk: Buffer[] = [];
    for (let octets = 0; ; ) {
      const next = this.#queue[0];
      octets += next?.length ?? 0;
      if (next === undefined || (chunk.length > 0 && octets > CHUNK_OCTETS)) break;
      chunk.push(next);
      this.#queue.shift();
    }
    if (chunk.length > 0 && this.#socket.writable) this.#socket.write(Buffer.concat(chunk));
    // Also after the last chunk: what follows at once must not join it on the way.
    this.#waiting = chunk.length > 0;
    if (this.#waiting) setTimeout(() => this.#flush(), CHUNK_PAUSE_MS);
  }
}
