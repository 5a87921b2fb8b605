import { createSocket, type Socket } from 'node:dgram';
import { generate, parse, type Packet, type ParsedPacket } from 'coap-packet';
import type { Peer } from '../link/wire.ts';

/** What a script may do with what it received. */
export interface Scripted {
  readonly packet: ParsedPacket;
  readonly raw: Buffer;
  /** Running number of this datagram, from 0. */
  readonly nth: number;
  /** Sends a message back: by default a piggybacked response (same message id and token). */
  answer(packet: Packet): void;
  /** Sends any octets back. */
  octets(raw: Buffer): void;
  /** The value of an option read as number. */
  uint(name: string): number | undefined;
}

/** A bare UDP peer for unit tests that does what its script says and nothing more. It shares no code with the endpoint under test. */
export interface ScriptedDevice {
  readonly peer: Peer;
  /** Everything received, in order. */
  readonly seen: readonly ParsedPacket[];
  /** Sends to the last sender, from this port or another. */
  send(packet: Packet, from?: ScriptedDevice): void;
  socket: Socket;
  close(): Promise<void>;
}

/** Opens the peer on a free loopback port. */
export async function scriptedDevice(script: (got: Scripted) => void): Promise<ScriptedDevice> {
  const socket = createSocket('udp4');
  const seen: ParsedPacket[] = [];
  let last: { port: number; address: string } | undefined;
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const sendTo = (raw: Buffer, by: Socket): void => {
    if (last !== undefined) by.send(raw, last.port, last.address);
  };
  socket.on('message', (raw, from) => {
    last = from;
    const packet = parse(raw);
    seen.push(packet);
    script({
      packet,
      raw,
      nth: seen.length - 1,
      answer: (reply) =>
        sendTo(generate({ ack: true, messageId: packet.messageId, token: packet.token, ...reply }, 4096), socket),
      octets: (octets) => sendTo(octets, socket),
      uint: (name) => {
        const value = packet.options.find((o) => o.name === name)?.value;
        return value === undefined ? undefined : Number.parseInt(value.toString('hex') || '0', 16);
      },
    });
  });
  const { address, port } = socket.address();
  return {
    peer: { address, port },
    seen,
    socket,
    send: (packet, from) => sendTo(generate(packet, 4096), (from ?? { socket }).socket),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
