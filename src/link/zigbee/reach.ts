import { access, constants } from 'node:fs/promises';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { DongleAddress } from './url.ts';

/**
 * Whether a serial port is there to be talked to: an adapter that finds none may try again for long, and says little. Behind a network nothing is tried,
 * for many dongles take one connection only. Rejects with a BenchError.
 */
export async function reach({ path }: DongleAddress, url: string): Promise<void> {
  // Windows has no such file for a port.
  if (!path.startsWith('/')) return;
  await access(path, constants.R_OK | constants.W_OK).catch((e: unknown) => {
    throw new BenchError(
      'zigbee-dongle',
      `the port ${path} is not there, or this user may not use it: ${messageOf(e)}`,
      {
        place: { where: url },
        cause: e,
      },
    );
  });
}

/** What the work comes to, or a BenchError where it takes longer; the work itself cannot be ended. */
export async function within<R>(work: Promise<R>, ms: number, late: () => BenchError): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
