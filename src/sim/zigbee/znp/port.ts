import { createServer, type Socket } from 'node:net';
import { BenchError, messageOf } from '../../../core/errors.ts';
import { type MtFrame, MtParser } from './frame.ts';

/** The plug of the dongle. */
export interface DonglePort {
  /** `tcp://127.0.0.1:port`. */
  readonly url: string;
  /** Says who takes the commands of the host. */
  serve(received: (frame: MtFrame) => void): void;
  write(octets: Buffer): void;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/**
 * Offers the dongle on a TCP port of this computer; 0: the system chooses. It has one host at a time, as a serial port has: a second one takes its place.
 * Rejects with a BenchError that names the port where it is taken.
 */
export async function openDonglePort(port: number): Promise<DonglePort> {
  let host: Socket | undefined;
  let received: (frame: MtFrame) => void = () => undefined;
  const server = createServer({ noDelay: true }, (socket) => {
    host?.destroy();
    host = socket;
    const parser = new MtParser();
    socket.on('data', (chunk: Buffer) => {
      for (const frame of parser.feed(chunk)) received(frame);
    });
    // What went wrong does not matter: the host is gone, and may come back.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (host === socket) host = undefined;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port }, resolve);
  }).catch((e: unknown) => {
    const place = { where: `dongle ${LOOPBACK}:${port}` };
    throw new BenchError('dongle', `cannot listen: ${messageOf(e)}`, { place, cause: e });
  });
  const address = server.address();
  return {
    url: `tcp://${LOOPBACK}:${typeof address === 'object' && address !== null ? address.port : port}`,
    serve: (take) => {
      received = take;
    },
    write: (octets) => {
      if (host?.writable === true) host.write(octets);
    },
    async close() {
      host?.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
