import { BenchError, messageOf } from '../../core/errors.ts';
import type { Json } from '../../core/events.ts';
import { HandshakeError } from './failure.ts';
import type { Action, HandshakeMachine, Negotiated } from './handshake/conversation.ts';
import { WRONG_KEY } from './handshake/conversation.ts';
import { type Flight, packFlight, readFragments, Reassembler } from './handshake/fragments.ts';
import { FlightTimer, type HandshakeTiming } from './handshake/timer.ts';
import { ALERT, ALERT_LEVEL, CONTENT, HANDSHAKE, printNumber } from './numbers.ts';
import { RecordLayer, type RecordLayerOptions } from './record/layer.ts';
import type { DtlsRecord } from './record/record.ts';
import type { Tamper } from './record/tamper.ts';

/** What an association wants done, in this order. */
export type Effect =
  | { readonly do: 'send'; readonly datagram: Buffer }
  | { readonly do: 'deliver'; readonly data: Buffer }
  /** Something for the event log; never holds a key. */
  | {
      readonly do: 'tell';
      readonly type: string;
      readonly dir?: 'in' | 'out';
      readonly data: Readonly<Record<string, Json>>;
    }
  | { readonly do: 'secure'; readonly negotiated: Negotiated; readonly repeats: number; readonly tookMs: number }
  /** The association is over; with an error where that was not by close_notify or by our own wish. */
  | { readonly do: 'end'; readonly error?: BenchError };

export interface AssociationOptions extends RecordLayerOptions {
  readonly machine: HandshakeMachine;
  /** For messages: the far end, as printed. */
  readonly peer: string;
  readonly timing: HandshakeTiming;
  /** Largest datagram of a flight, in octets. */
  readonly mtu: number;
  /** Number of the first handshake message expected. */
  readonly firstMessage: number;
}

/** Whether a record belonged to the association; if not, why. `newest`: authentic, and none newer was received. */
export type Receipt =
  | { readonly taken: true; readonly newest: boolean }
  | { readonly taken: false; readonly problem: string };

const TAKEN: Receipt = { taken: true, newest: false };
const KEPT_RECORDS = 16;

/** What an alert during a handshake most likely means on a bench. */
const LIKELY: Readonly<Record<number, string>> = {
  [ALERT.handshake_failure]: 'the device shares no suite with the tester, or does not want this one now',
  [ALERT.bad_record_mac]: WRONG_KEY,
  [ALERT.decrypt_error]: WRONG_KEY,
  [ALERT.unknown_psk_identity]: 'the device does not know this identity',
  [ALERT.unknown_ca]: 'the device does not trust the issuer of our certificate',
  [ALERT.access_denied]: 'the device knows the tester but does not let it in',
};

/**
 * One DTLS association with one peer, from the first flight to the end. Pure: records and times go in, effects come out
 * of {@link drain}; it holds no socket and no timer, and asks to be called again at {@link dueMs}.
 */
export class Association {
  private readonly options: AssociationOptions;
  private readonly layer: RecordLayer;
  private readonly parts: Reassembler;
  private readonly timer: FlightTimer;
  private readonly startedMs: number;
  private phase: 'handshake' | 'open' | 'over' = 'handshake';
  private effects: Effect[] = [];
  private flight: Flight | undefined;
  private early: DtlsRecord[] = [];
  private repeats = 0;
  private unreadable = 0;

  constructor(options: AssociationOptions, nowMs: number) {
    this.options = options;
    this.layer = new RecordLayer(options);
    this.parts = new Reassembler(options.firstMessage);
    this.timer = new FlightTimer(options.timing);
    this.startedMs = nowMs;
  }

  get isOpen(): boolean {
    return this.phase === 'open';
  }

  get isOver(): boolean {
    return this.phase === 'over';
  }

  /** When {@link tick} must be called next; infinite where nothing waits. */
  get dueMs(): number {
    return this.phase === 'handshake' ? Math.min(this.timer.dueMs, this.deadlineMs) : Number.POSITIVE_INFINITY;
  }

  private get deadlineMs(): number {
    return this.startedMs + this.options.timing.deadlineMs;
  }

  /** The effects since the last call. */
  drain(): readonly Effect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  start(nowMs: number): void {
    this.attempt(() => this.act(this.options.machine.start(), nowMs));
  }

  /** Time has passed: repeats the flight or gives up where that is due. */
  tick(nowMs: number): void {
    if (this.phase !== 'handshake') return;
    if (nowMs >= this.deadlineMs) return this.giveUp(nowMs);
    if (nowMs < this.timer.dueMs) return;
    this.repeats++;
    this.timer.backOff(nowMs);
    this.sendFlight();
  }

  /** Time is up: says what never came. */
  private giveUp(nowMs: number): void {
    const missing = this.options.machine.missing(this.unreadable);
    const after = `after ${Math.round(nowMs - this.startedMs)} ms and ${this.repeats} repeats`;
    this.end(this.error('dtls-timeout', `${missing} (${after})`));
  }

  private error(code: string, text: string, cause?: unknown): BenchError {
    const { peer, machine } = this.options;
    const message = `DTLS ${this.phase === 'open' ? 'association' : 'handshake'} as ${machine.role}: ${text}`;
    return new BenchError(code, message, { place: { where: `coaps ${peer}` }, cause });
  }

  /** Application data out. Only with {@link isOpen}. */
  send(data: Buffer): void {
    for (const datagram of this.layer.seal(CONTENT.applicationData, data, 1))
      this.effects.push({ do: 'send', datagram });
  }

  /** An alert out, whatever the state asks for: protected once our Finished went out. Ends nothing by itself. */
  alert(level: number, description: number): void {
    const epoch = this.flight?.items.some((item) => item.epoch === 1) === true ? 1 : 0;
    for (const datagram of this.layer.seal(CONTENT.alert, Buffer.from([level, description]), epoch))
      this.effects.push({ do: 'send', datagram });
    this.tellAlert('out', level, description, epoch === 1);
  }

  /** From the next record on these rows are applied to what goes out, counted anew. */
  tamper(rows: readonly Tamper[]): void {
    this.layer.tamper(rows);
  }

  private tellAlert(dir: 'in' | 'out', level: number, description: number, isProtected: boolean): void {
    const data = {
      level: printNumber(ALERT_LEVEL, level),
      description: printNumber(ALERT, description),
      protected: isProtected,
    };
    this.effects.push({ do: 'tell', type: 'dtls.alert', dir, data });
  }

  /** Ends the association without a word to the peer. */
  end(error?: BenchError): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.timer.stop();
    this.effects.push(error === undefined ? { do: 'end' } : { do: 'end', error });
  }

  /** Takes one record. What does not belong here changes nothing. */
  receive(record: DtlsRecord, nowMs: number): Receipt {
    if (this.phase === 'over') return { taken: false, problem: 'the association is over' };
    if (record.epoch === 0) return this.receiveClear(record, nowMs);
    if (record.epoch !== 1) return { taken: false, problem: `epoch ${record.epoch}` };
    if (!this.layer.isProtected) return this.keep(record);
    const opened = this.layer.open(record);
    if ('problem' in opened) {
      if (this.phase === 'handshake') this.unreadable++;
      return { taken: false, problem: opened.problem };
    }
    this.takeContent(opened.content, opened.data, nowMs);
    return { taken: true, newest: opened.newest };
  }

  /** A protected record that overtook the messages that make its key is kept for a while. */
  private keep(record: DtlsRecord): Receipt {
    if (this.early.length >= KEPT_RECORDS) return { taken: false, problem: 'no keys yet' };
    this.early.push({ ...record, fragment: Buffer.from(record.fragment) });
    return TAKEN;
  }

  /** Epoch 0. ChangeCipherSpec says nothing that the epoch of the next record does not say. */
  private receiveClear(record: DtlsRecord, nowMs: number): Receipt {
    const { content, fragment } = record;
    if (content === CONTENT.changeCipherSpec) return TAKEN;
    if (content === CONTENT.handshake) return this.takeHandshake(fragment, nowMs);
    if (content !== CONTENT.alert) return { taken: false, problem: `content type ${content} in clear` };
    const [level = 0, description = 0] = fragment;
    this.tellAlert('in', level, description, false);
    // Anyone can send an alert in clear: it may end a handshake, never an association.
    if (this.phase === 'handshake' && level === ALERT_LEVEL.fatal) this.endByAlert(description);
    return TAKEN;
  }

  /** What a protected record held. */
  private takeContent(content: number, data: Buffer, nowMs: number): void {
    if (content === CONTENT.handshake) this.takeHandshake(data, nowMs);
    else if (content === CONTENT.alert) this.takeAlert(data);
    else if (content !== CONTENT.applicationData) this.drop(`content type ${content} in epoch 1`);
    else if (this.phase !== 'open') this.drop('application data before Finished');
    else this.effects.push({ do: 'deliver', data });
  }

  private drop(reason: string): void {
    this.effects.push({ do: 'tell', type: 'dtls.dropped', dir: 'in', data: { reason } });
  }

  /** A protected alert comes from the peer for certain. */
  private takeAlert(data: Buffer): void {
    const [level = 0, description = 0] = data;
    this.tellAlert('in', level, description, true);
    const closes = description === ALERT.close_notify;
    if (this.phase === 'handshake') {
      if (closes || level === ALERT_LEVEL.fatal) this.endByAlert(description);
    } else if (closes) {
      this.alert(ALERT_LEVEL.warning, ALERT.close_notify);
      this.end();
    } else if (level === ALERT_LEVEL.fatal) this.end(this.alertError(description));
  }

  private endByAlert(description: number): void {
    this.end(this.alertError(description));
  }

  private alertError(description: number): BenchError {
    const likely = this.phase === 'handshake' ? LIKELY[description] : undefined;
    const text = `the peer sent the alert ${printNumber(ALERT, description)}`;
    return this.error('dtls-alert', likely === undefined ? text : `${text}; ${likely}`);
  }

  /** Fragments in, messages to the machine. A record that cannot be cut is dropped; a message that cannot be read ends the handshake. */
  private takeHandshake(data: Buffer, nowMs: number): Receipt {
    let fragments;
    try {
      fragments = readFragments(data);
    } catch (e) {
      return { taken: false, problem: messageOf(e) };
    }
    for (const fragment of fragments) {
      const outcome = this.parts.add(fragment);
      const isLast = fragment.offset + fragment.data.length === fragment.length;
      if (outcome === 'old') {
        if (isLast && fragment.type === this.flight?.repeatOn) this.repeat(nowMs);
      } else if (outcome !== 'new') this.drop(outcome);
    }
    this.attempt(() => this.advance(nowMs));
    return TAKEN;
  }

  /** The peer said its last word again, so our answer did not reach it: RFC 6347 4.2.4. */
  private repeat(nowMs: number): void {
    // A client that is done has nothing to repeat: the server was done before it.
    if (this.phase === 'open' && this.flight?.final !== true) return;
    this.repeats++;
    this.timer.restart(nowMs);
    this.sendFlight();
  }

  private advance(nowMs: number): void {
    for (let message = this.parts.take(); message !== undefined; message = this.parts.take()) {
      if (message.type === HANDSHAKE.HelloRequest || this.phase === 'open') this.refuseRenegotiation(message.type);
      else this.act(this.options.machine.handle(message), nowMs);
      if (this.isOver) return;
    }
  }

  /** There is no renegotiation within an association; a peer that wants new keys says ClientHello in clear. */
  private refuseRenegotiation(type: number): void {
    this.drop(`renegotiation asked for by ${printNumber(HANDSHAKE, type)}`);
    if (this.phase === 'open') this.alert(ALERT_LEVEL.warning, ALERT.no_renegotiation);
  }

  /** Runs the machine; what it cannot go on with is told to the peer and ends the association. */
  private attempt(work: () => void): void {
    try {
      work();
    } catch (e) {
      if (!(e instanceof HandshakeError)) throw e;
      this.alert(ALERT_LEVEL.fatal, e.alert);
      this.end(this.error('dtls-handshake', e.message, e));
    }
  }

  /** Carries out what the machine asks for. */
  private act(actions: readonly Action[], nowMs: number): void {
    for (const action of actions) {
      if (this.isOver) return;
      switch (action.do) {
        case 'flight':
          this.flight = action.flight;
          if (action.flight.final) this.timer.stop();
          else this.timer.start(nowMs);
          this.sendFlight();
          break;
        case 'keys':
          this.useKeys(action, nowMs);
          break;
        case 'done': {
          this.phase = 'open';
          this.timer.stop();
          const { negotiated } = action;
          this.effects.push({ do: 'secure', negotiated, repeats: this.repeats, tookMs: nowMs - this.startedMs });
          break;
        }
      }
    }
  }

  /** Epoch 1 can be read and written; records that came too early are looked at now. */
  private useKeys({ keys, cids }: Extract<Action, { do: 'keys' }>, nowMs: number): void {
    const client = this.options.machine.role === 'client';
    this.layer.protect({
      write: client ? keys.client : keys.server,
      read: client ? keys.server : keys.client,
      peerCid: cids.peer,
      cidInUse: cids.inUse,
    });
    for (const record of this.early.splice(0)) {
      const receipt = this.receive(record, nowMs);
      if (!receipt.taken) this.drop(receipt.problem);
    }
  }

  /** The present flight, the first time or again: new record numbers, same messages. */
  private sendFlight(): void {
    if (this.flight === undefined) return;
    const seal = this.layer.seal.bind(this.layer);
    for (const datagram of packFlight(this.flight.items, this.options.mtu, seal))
      this.effects.push({ do: 'send', datagram });
  }
}
