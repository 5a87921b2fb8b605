import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../../core/errors.ts';

/** Until socat has made the port, real milliseconds. */
const APPEARS_MS = 5000;

/**
 * Puts one controller of a radio, `tcp://host:port`, on a pseudo-terminal of this name, as a dongle on a serial port: for hosts that know nothing else. Needs
 * socat; rejects with a BenchError where it is not installed or makes no port in time. The port goes with the process.
 */
export async function offerSerialPort(radio: string, path: string): Promise<void> {
  const place = { where: path };
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const ends = [`pty,raw,echo=0,link=${path}`, `${radio.replace('tcp://', 'tcp:')},nodelay`];
  const socat = spawn('socat', ends, { stdio: ['ignore', 'inherit', 'inherit'] });
  let why: string | undefined;
  socat.on('error', (e: NodeJS.ErrnoException) => {
    why = e.code === 'ENOENT' ? 'socat is not installed' : e.message;
  });
  socat.on('exit', (code) => (why ??= `socat ended with ${code ?? 'a signal'}`));
  process.on('exit', () => socat.kill());
  for (const until = performance.now() + APPEARS_MS; !existsSync(path); await sleep(20)) {
    if (why !== undefined) throw new BenchError('radio-serial', `no serial port: ${why}`, { place });
    if (performance.now() > until)
      throw new BenchError('radio-serial', `socat made no serial port in ${APPEARS_MS} ms`, { place });
  }
}
