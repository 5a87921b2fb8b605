import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError } from '../../../core/errors.ts';

/** Text that a program has written so far, and the wait for more. */
export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  output(): string;
  /** Resolves once the output matches. Rejects with a BenchError that shows the output after `ms`, or when the program ends before. */
  until(pattern: RegExp, ms: number): Promise<void>;
  /** Resolves when the program has ended by itself; ends it after `ms`. */
  ended(ms: number): Promise<void>;
  stop(): Promise<void>;
}

const running = new Set<Program>();
let folder: string | undefined;

/** Which of the programs are not installed. */
export function missingPrograms(names: readonly string[]): readonly string[] {
  return names.filter((name) => spawnSync('which', [name]).status !== 0);
}

export function start(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: 'pipe' });
  let text = '';
  let over = false;
  const watchers = new Set<() => void>();
  const notice = (): void => {
    for (const watcher of watchers) watcher();
  };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      notice();
    });
  child.stdin.on('error', () => undefined);
  const exit = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      running.delete(program);
      notice();
      resolve();
    };
    child.once('error', end);
    child.once('exit', end);
  });
  const program: Program = {
    child,
    output: () => text,
    until: (pattern, ms) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer);
          watchers.delete(look);
          act();
        };
        const fail = (why: string): void =>
          settle(() =>
            reject(new BenchError('interop', `${command}: ${why} ${String(pattern)}; it wrote: ${text.slice(-600)}`)),
          );
        const look = (): void => {
          if (pattern.test(text)) settle(resolve);
          else if (over) fail('ended without');
        };
        const timer = setTimeout(() => fail(`within ${ms} ms did not write`), ms);
        watchers.add(look);
        look();
      }),
    async ended(ms) {
      const timer = setTimeout(() => child.kill('SIGKILL'), ms);
      await exit;
      clearTimeout(timer);
    },
    async stop() {
      child.kill('SIGKILL');
      await exit;
    },
  };
  running.add(program);
  return program;
}

/** A UDP port that nobody had a moment ago, with the next one free as well. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await bindOnce(0);
    if (port < 65_000 && (await bindOnce(port + 1).catch(() => 0)) !== 0) return port;
  }
}

function bindOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

/** Writes a file that outside programs read; all of them go with {@link cleanUp}. */
export function file(name: string, content: string | Uint8Array): string {
  folder ??= mkdtempSync(join(tmpdir(), 'plumbline-dtls-'));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Ends what was started, and removes what was written. */
export async function cleanUp(): Promise<void> {
  for (const program of running) await program.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
}
