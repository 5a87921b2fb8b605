import type { BenchError } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import type { Peer, Wire } from '../wire.ts';
import type { Clock } from './clock.ts';
import type { ClientCredentials, ServerCredentials } from './credentials.ts';
import type { HandshakeTiming } from './handshake/timer.ts';
import type { AssociationInfo } from './info.ts';
import type { ALERT_LEVEL, AlertName } from './numbers.ts';
import type { RandomOctets } from './record/cipher.ts';
import type { Tamper } from './record/tamper.ts';

export interface DtlsOptions {
  /** The datagrams below; give it a channel of its own, so that what is in clear and what is not lie apart. Closed together with this wire. */
  readonly wire: Wire;
  readonly sink: EventSink;
  /** Channel of the events: `datagram` in clear, and `dtls.*`. */
  readonly channel: string;
  /** Who may come in; nobody unless told. */
  readonly server?: ServerCredentials;
  /** Octets of the connection ids handed out; 0 takes the peer's and wants none; left out, none are negotiated. */
  readonly connectionIdLength?: number;
  readonly timing?: Partial<HandshakeTiming>;
  /** Off: clients are met without HelloVerifyRequest. */
  readonly cookies?: boolean;
  /** Off: repeated records are delivered. */
  readonly replayWindow?: boolean;
  readonly extendedMasterSecret?: boolean;
  readonly secureRenegotiation?: boolean;
  /** Largest datagram of a flight in octets, 1200 unless told. */
  readonly mtu?: number;
  readonly tamper?: readonly Tamper[];
  /** Gets one line per association for protocol analysers. It holds the master secret: keep it with the private files of a run. */
  readonly keyLog?: (line: string) => void;
  readonly random?: RandomOctets;
  readonly today?: () => Date;
  readonly clock?: Clock;
}

/** A port that speaks DTLS 1.2, client and server at once. It is a test instrument and protects nothing but a bench. */
export interface DtlsWire extends Wire {
  readonly secure: true;
  /**
   * Makes an association as client; beside an open one it is a new handshake that replaces it when finished. Rejects
   * with a BenchError that says what is missing after the deadline, or which alert came.
   */
  connect(peer: Peer, credentials: ClientCredentials, timing?: Partial<HandshakeTiming>): Promise<AssociationInfo>;
  /** From now on these clients may come in; undefined: their hellos are dropped. Throws a TesterError for a suite without its credentials. */
  serve(credentials: ServerCredentials | undefined): void;
  /** The open association with a peer. */
  association(peer: Peer): AssociationInfo | undefined;
  /** Calls the listener for every finished handshake, of either role. Returns the call that stops it. */
  onSecure(listener: (info: AssociationInfo) => void): () => void;
  /** Calls the listener for every association, open or not yet, that an error ended. Returns the call that stops it. */
  onFailure(listener: (error: BenchError, peer: Peer) => void): () => void;
  /** Calls the listener for every finished association that either end closed, or that was forgotten. Returns the call that stops it. */
  onClosed(listener: (peer: Peer) => void): () => void;
  /** Ends the association with close_notify. */
  disconnect(peer: Peer): Promise<void>;
  /** Ends the association without a word, as a device that loses power does. */
  forget(peer: Peer): void;
  /** Sends any alert to a peer, within the association or a handshake; ends nothing here. */
  alert(peer: Peer, level: keyof typeof ALERT_LEVEL, description: AlertName): Promise<void>;
  /** From now on these rows are applied to what goes out, counted anew in every association; none: no more. */
  tamper(rows: readonly Tamper[]): void;
}
