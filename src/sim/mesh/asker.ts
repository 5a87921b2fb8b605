import type { Layout, Value } from '../../core/layout/layout.ts';
import { type Decoded, valueOf } from '../../mesh/codec/access.ts';
import type { MessageType } from '../../mesh/codec/message.ts';
import { type ModelPort, type Peer, sendMessage } from './model.ts';

interface Waiting {
  readonly address: number;
  readonly take: (message: Decoded) => boolean;
  readonly drop: () => void;
}

/** Asked again after so long, in protocol milliseconds. */
const RETRY_MS = 4000;

/** The asking side of a client model: questions that are repeated until they are answered, and messages that are waited for. */
export class Asker {
  readonly #port: ModelPort;
  readonly #waiting = new Set<Waiting>();

  constructor(port: ModelPort) {
    this.#port = port;
  }

  /** Hands in what a server has sent. */
  heard(message: Decoded, from: Peer): void {
    for (const waiting of this.#waiting)
      if (waiting.address === from.address && waiting.take(message)) this.#waiting.delete(waiting);
  }

  /** Waits for a message that passes the test; undefined when the time is over. */
  expect<L extends Layout>(
    type: MessageType<L>,
    address: number,
    limitMs: number,
    test: (value: Value<L>) => boolean = () => true,
  ): Promise<Value<L> | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#port.timers.after(limitMs, () => {
        this.#waiting.delete(waiting);
        resolve(undefined);
      });
      const waiting: Waiting = {
        address,
        take(message) {
          const value = valueOf(type, message);
          if (value === undefined || !test(value)) return false;
          cancel();
          resolve(value);
          return true;
        },
        drop() {
          cancel();
          resolve(undefined);
        },
      };
      this.#waiting.add(waiting);
    });
  }

  /** Asks until an answer passes the test; undefined when none did in time. */
  async ask<Q extends Layout, A extends Layout>(
    type: MessageType<Q, MessageType<A>>,
    value: Value<Q>,
    to: Peer,
    limitMs: number,
    test?: (value: Value<A>) => boolean,
  ): Promise<Value<A> | undefined> {
    if (type.reply === undefined) return undefined;
    let open = true;
    let sending = false;
    let cancel: () => void = () => undefined;
    const send = (): void => {
      if (!open) return;
      if (!sending) {
        sending = true;
        void sendMessage(this.#port, type, value, to).then(() => {
          sending = false;
        });
      }
      cancel = this.#port.timers.after(RETRY_MS, send);
    };
    const answer = this.expect(type.reply, to.address, limitMs, test);
    send();
    const got = await answer;
    open = false;
    cancel();
    return got;
  }

  /** Lets a time pass. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#port.timers.after(ms, resolve));
  }

  /** What is waited for will not come. */
  close(): void {
    for (const waiting of this.#waiting) waiting.drop();
    this.#waiting.clear();
  }
}

/** Ends a course of messages from outside; looked at between any two of them. */
export class Course {
  #stopped = false;

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }
}
