import { BenchError } from '../../core/errors.ts';
import { ALERT, type AlertName } from './numbers.ts';

/** A handshake that cannot go on: what to tell the user, and the alert to tell the peer. */
export class HandshakeError extends BenchError {
  /** Number of the alert that goes to the peer. */
  readonly alert: number;

  constructor(alert: AlertName, message: string, cause?: unknown) {
    super('dtls-handshake', message, { cause });
    this.alert = ALERT[alert];
  }
}
