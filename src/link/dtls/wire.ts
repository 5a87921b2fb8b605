import { randomBytes } from 'node:crypto';
import { BenchError, messageOf, TesterError } from '../../core/errors.ts';
import { type Peer, peerKey, printPeer } from '../wire.ts';
import { Association, type Effect } from './association.ts';
import { type Clock, systemClock } from './clock.ts';
import { type ClientCredentials, type ServerCredentials, serverSuites } from './credentials.ts';
import { Greeter, type Greeting, holdsClientHello } from './greeter.ts';
import { ClientHandshake } from './handshake/client.ts';
import type { HandshakeMachine, HelloSettings } from './handshake/conversation.ts';
import { ServerHandshake } from './handshake/server.ts';
import { HANDSHAKE_TIMING, type HandshakeTiming } from './handshake/timer.ts';
import { type AssociationInfo, describe, infoOf } from './info.ts';
import { Journal } from './journal.ts';
import { keyLogLine } from './keys.ts';
import { ALERT, ALERT_LEVEL, type AlertName } from './numbers.ts';
import type { DtlsOptions, DtlsWire } from './port.ts';
import type { RandomOctets } from './record/cipher.ts';
import { type DtlsRecord, readRecords } from './record/record.ts';
import type { Tamper } from './record/tamper.ts';
import { AssociationTable, type Entry } from './table.ts';

const MTU = 1200;

/** Puts DTLS above a wire. Throws a TesterError where a connection id length makes no sense. */
export function openDtls(options: DtlsOptions): DtlsWire {
  const { connectionIdLength: length = 0 } = options;
  if (!Number.isInteger(length) || length < 0 || length > 32)
    throw new TesterError('dtls-options', `connectionIdLength: expected 0 to 32 octets, given ${length}`);
  return new Dtls(options);
}

/** Joins the pure parts: table, greeter, associations, with the wire below, timers and listeners. */
class Dtls implements DtlsWire {
  readonly secure = true;
  readonly local: Peer;
  private readonly options: DtlsOptions;
  private readonly random: RandomOctets;
  private readonly journal: Journal;
  private readonly clock: Clock;
  private readonly greeter: Greeter;
  private readonly table = new AssociationTable();
  private readonly receivers = new Set<(data: Buffer, from: Peer, n: number) => void>();
  private readonly secureListeners = new Set<(info: AssociationInfo) => void>();
  private readonly failureListeners = new Set<(error: BenchError, peer: Peer) => void>();
  private readonly closedListeners = new Set<(peer: Peer) => void>();
  private readonly stopBelow: () => void;
  private credentials: ServerCredentials | undefined;
  private rows: readonly Tamper[];

  constructor(options: DtlsOptions) {
    this.options = options;
    this.local = options.wire.local;
    this.clock = options.clock ?? systemClock;
    this.journal = new Journal(options.sink, options.channel, this.local);
    this.serve(options.server);
    this.random = options.random ?? randomBytes;
    this.rows = options.tamper ?? [];
    this.greeter = new Greeter(this.random(32), options.cookies ?? true);
    this.stopBelow = options.wire.onReceive((data, from, n) => this.receive(data, from, n));
  }

  serve(credentials: ServerCredentials | undefined): void {
    if (credentials !== undefined) serverSuites(credentials);
    this.credentials = credentials;
  }

  association(peer: Peer): AssociationInfo | undefined {
    const entry = this.table.at(peer);
    return entry === undefined ? undefined : infoOf(entry);
  }

  onReceive(listener: (data: Buffer, from: Peer, n: number) => void): () => void {
    this.receivers.add(listener);
    return () => this.receivers.delete(listener);
  }

  onSecure(listener: (info: AssociationInfo) => void): () => void {
    this.secureListeners.add(listener);
    return () => this.secureListeners.delete(listener);
  }

  onFailure(listener: (error: BenchError, peer: Peer) => void): () => void {
    this.failureListeners.add(listener);
    return () => this.failureListeners.delete(listener);
  }

  onClosed(listener: (peer: Peer) => void): () => void {
    this.closedListeners.add(listener);
    return () => this.closedListeners.delete(listener);
  }

  tamper(rows: readonly Tamper[]): void {
    this.rows = rows;
    for (const { association } of this.table.all()) association.tamper(rows);
  }

  async connect(
    peer: Peer,
    credentials: ClientCredentials,
    timing: Partial<HandshakeTiming> = {},
  ): Promise<AssociationInfo> {
    const settings = this.helloSettings();
    const machine = new ClientHandshake(credentials, settings);
    const entry = await new Promise<Entry>((resolve, reject) => {
      this.begin(machine, peer, settings, { timing, firstMessage: 0, firstSequence: 0, settle: { resolve, reject } });
    });
    return infoOf(entry);
  }

  /** Fresh for every handshake: each has a connection id of its own. */
  private helloSettings(): HelloSettings {
    const { extendedMasterSecret = true, secureRenegotiation = true, today = () => new Date() } = this.options;
    return { random: this.random, extendedMasterSecret, secureRenegotiation, today, ownCid: this.newCid() };
  }

  /** A connection id that no association of this port has; all have the same length, or records could not be cut. */
  private newCid(): Buffer | undefined {
    const { connectionIdLength: length } = this.options;
    if (length === undefined || length === 0) return length === undefined ? undefined : Buffer.alloc(0);
    for (;;) {
      const cid = this.random(length);
      if (!this.table.hasCid(cid)) return cid;
    }
  }

  /** Puts an association into the table and sets it going. */
  private begin(
    machine: HandshakeMachine,
    peer: Peer,
    settings: HelloSettings,
    start: {
      timing: Partial<HandshakeTiming>;
      firstMessage: number;
      firstSequence: number;
      settle?: NonNullable<Entry['settle']>;
      via?: number;
    },
  ): void {
    const { mtu = MTU, replayWindow = true } = this.options;
    const { firstMessage, firstSequence, settle, via } = start;
    const ownCid = settings.ownCid ?? Buffer.alloc(0);
    const timing = { ...HANDSHAKE_TIMING, ...this.options.timing, ...start.timing };
    const association = new Association(
      {
        machine,
        peer: printPeer(peer),
        timing,
        mtu,
        firstMessage,
        firstSequence,
        ownCid,
        replayWindow,
        random: this.random,
        tamper: this.rows,
      },
      this.clock.now(),
    );
    const entry: Entry = { association, machine, peer, ownCid, ...(settle === undefined ? {} : { settle }) };
    const aside = this.table.begin(entry);
    if (aside !== undefined) this.discard(aside, 'another handshake with the same peer began');
    this.journal.tell('dtls.start', peer, { role: machine.role }, via);
    association.start(this.clock.now());
    this.perform(entry, via);
  }

  /** An entry that the table let go; who waits for it is told. */
  private discard(entry: Entry, why: string): void {
    entry.disarm?.();
    entry.settle?.reject(
      new BenchError('dtls-discarded', `DTLS handshake: ${why}`, {
        place: { where: `coaps ${printPeer(entry.peer)}` },
      }),
    );
  }

  async send(data: Uint8Array, to: Peer, via?: number): Promise<void> {
    const entry = this.table.at(to);
    if (entry === undefined)
      throw new BenchError('dtls-no-association', 'there is no DTLS association to send on', {
        place: { where: `coaps ${printPeer(to)}` },
      });
    const n = this.journal.datagram('out', data, to, via);
    entry.association.send(Buffer.from(data));
    await this.carryOut(entry, n);
  }

  /** A datagram from below: every record in it is looked at by itself, as one datagram may hold those of two associations. */
  private receive(datagram: Buffer, from: Peer, n: number): void {
    const { records, problem } = readRecords(datagram, this.options.connectionIdLength ?? 0);
    for (const record of records) {
      const dropped = holdsClientHello(record) ? this.meet(record, from, n) : this.route(record, from, n);
      if (dropped !== undefined) this.tellDropped(record, dropped, from, n);
    }
    if (problem !== undefined) this.journal.tell('dtls.dropped', from, { reason: problem }, n, 'in');
  }

  private tellDropped({ content, epoch, sequence }: DtlsRecord, reason: string, from: Peer, n: number): void {
    this.journal.tell('dtls.dropped', from, { reason, content, epoch, sequence }, n, 'in');
  }

  /** Offers a record to the associations it may belong to; returns why none took it. */
  private route(record: DtlsRecord, from: Peer, n: number): string | undefined {
    const problems: string[] = [];
    for (const entry of this.table.candidates(record, from)) {
      const receipt = entry.association.receive(record, this.clock.now());
      if (receipt.taken && receipt.newest && record.cid !== undefined) this.follow(entry, from, n);
      this.perform(entry, n);
      if (receipt.taken) return undefined;
      problems.push(receipt.problem);
    }
    return problems.length === 0 ? 'no association' : problems.join('; ');
  }

  /** A peer known by its connection id is answered where it was heard last: RFC 9146 6. */
  private follow(entry: Entry, from: Peer, n: number): void {
    if (peerKey(entry.peer) === peerKey(from) || !entry.association.isOpen) return;
    this.journal.tell('dtls.moved', from, { before: printPeer(entry.peer) }, n);
    const former = this.table.move(entry, from);
    if (former !== undefined) this.discard(former, 'another peer moved to its address');
  }

  /** A ClientHello: the greeter decides; returns why it was dropped. */
  private meet(record: DtlsRecord, from: Peer, n: number): string | undefined {
    if (this.credentials === undefined) return 'ClientHello, and no client may come in';
    const greeting = this.greeter.greet(record, from);
    switch (greeting.do) {
      case 'answer':
        this.options.wire.send(greeting.datagram, from).catch(() => undefined);
        return undefined;
      case 'wait':
        return undefined;
      case 'drop':
        return greeting.problem;
      case 'accept':
        return this.accept(greeting, this.credentials, record, from, n);
    }
  }

  /** A hello with the right cookie: a repeated one goes to the handshake it began, a new one begins another. */
  private accept(
    { hello, random, sequence }: Extract<Greeting, { do: 'accept' }>,
    credentials: ServerCredentials,
    record: DtlsRecord,
    from: Peer,
    n: number,
  ): string | undefined {
    const known = [this.table.pendingAt('server', from), this.table.at(from)];
    if (known.some((entry) => entry?.machine.clientRandom.equals(random))) return this.route(record, from, n);
    const settings = this.helloSettings();
    const lookup = (identity: Buffer): Uint8Array | undefined => credentials.psk?.(identity, from);
    const machine = new ServerHandshake(hello, credentials, lookup, settings);
    this.begin(machine, from, settings, {
      timing: {},
      firstMessage: hello.number + 1,
      firstSequence: sequence,
      via: n,
    });
    return undefined;
  }

  /** Carries out effects where nobody waits: what cannot be sent ends a handshake. */
  private perform(entry: Entry, via?: number): void {
    this.carryOut(entry, via).catch((e: unknown) => {
      if (entry.association.isOpen || entry.association.isOver) return;
      entry.association.end(e instanceof BenchError ? e : new BenchError('dtls-send', messageOf(e), { cause: e }));
      this.perform(entry);
    });
  }

  /** Carries out all effects in their order, arms the timer, and waits until everything was handed to the wire below. */
  private async carryOut(entry: Entry, via?: number): Promise<void> {
    const sends: Promise<void>[] = [];
    for (const effect of entry.association.drain()) {
      if (effect.do === 'send') sends.push(this.options.wire.send(effect.datagram, entry.peer, via));
      else this.react(entry, effect, via);
    }
    this.arm(entry);
    await Promise.all(sends);
  }

  /** Everything but sending. */
  private react(entry: Entry, effect: Exclude<Effect, { do: 'send' }>, via: number | undefined): void {
    const { peer } = entry;
    switch (effect.do) {
      case 'deliver': {
        const n = this.journal.datagram('in', effect.data, peer, via);
        for (const listener of this.receivers) listener(effect.data, peer, n);
        break;
      }
      case 'tell':
        this.journal.tell(effect.type, peer, effect.data, via, effect.dir);
        break;
      case 'secure':
        this.finished(entry, effect, via);
        break;
      case 'end':
        this.ended(entry, effect.error, via);
        break;
    }
  }

  /** The handshake is done: the new association takes the place of the old one. */
  private finished(entry: Entry, done: Extract<Effect, { do: 'secure' }>, via: number | undefined): void {
    entry.negotiated = done.negotiated;
    entry.repeats = done.repeats;
    entry.tookMs = done.tookMs;
    const former = this.table.finish(entry);
    if (former !== undefined) {
      former.disarm?.();
      this.journal.tell('dtls.replaced', entry.peer, {}, via);
    }
    this.options.keyLog?.(keyLogLine(done.negotiated.randoms, done.negotiated.masterSecret));
    const info = infoOf(entry);
    this.journal.tell('dtls.secure', entry.peer, describe(info), via);
    entry.settle?.resolve(entry);
    for (const listener of this.secureListeners) listener(info);
  }

  /** The association is over: out of the table, and everyone concerned is told. */
  private ended(entry: Entry, error: BenchError | undefined, via: number | undefined): void {
    this.table.remove(entry);
    const { peer } = entry;
    if (error === undefined) {
      this.journal.tell('dtls.closed', peer, {}, via);
      if (entry.negotiated !== undefined) for (const listener of this.closedListeners) listener(peer);
    } else {
      this.journal.tell('dtls.failed', peer, { code: error.code, message: error.message }, via);
      for (const listener of this.failureListeners) listener(error, peer);
    }
    entry.settle?.reject(error ?? new BenchError('dtls-closed', 'the association was closed during the handshake'));
  }

  /** One timer per association, set anew after everything that happens to it. */
  private arm(entry: Entry): void {
    entry.disarm?.();
    const { dueMs } = entry.association;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    entry.disarm = this.clock.after(dueMs - this.clock.now(), () => {
      entry.association.tick(this.clock.now());
      this.perform(entry);
    });
  }

  async disconnect(peer: Peer): Promise<void> {
    const entry = this.table.at(peer);
    if (entry === undefined) return;
    entry.association.alert(ALERT_LEVEL.warning, ALERT.close_notify);
    entry.association.end();
    await this.carryOut(entry);
  }

  forget(peer: Peer): void {
    const entry = this.table.at(peer);
    if (entry === undefined) return;
    entry.association.end();
    this.perform(entry);
  }

  async alert(peer: Peer, level: keyof typeof ALERT_LEVEL, description: AlertName): Promise<void> {
    const entry = this.table.pendingAt('server', peer) ?? this.table.pendingAt('client', peer) ?? this.table.at(peer);
    if (entry === undefined)
      throw new BenchError('dtls-no-association', 'there is no DTLS association to send an alert on', {
        place: { where: `coaps ${printPeer(peer)}` },
      });
    entry.association.alert(ALERT_LEVEL[level], ALERT[description]);
    await this.carryOut(entry);
  }

  async close(): Promise<void> {
    for (const entry of this.table.all()) {
      if (entry.association.isOpen) await this.disconnect(entry.peer).catch(() => undefined);
      else {
        entry.association.end(new BenchError('dtls-closed', 'the port was closed during the handshake'));
        this.perform(entry);
      }
    }
    this.stopBelow();
    this.receivers.clear();
    await this.options.wire.close();
  }
}
