import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../../../core/errors.ts';
import type { Ev } from '../../../core/events.ts';

/** What a central in another process can be asked to do. Ids name devices, UUIDs are as noble writes them. */
export interface Words {
  open(url: string, deadlineMs: number): Promise<null>;
  scan(service: number, deadlineMs: number): Promise<{ id: string; pdu: string; data: string } | null>;
  connect(id: string, deadlineMs: number): Promise<null>;
  discover(id: string, service: number, deadlineMs: number): Promise<string[] | null>;
  subscribe(id: string, uuid: string, deadlineMs: number): Promise<null>;
  write(id: string, uuid: string, values: string[], deadlineMs: number): Promise<null>;
  disconnect(id: string, deadlineMs: number): Promise<null>;
  /** Resolves when the connection has ended. */
  ended(id: string): Promise<string>;
  state(id: string): Promise<{ mtu: number; ended: string | null; heard: string[] }>;
  close(deadlineMs: number): Promise<null>;
  events(type: string): Promise<Ev[]>;
  capture(path: string): Promise<null>;
}

export interface Request {
  readonly n: number;
  readonly word: keyof Words;
  readonly args: readonly unknown[];
}

export type Reply = { readonly n: number } & ({ readonly value: unknown } | { readonly error: string; code: string });

const CENTRAL = fileURLToPath(new URL('./central.js', import.meta.url));

/** A central in a process of its own, because noble cannot be stopped within one. Failures keep code and text. */
export interface RemoteCentral extends Words {
  quit(): Promise<void>;
}

/** Starts the process. */
export function remoteCentral(): RemoteCentral {
  const child: ChildProcess = spawn(process.execPath, [CENTRAL], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new BenchError('remote', 'no pipes to the central');
  const open = new Map<number, (reply: Reply) => void>();
  createInterface({ input: stdout }).on('line', (line) => {
    const reply = JSON.parse(line) as Reply;
    open.get(reply.n)?.(reply);
    open.delete(reply.n);
  });
  let count = 0;
  const ask =
    (word: keyof Words) =>
    (...args: unknown[]): Promise<never> =>
      new Promise((resolve, reject) => {
        const n = count++;
        open.set(n, (reply) => {
          if ('error' in reply) reject(new BenchError(reply.code, reply.error));
          else resolve(reply.value as never);
        });
        stdin.write(`${JSON.stringify({ n, word, args } satisfies Request)}\n`);
      });
  return {
    open: ask('open'),
    scan: ask('scan'),
    connect: ask('connect'),
    discover: ask('discover'),
    subscribe: ask('subscribe'),
    write: ask('write'),
    disconnect: ask('disconnect'),
    ended: ask('ended'),
    state: ask('state'),
    close: ask('close'),
    events: ask('events'),
    capture: ask('capture'),
    async quit() {
      const gone = once(child, 'exit');
      stdin.end();
      await gone;
    },
  };
}
