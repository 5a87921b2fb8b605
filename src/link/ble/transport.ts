import { createRequire } from 'node:module';
import type { EventEmitter } from 'node:events';
import { BenchError, InputError, messageOf } from '../../core/errors.ts';
import { openStream } from '../stream.ts';
import { H4Framer } from './h4.ts';
import { parseBleUrl } from './url.ts';

/** The module that noble takes its HCI socket from, and the only native code below it. */
export const HCI_SOCKET_MODULE = '@abandonware/bluetooth-hci-socket';

/** What a transport hands up. */
export interface TransportEvents {
  /** One whole H4 packet. */
  packet(packet: Buffer): void;
  /** Octets that are no packet. */
  problem(text: string, octets: Buffer): void;
  /** The port is gone; nothing more will come. */
  lost(error: BenchError): void;
}

/** Carries HCI packets to a controller and back. */
export interface HciTransport {
  readonly where: string;
  /** Whether the controller is ours alone: it is reset at the start, and commands wait for its credits. */
  readonly own: boolean;
  start(events: TransportEvents): void;
  send(packet: Buffer): void;
  /** Which events the kernel hands up; only the kernel's socket knows this. */
  filter?(mask: Buffer): void;
  isUp(): boolean;
  /** Begins a new packet with the next octet; only a byte stream can be out of step. */
  restart?(): void;
  close(): void;
}

/** Opens the controller that a `ble:` name stands for. Rejects with a BenchError that names the port. */
export async function openTransport(url: string, deadlineMs: number): Promise<HciTransport> {
  const address = parseBleUrl(url);
  switch (address.kind) {
    case 'kernel':
      return kernelTransport(url, address.device);
    case 'h4':
      return h4Transport(url, address.stream, deadlineMs);
    case 'platform':
      throw new InputError('ble-url', 'the platform adapter shows no HCI packets', { place: { where: url } });
  }
}

async function h4Transport(url: string, name: string, deadlineMs: number): Promise<HciTransport> {
  const stream = await openStream(name, deadlineMs);
  let closed = false;
  let framer: H4Framer | undefined;
  return {
    where: url,
    own: true,
    start(events) {
      const cut = new H4Framer(events);
      framer = cut;
      let why = 'the other side closed it or it was unplugged';
      stream.on('data', (chunk: Buffer) => cut.push(chunk));
      stream.on('error', (e: Error) => {
        why = e.message;
      });
      stream.on('close', () => {
        cut.end();
        if (!closed) events.lost(new BenchError('ble-port', `the port is gone: ${why}`, { place: { where: url } }));
      });
    },
    send: (packet) => void (stream.writable && stream.write(packet)),
    isUp: () => true,
    restart: () => framer?.restart(),
    close() {
      closed = true;
      stream.destroy();
    },
  };
}

/** What the native module exports; the fields used here. */
interface KernelSocket extends EventEmitter {
  bindRaw(device: number): number;
  start(): void;
  stop(): void;
  isDevUp(): boolean;
  setFilter(mask: Buffer): void;
  write(packet: Buffer): void;
}

/** The kernel's own socket (Linux). It needs the native module compiled, and the right to open a raw HCI socket. */
function kernelTransport(url: string, device: number): HciTransport {
  const failed = (why: string, cause: unknown): BenchError =>
    new BenchError('ble-port', `${why}: ${messageOf(cause).split('\n')[0] ?? ''}`, { place: { where: url }, cause });
  let socket: KernelSocket;
  try {
    const Socket = createRequire(import.meta.url)(HCI_SOCKET_MODULE) as new () => KernelSocket;
    socket = new Socket();
  } catch (e) {
    const rebuild = `npm rebuild ${HCI_SOCKET_MODULE} --ignore-scripts=false`;
    throw failed(`the kernel's Bluetooth socket cannot be used (needs Linux with Bluetooth, and "${rebuild}")`, e);
  }
  return {
    where: url,
    own: false,
    start(events) {
      socket.on('data', (packet: Buffer) => events.packet(packet));
      socket.on('error', (e: Error) => events.lost(failed('the adapter is gone', e)));
      try {
        socket.bindRaw(device);
        socket.start();
      } catch (e) {
        throw failed(`adapter ${device} cannot be opened (there is none, or the right CAP_NET_RAW is missing)`, e);
      }
    },
    send: (packet) => socket.write(packet),
    filter: (mask) => socket.setFilter(mask),
    isUp: () => socket.isDevUp(),
    close: () => socket.stop(),
  };
}
