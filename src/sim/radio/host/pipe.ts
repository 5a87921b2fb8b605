import type { Duplex } from 'node:stream';
import { H4Framer } from '../../../link/ble/h4.ts';
import { openStream } from '../../../link/stream.ts';
import { Controller } from '../controller.ts';
import type { Medium } from '../medium.ts';

/** What a pipe hands up to the host. */
export interface PipeEvents {
  packet(packet: Buffer): void;
  /** The controller is gone. */
  closed(): void;
}

/** Carries whole H4 packets between a host of ours and its controller. */
export interface H4Pipe {
  start(events: PipeEvents): void;
  write(packet: Buffer): void;
  close(): void;
}

/** A pipe over a byte stream: the virtual radio's TCP port, or a dongle. */
export function streamPipe(stream: Duplex): H4Pipe {
  return {
    start(events) {
      // A controller of ours sends only whole packets; another one's rubbish is dropped by the framer.
      const framer = new H4Framer({ packet: (packet) => events.packet(packet), problem: () => undefined });
      stream.on('data', (chunk: Buffer) => framer.push(chunk));
      stream.on('error', () => undefined);
      stream.on('close', () => events.closed());
    },
    write: (packet) => void (stream.writable && stream.write(packet)),
    close: () => void stream.destroy(),
  };
}

/** Connects to the virtual radio at `tcp://host:port`. Rejects with a BenchError that names it. */
export async function radioPipe(url: string, deadlineMs: number): Promise<H4Pipe> {
  return streamPipe(await openStream(url, deadlineMs));
}

/** A pipe to a controller within this process, for tests. */
export function localPipe(medium: Medium, address: Buffer, index: number): H4Pipe {
  let controller: Controller | undefined;
  return {
    start(events) {
      const toHost = (packet: Buffer): void => void medium.ticks.after(0, () => events.packet(packet));
      controller = new Controller({ medium, address, random: medium.random(index), toHost });
    },
    write: (packet) => controller?.feed(packet),
    close: () => controller?.close(),
  };
}
