import { randomInt } from 'node:crypto';
import type { OwnCertificate, ServerCredentials } from '../../../link/dtls/credentials.ts';
import type { AssociationInfo } from '../../../link/dtls/info.ts';
import type { DtlsWire } from '../../../link/dtls/port.ts';
import { SUITES } from '../../../link/dtls/suites.ts';
import { type Peer, peerKey } from '../../../link/wire.ts';
import type { Session } from './access.ts';
import { PIN_IDENTITY, pinKey, uuidOctets, uuidText } from './keys.ts';
import type { Ownership } from './ownership.ts';
import { METHODS, type MethodName } from './states.ts';

export interface SessionParts {
  readonly dtls: DtlsWire;
  readonly method: MethodName;
  readonly ownership: () => Ownership;
  readonly deviceId: () => string;
  /** The one PIN of a device that has it printed on its case; empty: a new one for each transfer. */
  readonly fixedPin: string;
  /** What the device shows when the transfer is by certificate. */
  readonly certificate?: OwnCertificate;
  /** Shows the PIN. */
  readonly say: (line: string) => void;
  /** The onboarding association is there, and is over. */
  readonly began: () => void;
  readonly ended: () => void;
}

const NORMAL = 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256';
const ANONYMOUS = 'TLS_ECDH_anon_WITH_AES_128_CBC_SHA256';
const SIGNED = 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8';

/** Who is connected securely, and who may come in. */
export class Sessions {
  /** Shown to the one who wants to own the device; undefined until the method was chosen. */
  pin: string | undefined;
  /** Off the net: nobody may come in. */
  muted = false;
  private readonly parts: SessionParts;
  private onboarding: AssociationInfo | undefined;
  private readonly peers = new Map<string, Peer>();
  private readonly stops: readonly (() => void)[];

  constructor(parts: SessionParts) {
    this.parts = parts;
    const { dtls } = parts;
    this.stops = [
      dtls.onSecure((info) => this.came(info)),
      dtls.onClosed((peer) => this.left(peer)),
      dtls.onFailure((_, peer) => this.left(peer)),
    ];
    this.admit();
  }

  /** An owner is being made. */
  get busy(): boolean {
    return this.onboarding !== undefined;
  }

  /** Who sends from there over the secure port. */
  of(peer: Peer): Session {
    const info = this.parts.dtls.association(peer);
    if (info === undefined) return { kind: 'clear' };
    if (!this.isOnboarding(info)) return { kind: 'peer', uuid: uuidText(info.pskIdentity ?? Buffer.alloc(16)) };
    const { dos, devowneruuid } = this.parts.ownership();
    if (dos !== 'RFOTM') return { kind: 'peer', uuid: devowneruuid };
    return { kind: 'onboarding', keyBlock: () => info.exportKeyBlock() };
  }

  /** A method was chosen: by PIN a new one is shown. */
  chosen(): void {
    const { method, fixedPin, say } = this.parts;
    if (method === 'pin') {
      this.pin = fixedPin === '' ? String(randomInt(100_000_000)).padStart(8, '0') : fixedPin;
      say(`PIN ${this.pin}`);
    }
    this.admit();
  }

  /** From now on those may come in whom the present state lets in. */
  admit(): void {
    this.parts.dtls.serve(this.credentials());
  }

  /** Ends all associations: without a word, as a restart does, or with one. */
  clear(goodbye: boolean): void {
    const { dtls } = this.parts;
    const peers = [...this.peers.values()];
    this.onboarding = undefined;
    this.pin = undefined;
    for (const peer of peers)
      if (goodbye) void dtls.disconnect(peer).catch(() => undefined);
      else dtls.forget(peer);
    this.admit();
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.parts.dtls.serve(undefined);
  }

  private credentials(): ServerCredentials | undefined {
    const { method, ownership, deviceId, certificate } = this.parts;
    const { dos, oxmsel, creds } = ownership();
    const hint = uuidOctets(deviceId());
    if (dos === 'RESET' || this.muted) return undefined;
    if (dos !== 'RFOTM') {
      const known = new Map(creds.map(({ subjectuuid, key }) => [subjectuuid, Buffer.from(key, 'hex')]));
      return { suites: [NORMAL], psk: (identity) => known.get(uuidText(identity)), pskHint: hint };
    }
    if (oxmsel !== METHODS[method].oxm || this.busy) return undefined;
    switch (method) {
      case 'justworks':
        return { suites: [ANONYMOUS] };
      case 'pin': {
        const { pin } = this;
        if (pin === undefined) return undefined;
        const lookup = (identity: Buffer) =>
          identity.toString('latin1') === PIN_IDENTITY ? pinKey(pin, deviceId()) : undefined;
        return { suites: [NORMAL], psk: lookup, pskHint: Buffer.concat([Buffer.from(`${PIN_IDENTITY}:`), hint]) };
      }
      case 'cert':
        return certificate === undefined ? undefined : { suites: [SIGNED], certificate };
    }
  }

  private came(info: AssociationInfo): void {
    this.peers.set(peerKey(info.peer), info.peer);
    if (!this.isOnboarding(info)) return;
    // Two may have been on their way at once: the first one is it.
    if (this.onboarding !== undefined) return this.parts.dtls.forget(info.peer);
    this.onboarding = info;
    this.parts.began();
    this.admit();
  }

  private left(peer: Peer): void {
    this.peers.delete(peerKey(peer));
    if (this.onboarding === undefined || peerKey(this.onboarding.peer) !== peerKey(peer)) return;
    this.onboarding = undefined;
    this.parts.ended();
    this.admit();
  }

  private isOnboarding({ suite, pskIdentity }: AssociationInfo): boolean {
    return SUITES[suite].keyExchange !== 'ecdhe_psk' || pskIdentity?.toString('latin1') === PIN_IDENTITY;
  }
}
