import { joinProxy, type ProxyMessage, type ProxyPending, splitProxy } from '../codec/proxy.ts';
import type { Timers } from './timers.ts';

/**
 * What carries proxy PDUs: a GATT connection to a proxy or to an unprovisioned device, or a stand-in for one. One `send` is
 * one write without response, one `onReceive` one notification.
 */
export interface Bearer {
  /** Most octets of one proxy PDU: ATT_MTU - 3. */
  readonly maxOctets: number;
  send(pdu: Buffer): Promise<void>;
  /** Calls the listener for every PDU received; returns the call that stops it. */
  onReceive(listener: (pdu: Buffer) => void): () => void;
  /** Calls the listener when the connection ends from the other side or is lost; returns the call that stops it. */
  onClose(listener: (reason: string) => void): () => void;
}

/** What a link hands up. */
export interface ProxyLinkEvents {
  message(message: ProxyMessage): void;
  /** Octets were thrown away; the text says which and why. */
  problem(text: string): void;
  /** The connection is gone; nothing more will come. */
  closed(reason: string): void;
}

/** Proxy messages over a bearer: segmentation both ways, one message at a time. */
export class ProxyLink {
  readonly #bearer: Bearer;
  readonly #stop: readonly (() => void)[];
  #pending: ProxyPending;
  #cancelTimer: () => void = () => undefined;
  #queue: Promise<void> = Promise.resolve();

  /** `reassemblyMs`: how long the rest of a message may take (20 s by the standard). */
  constructor(bearer: Bearer, timers: Timers, reassemblyMs: number, events: ProxyLinkEvents) {
    this.#bearer = bearer;
    const stopReceive = bearer.onReceive((pdu) => {
      const step = joinProxy(this.#pending, pdu);
      this.#cancelTimer();
      this.#pending = step.pending;
      if (step.pending !== undefined)
        this.#cancelTimer = timers.after(reassemblyMs, () => this.#expire(events, reassemblyMs));
      if (step.problem !== undefined) events.problem(step.problem);
      if (step.message !== undefined) events.message(step.message);
    });
    const stopClose = bearer.onClose((reason) => {
      this.close();
      events.closed(reason);
    });
    this.#stop = [stopReceive, stopClose];
  }

  /** Resolves when the bearer has taken all of the message; messages keep their order. */
  send(message: ProxyMessage): Promise<void> {
    const sent = this.#queue.then(async () => {
      for (const pdu of splitProxy(message, this.#bearer.maxOctets)) await this.#bearer.send(pdu);
    });
    this.#queue = sent.catch(() => undefined);
    return sent;
  }

  /** Stops listening; nothing is handed up any more. */
  close(): void {
    for (const stop of this.#stop) stop();
    this.#cancelTimer();
  }

  /** The rest of a message did not come in time (20 s by the standard). */
  #expire(events: ProxyLinkEvents, reassemblyMs: number): void {
    const octets = this.#pending?.payload.length ?? 0;
    this.#pending = undefined;
    events.problem(`${octets} octets of a message that was not complete within ${reassemblyMs} ms`);
  }
}
