import { printPeer } from '../link/wire.ts';
import { findBlock } from './block.ts';
import type { BlockAnswer } from './block-server.ts';
import { EVENT, packOptions } from './events.ts';
import type { Report } from './findings.ts';
import { emptyMessage, type Message } from './message.ts';
import type { Incoming } from './message-layer.ts';
import { type Behaviour, spoil } from './misbehave.ts';
import { OPTION, pathOf, queryOf } from './options.ts';
import type { Core } from './request.ts';

/** What is to be undone when the server closes: timers, repetitions of separate responses. */
export class Ends {
  private readonly ends = new Set<() => void>();

  /** Returns the call that undoes it now. */
  add(end: () => void): () => void {
    const once = (): void => {
      if (this.ends.delete(once)) end();
    };
    this.ends.add(once);
    return once;
  }

  later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      forget();
      act();
    }, ms);
    const forget = this.add(() => clearTimeout(timer));
  }

  run(): void {
    for (const end of this.ends) end();
  }
}

/** A whole answer, of which a block may be all that goes out now. */
export interface Told {
  /** Number of the `coap.request` event. */
  readonly request: number;
  readonly body: Buffer;
}

/** One received request message on its way to its answer: with the acknowledgement, on its own after it, or as NON; spoilt where the path is to misbehave. */
export class Answering {
  readonly path: string;
  readonly report: Report;
  private readonly core: Core;
  private readonly incoming: Incoming;
  private readonly behaviour: Behaviour | undefined;
  private readonly ends: Ends;
  private acknowledged = false;

  constructor(core: Core, incoming: Incoming, behaviourOf: (path: string) => Behaviour | undefined, ends: Ends) {
    this.core = core;
    this.incoming = incoming;
    this.ends = ends;
    this.path = pathOf(incoming.message.options);
    this.behaviour = behaviourOf(this.path);
    this.report = core.layer.reporter(incoming.from);
  }

  /** Writes the `coap.request` event. */
  record(body: Buffer): number {
    const { message, from, n } = this.incoming;
    const { code, options } = message;
    const data = {
      peer: printPeer(from),
      code,
      path: this.path,
      query: queryOf(options),
      options: packOptions(options),
    };
    const { channel, sink } = this.core;
    return sink.append({ channel, type: EVENT.request, dir: 'in', raw: body, via: n, data }).n;
  }

  /** Acknowledges before the sender repeats its request, unless the answer has gone out by then. */
  acknowledgeSoon(): void {
    this.ends.later(this.core.timing.ackTimeoutMs / 2, () => this.acknowledge());
  }

  /** Sends the answer. `told`: it ends the answer of a whole request, which is written to the log. */
  send(answer: BlockAnswer, payload: Buffer = Buffer.alloc(0), told?: Told): void {
    const { type, mid, token, options } = this.incoming.message;
    const num = (findBlock(options, OPTION.block1) ?? findBlock(options, OPTION.block2))?.num ?? 0;
    const right: Message = { type: type === 'CON' ? 'ACK' : 'NON', mid, token, payload, ...answer };
    const spoilt =
      this.behaviour === undefined ? { kind: 'answer' as const, message: right } : spoil(right, num, this.behaviour);
    if (spoilt.kind === 'silent') return;
    if (spoilt.kind === 'stall') return this.acknowledge();
    const send = (): void => {
      const wrong = spoilt.message.code !== right.code;
      this.transmit(spoilt.message, told === undefined ? undefined : this.tell(spoilt.message, told, wrong));
    };
    const { delayMs = 0, octetMs = 0 } = this.behaviour ?? {};
    const late = delayMs + octetMs * spoilt.message.payload.length;
    if (late === 0) return send();
    this.acknowledge();
    this.ends.later(late, send);
  }

  private acknowledge(): void {
    if (this.incoming.message.type !== 'CON' || this.acknowledged) return;
    this.acknowledged = true;
    this.core.layer.answer(this.incoming, emptyMessage('ACK', this.incoming.message.mid));
  }

  private transmit(message: Message, via: number | undefined): void {
    const { layer, timing } = this.core;
    const { from } = this.incoming;
    if (message.type === 'ACK' && !this.acknowledged) {
      this.acknowledged = true;
      layer.answer(this.incoming, message, via);
    } else if (message.type === 'NON') layer.answer(this.incoming, { ...message, mid: layer.nextMid(from) }, via);
    else {
      const end = this.ends.add(() => sending.stop());
      const hooks = { acknowledged: end, reset: end, exhausted: end, failed: end, report: this.report };
      const separate: Message = { ...message, type: 'CON', mid: layer.nextMid(from) };
      const sending = layer.transmit(separate, from, timing, hooks, via);
    }
  }

  private tell({ code, options, payload }: Message, { request, body }: Told, wrong: boolean): number {
    const { from, n } = this.incoming;
    const { sink, channel } = this.core;
    const data = { peer: printPeer(from), request, code, options: packOptions(options), complete: true };
    return sink.append({ channel, type: EVENT.reply, dir: 'out', raw: wrong ? payload : body, via: n, data }).n;
  }
}
